"""The wire's own names, the bodies built from them, and what must be hidden of them.

Only fields that the documents name are ever sent; anything else is refused here, unsent.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from provisioning.synaq import dialects
from provisioning.synaq.dialects import Dialect

MASK = "••••••••"

VAT_NUMBER = "vat_numer"  # sic: both generations of the document spell it so

OU_FIELDS = ("title", "client_ref", "phone_number", VAT_NUMBER, "physical_address")
_ADDRESS_FIELD = re.compile(r"line_[1-9]|city|postal_code|country")

MAILBOX_FIELDS = ("password", "first_name", "last_name", "display_name")
MAILBOX_CREATION = ("email_local", "package_edition_code", "provision_immediately")
MAILBOX_CURRENT = ("ssha_password", "description", "admin", "hide_in_gal")

# What a mailbox's answer shows and nobody edits: names, places, states, locks, times, measures.
_NEVER_EDITED = re.compile(
    r"guid|uuid|id|email|email_local|state|status|type|code|domain.*|.*package.*|.*edition.*|alias.*|.*lock.*|.*_at"
    r"|created.*|updated.*|.*_(date|time|size|count|usage|id|guid)|quota.*|_.*|links?",
    re.IGNORECASE,
)

# Where a domain exposes both of a pair, both must be sent alike.
FIELD_PAIRS = (("smtp_username", "username"), ("smtp_password", "password"))

_SECRET = re.compile(r"(password|passwd|secret|api[_-]?key|authentication_token)$", re.IGNORECASE)


def ssha_password(password: str, salt: bytes | None = None) -> str:
    """`{SSHA256}` + base64(sha256(password + salt) + salt), with four random salt bytes."""
    salt = os.urandom(4) if salt is None else salt
    digest = hashlib.sha256(password.encode() + salt).digest()
    return "{SSHA256}" + base64.b64encode(digest + salt).decode()


def ou_body(ou: Mapping[str, Any]) -> dict[str, Any]:
    """`{"ou": …}` from title, client_ref, phone_number, vat_number and physical_address."""
    named = {VAT_NUMBER if key == "vat_number" else key: value for key, value in ou.items()}
    refuse_unnamed("OU", named, OU_FIELDS)
    address = named.get("physical_address")
    if isinstance(address, Mapping):
        refuse_unnamed("address", address, [key for key in address if _ADDRESS_FIELD.fullmatch(key)])
        named["physical_address"] = dict(address)
    return {"ou": named}


def new_ou_body(ou: Mapping[str, Any]) -> dict[str, Any]:
    """`ou_body` without what was left empty: every field left out is an optional one or SYNAQ's to refuse."""
    filled = {key: value for key, value in ou.items() if not _is_empty(value)}
    if isinstance(filled.get("physical_address"), Mapping):
        address = filled["physical_address"]
        filled["physical_address"] = {key: value for key, value in address.items() if not _is_empty(value)}
    return ou_body(filled)


def new_package_body(
    dialect: Dialect,
    code: str,
    editions: Collection[str],
    *,
    expect_migration: bool,
    expect_domain_move: bool,
) -> dict[str, Any]:
    """`{"package": …}`: with editions on legacy, with the two flags (only where raised) on current."""
    package: dict[str, Any] = {"code": code}
    if dialects.offers(dialect, "packages.create.editions"):
        package["editions"] = [{"code": edition} for edition in editions]
    flags = {"expect_migration": expect_migration, "expect_domain_move": expect_domain_move}
    for flag in (name for name, raised in flags.items() if raised):
        dialects.require(dialect, f"packages.create.{flag}")
        package[flag] = True
    return {"package": package}


def new_domain_body(domain_name: str, *, provision_immediately: bool = False) -> dict[str, Any]:
    """`{"domain": …}`; the flag is sent only where it is raised."""
    domain: dict[str, Any] = {"domain_name": domain_name}
    if provision_immediately:
        domain["provision_immediately"] = True
    return {"domain": domain}


def fields_body(fields: Mapping[str, Any], exposed: Collection[str] | None = None) -> dict[str, Any]:
    """`{"fields": …}` without masked values, and with both of each pair alike where both are exposed.

    `exposed` names what the domain's `fields` show; by default the names in `fields`. Where the two of a pair
    differ, the filled one counts, else the `smtp_` one.
    """
    sent = without_masks(fields)
    known = set(fields) if exposed is None else {*exposed, *fields}
    for newer, older in FIELD_PAIRS:
        if newer in known and older in known and (newer in sent or older in sent):
            sent[newer] = sent[older] = next(
                (sent[name] for name in (newer, older) if not _is_empty(sent.get(name))),
                sent.get(newer, sent.get(older)),
            )
    return {"fields": sent}


def new_mailbox_body(dialect: Dialect, mailbox: Mapping[str, Any]) -> dict[str, Any]:
    """`{"mailbox": …}` of a new mailbox; what is empty is left out, `provision_immediately` unless raised."""
    filled = {key: value for key, value in mailbox.items() if not _is_empty(value)}
    if not filled.get("provision_immediately", True):
        del filled["provision_immediately"]
    refuse_unnamed("mailbox", filled, [*MAILBOX_CREATION, *MAILBOX_FIELDS, *MAILBOX_CURRENT])
    _require_each(dialect, filled)
    return {"mailbox": filled}


def mailbox_changes_body(
    dialect: Dialect, changes: Mapping[str, Any], shown: Collection[str] = ()
) -> dict[str, Any]:
    """`{"mailbox": …}` of only what changes; a masked password is no change. `shown`: names of further fields that
    the mailbox's own answer shows."""
    sent = without_masks(changes)
    refuse_unnamed("mailbox", sent, [*MAILBOX_FIELDS, *MAILBOX_CURRENT, *filter(may_be_edited, shown)])
    _require_each(dialect, sent)
    return {"mailbox": sent}


def action_body(action: str) -> dict[str, Any]:
    """`{"action": {"action": …}}`."""
    return {"action": {"action": action}}


def edition_body(code: str) -> dict[str, Any]:
    """`{"edition": {"code": …}}`."""
    return {"edition": {"code": code}}


def without_masks(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping without values that are only our mask, shown in a form and sent back untouched."""
    return {key: value for key, value in values.items() if value != MASK}


def refuse_unnamed(what: str, given: Mapping[str, Any], named: Collection[str]) -> None:
    """Raise an unsent `SynaqError` if a field is given that the documents do not name."""
    unnamed = sorted(str(key) for key in given if key not in named)
    if unnamed:
        raise dialects.unsupported(f"The SYNAQ API names no {what} field {', '.join(unnamed)}.")


def may_be_edited(name: str) -> bool:
    """Whether a field that a mailbox's answer shows under this name may be sent back changed: the guide speaks of a
    forwarding address and of many other fields without naming them."""
    return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and not (
        _NEVER_EDITED.fullmatch(name) or is_secret(name)
    )


def is_secret(name: object) -> bool:
    """Whether a field of this name holds a password, key or token."""
    return bool(_SECRET.search(str(name)))


def scrub(raw: Any) -> Any:
    """A copy in which every value of a password-like key, at any depth, is the mask; None and "" stay."""
    if isinstance(raw, dict):
        named_secret = is_secret(raw.get("name") or raw.get("field") or "")
        return {key: _scrub_value(key, value, named_secret) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [scrub(item) for item in raw]
    return raw


def secrets_in(payload: Any) -> Iterator[str]:
    """The passwords in a body, so that an error that echoes them can be cleaned."""
    if isinstance(payload, Mapping):
        for key, value in payload.items():
            if is_secret(key) and isinstance(value, str):
                yield value
            else:
                yield from secrets_in(value)
    elif isinstance(payload, list | tuple):
        for item in payload:
            yield from secrets_in(item)


def _scrub_value(key: object, value: Any, named_secret: bool) -> Any:
    if _is_empty(value):
        return value
    if is_secret(key) or (named_secret and key == "value"):
        return MASK
    return scrub(value)


def _require_each(dialect: Dialect, mailbox: Mapping[str, Any]) -> None:
    for key in mailbox:
        dialects.require(dialect, f"mailbox.{key}")


def _is_empty(value: Any) -> bool:
    return value is None or value == ""
