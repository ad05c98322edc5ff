from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning import batches
from provisioning import secrets as sealing
from provisioning.batches import Wish
from provisioning.ledger import WITH_SECRET
from provisioning.models import Action, Batch, Domain, Mailbox, Package
from provisioning.operations import OPERATIONS
from provisioning.operations.rules import sold_on
from provisioning.services.common import Refused, ask_for
from provisioning.synaq import wire
from provisioning.synaq.editions import truth

_NAMES = ("first_name", "last_name", "display_name")
_CURRENT_FIELDS = {"description": "", "admin": False, "hide_in_gal": False}


def create_mailbox(
    domain: Domain,
    *,
    by: Any,
    details: Mapping[str, Any],
    password: str,
    at_once: bool,
    submission: uuid.UUID,
) -> Action:
    """Make a mailbox. `details`: `email_local`, `last_name`, optionally `first_name`, `display_name`,
    `package_edition_code`; blanks are left out. `at_once` provisions it too. The password is hashed here where the
    dialect takes a hash, else sealed until it is sent."""
    email = f"{details['email_local']}@{domain.name}"
    if Mailbox.objects.filter(domain=domain, email__iexact=email, gone_at=None).exists():
        raise Refused(f"{email} exists already.")
    return ask_for(
        "mailbox.create",
        domain,
        by=by,
        submission=submission,
        title=email,
        creates=email,
        payload=_creation(details, at_once),
        secrets=_secret(domain.connection.is_legacy, password),
    )


def wish_for_mailbox(domain: Domain, *, details: Mapping[str, Any], password: str, at_once: bool) -> Wish:
    """The same as a step of a batch; what exists already SYNAQ refuses."""
    sealed = sealing.seal(_secret(domain.connection.is_legacy, password))
    email = f"{details['email_local']}@{domain.name}"
    return Wish(
        "mailbox.create", domain.kind, domain.guid, email, payload=_creation(details, at_once), sealed=sealed
    )


def _creation(details: Mapping[str, Any], at_once: bool) -> dict[str, Any]:
    given = {key: value for key, value in details.items() if value}
    return {**given, "provision_immediately": True} if at_once else given


def change_state(
    mailbox: Mailbox, operation: str, *, by: Any, submission: uuid.UUID, reason: str = ""
) -> Action:
    """Provision, suspend, close, activate or unlock: any operation of the table that is a bare action on a mailbox."""
    return ask_for(operation, mailbox, by=by, submission=submission, reason=reason)


def _secret(legacy: bool, password: str) -> dict[str, str]:
    """A password as it waits to be sent: where the dialect takes a hash, the plain text ends here."""
    if not password:
        return {}
    return {"password": password} if legacy else {"ssha_password": wire.ssha_password(password)}


def editable_fields(mailbox: Mailbox) -> dict[str, Any]:
    """What may be changed of the mailbox, by its name on the wire, with the present values: the documented fields of
    the dialect, and any plain field that SYNAQ's answer shows besides (such as a forwarding address)."""
    fields: dict[str, Any] = {name: getattr(mailbox, name) for name in _NAMES}
    raw = dict(mailbox.raw) if isinstance(mailbox.raw, Mapping) else {}
    if not mailbox.connection.is_legacy:
        fields |= _CURRENT_FIELDS
        raw |= {
            name: truth(raw[name])
            for name, usual in _CURRENT_FIELDS.items()
            if usual is False and name in raw
        }
    shown = {key: value for key, value in raw.items() if key not in _NAMES and _is_plain(key, value)}
    return {**fields, **{key: "" if value is None else value for key, value in shown.items()}}


def _is_plain(key: str, value: Any) -> bool:
    return wire.may_be_edited(key) and (isinstance(value, str | bool) or (value is None and "forward" in key))


def update_mailbox(
    mailbox: Mailbox, *, by: Any, changes: Mapping[str, Any], password: str = "", submission: uuid.UUID
) -> Action:
    """Send what changes of `editable_fields`, and a new password if there is one. What is as it was is left out."""
    present = editable_fields(mailbox)
    unknown = sorted(set(changes) - set(present))
    if unknown:
        raise Refused(f"SYNAQ names no such field: {', '.join(unknown)}.")
    sent = {name: value for name, value in changes.items() if value != present[name]}
    if not sent and not password:
        raise Refused("Nothing was changed.")
    payload: dict[str, Any] = {"changes": sent, "shown": sorted(set(sent) & set(present))}
    if password:
        payload[WITH_SECRET] = True
    secrets = _secret(mailbox.connection.is_legacy, password)
    return ask_for("mailbox.update", mailbox, by=by, submission=submission, payload=payload, secrets=secrets)


def change_edition(
    mailbox: Mailbox, package: Package, code: str, *, by: Any, submission: uuid.UUID, reason: str = ""
) -> Action:
    """Give the mailbox another edition of a package that its domain is on."""
    if not sold_on(mailbox.domain).filter(pk=package.pk).exists():
        raise Refused("The mailbox is not on that package.")
    if not package.editions.filter(code=code).exists():
        raise Refused("That is not an edition of the package.")
    if mailbox.edition_code == code:
        raise Refused("It has that edition already.")
    payload = {"package": package.guid, "code": code}
    return ask_for(
        "mailbox.change_edition", mailbox, by=by, submission=submission, payload=payload, reason=reason
    )


def delete_mailbox(mailbox: Mailbox, *, by: Any, submission: uuid.UUID, reason: str = "") -> Action:
    """Remove the mailbox and all its mail, for good."""
    return ask_for("mailbox.delete", mailbox, by=by, submission=submission, reason=reason)


def unlock(mailbox: Mailbox, *, by: Any, password: str, submission: uuid.UUID, reason: str = "") -> Batch:
    """The way out of a lock: the new password, if there is one, then Unlock. Without one it is soon locked again."""
    same = Batch.objects.filter(submission=submission).first()
    if same:
        return same
    why_not = OPERATIONS["mailbox.unlock"].why_not(mailbox, mailbox.connection.dialect)
    if why_not:
        raise Refused(why_not)
    about = (mailbox.kind, mailbox.guid, str(mailbox))
    wishes = [Wish("mailbox.unlock", *about, rank=1)]
    if password:
        sealed = sealing.seal(_secret(mailbox.connection.is_legacy, password))
        wishes.insert(
            0, Wish("mailbox.update", *about, payload={"changes": {}, WITH_SECRET: True}, sealed=sealed)
        )
    return batches.start(
        "unlock", f"Unlock {mailbox}", mailbox.ou, wishes, by=by, submission=submission, reason=reason,
        target=mailbox,
    )  # fmt: skip


def locked_again(mailbox: Mailbox) -> Action | None:
    """The finished Unlock after which SYNAQ has locked it again, if that is so."""
    return unlocks_before([mailbox]).get(mailbox.guid)


def unlocks_before(mailboxes: Iterable[Mailbox]) -> dict[str, Action]:
    """The same for many, by GUID; those that are not locked, or not again, are left out. One query, or none."""
    locked = {mailbox.guid: mailbox for mailbox in mailboxes if mailbox.account_locked}
    unlocks = Action.objects.filter(
        kind="mailbox", guid__in=locked, operation="mailbox.unlock", state=Action.State.FINISHED
    )
    found = {}
    for action in unlocks.order_by("id"):
        mailbox, ended = locked[action.guid], action.ended_at
        if action.connection_id == mailbox.connection_id and ended and ended <= mailbox.as_at:
            found[action.guid] = action
    return found
