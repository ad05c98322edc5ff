"""The only writer of the audit trail. What is written belongs to the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from provisioning import tallies
from provisioning.models import OU, Action, AuditEntry, Batch

CHANGED = "changed"  # all that is ever said of a secret
YOUNGEST = timedelta(days=365)  # what is younger cannot be pruned: the database's trigger says the same
_LONGEST_VALUE = 2_000  # characters of one old or new value


@dataclass(frozen=True)
class Kind:
    """A kind of entry: its name in the table and its word for people, with the group it is filtered by."""

    name: str
    label: str
    group: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("asked", "Asked for", "Operations"),
        Kind("cancelled", "Cancelled", "Operations"),
        Kind("settled", "Settled by a person", "Operations"),
        Kind("batch", "Batch started", "Operations"),
        Kind("batch_resumed", "Batch resumed", "Operations"),
        Kind("batch_abandoned", "Batch abandoned", "Operations"),
        Kind("scheduled", "Deletion set for a date", "Operations"),
        Kind("schedule_cancelled", "Set deletion cancelled", "Operations"),
        Kind("sign_in", "Signed in", "Sign-in"),
        Kind("sign_in_failed", "Sign-in refused", "Sign-in"),
        Kind("sign_out", "Signed out", "Sign-in"),
        Kind("sessions_ended", "Sessions ended", "Sign-in"),
        Kind("password_changed", "Password changed", "Sign-in"),
        Kind("factor_added", "Second factor added", "Sign-in"),
        Kind("factor_removed", "Second factor removed", "Sign-in"),
        Kind("factor_reset", "Second factor reset by an owner", "Sign-in"),
        Kind("invited", "Invited", "People"),
        Kind("invitation_accepted", "Invitation accepted", "People"),
        Kind("invitation_withdrawn", "Invitation withdrawn", "People"),
        Kind("role_given", "Role given", "People"),
        Kind("role_taken", "Role taken away", "People"),
        Kind("person_left", "Person left", "People"),
        Kind("role_made", "Role made", "People"),
        Kind("role_changed", "Role changed", "People"),
        Kind("acting_began", "Began to look as a customer", "Acting"),
        Kind("acting_ended", "Stopped looking as a customer", "Acting"),
        Kind("month_closed", "Month closed", "Money"),
        Kind("month_adjusted", "Closed month corrected", "Money"),
        Kind("invoice_compared", "Invoice compared with a month", "Money"),
        Kind("exported", "Exported", "Data"),
        Kind("secret_seen", "Secret shown", "Data"),
        Kind("connection", "Connection changed", "Settings"),
        Kind("brand", "Appearance changed", "Settings"),
        Kind("setting", "Setting changed", "Settings"),
    )
}


@dataclass(frozen=True)
class Context:
    """Who stands behind what is being done: set for a request, empty in a worker."""

    acting_as: Any = None
    request_id: str = ""


_context: ContextVar[Context] = ContextVar("audit_context")


def context() -> Context:
    return _context.get(Context())


@contextmanager
def within(**facts: Any) -> Iterator[None]:
    """Entries written inside carry these facts (`acting_as`, `request_id`) besides."""
    token = _context.set(replace(context(), **facts))
    try:
        yield
    finally:
        _context.reset(token)


def record(
    kind: str,
    *,
    by: Any,
    ou: OU | None = None,
    thing: Any = None,
    title: str = "",
    reason: str = "",
    text: str = "",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    action: Action | None = None,
    batch: Batch | None = None,
) -> AuditEntry:
    """One entry. `thing` is what it was done to: a mirror row, a person, a connection … (`kind_of`); `old` and `new` hold
    no secret, only `CHANGED` under its name. Raises KeyError for a kind that KINDS does not have, and PermissionDenied for
    a secret that would be shown to somebody who looks as a customer: it is written down before it is shown."""
    around = context()
    if kind == "secret_seen" and around.acting_as is not None:
        raise PermissionDenied("No secret is shown to whoever looks at the portal as another person.")
    kind_name, guid = kind_of(thing)
    transaction.on_commit(partial(tallies.add, "mailroom_audit_entries", kind=kind))
    return AuditEntry.objects.create(
        kind=KINDS[kind].name,
        by=by if getattr(by, "pk", None) else None,
        acting_as=around.acting_as,
        ou=ou if ou is not None else _ou_of(thing),
        object_kind=kind_name,
        object_guid=guid,
        object_title=(title or (str(thing) if thing is not None else ""))[:330],
        reason=reason,
        text=text,
        old=_short(old),
        new=_short(new),
        action=action,
        batch=batch,
        request_id=around.request_id[:64],
    )


def kind_of(thing: Any) -> tuple[str, str]:
    """("mailbox", its GUID) of a mirror row; ("person", "7") of one of ours; ("", "") of nothing."""
    if thing is None:
        return "", ""
    guid = getattr(thing, "guid", None)
    # its class, not its type: `request.user` is somebody only at the second look
    name = getattr(thing, "kind", None) if guid else None
    return (str(name or thing.__class__.__name__.lower())[:20], str(guid or thing.pk))


def _ou_of(thing: Any) -> OU | None:
    if isinstance(thing, OU):
        return thing
    found = getattr(thing, "ou", None)
    return found if isinstance(found, OU) else None


def _short(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: value[:_LONGEST_VALUE] if isinstance(value, str) else value
        for name, value in (values or {}).items()
    }


@transaction.atomic
def prune(before: datetime) -> int:
    """Remove entries older than `before`; how many. The database refuses younger ones than YOUNGEST."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL mailroom.prune = 'on'")
        removed, _ = AuditEntry.objects.filter(at__lt=before).delete()
        cursor.execute("SET LOCAL mailroom.prune = 'off'")
    return removed
