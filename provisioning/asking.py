"""What asking for anything is: look the operation up, check it against the table, open the ledger row."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from provisioning import ledger
from provisioning.ledger import Refused
from provisioning.models import OU, Action, Batch
from provisioning.operations import OPERATIONS

__all__ = ["Refused", "ask_for"]


def ask_for(
    name: str,
    target: Any,
    *,
    by: Any,
    submission: uuid.UUID,
    title: str = "",
    creates: str = "",
    payload: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    sealed: str = "",
    reason: str = "",
    batch: Batch | None = None,
    priority: int = 0,
) -> Action:
    """Open the row for operation `name` on `target`. `creates` names what will be made, so that two creations of one
    name stand in line while others pass; `sealed` are secrets that were sealed before. Raises Refused, in a sentence,
    when the table forbids it."""
    operation = OPERATIONS[name]
    ou = target if isinstance(target, OU) else target.ou
    known = Action.objects.filter(submission=submission).first()
    if known is not None:
        return known
    why_not = operation.why_not(target, target.connection.dialect)
    if why_not:
        raise Refused(why_not)
    return ledger.open_action(
        ledger.Asked(
            operation=operation,
            connection=target.connection,
            ou=ou,
            guid=target.guid,
            title=title or str(target),
            by=by,
            submission=submission,
            lock_key=f"new {operation.makes}:{target.guid}:{creates.casefold()}" if creates else "",
            payload=payload or {},
            secrets=secrets or {},
            sealed=sealed,
            reason=reason,
            batch=batch,
            priority=priority,
            before=_before(target, {**(payload or {}), **(secrets or {})}),
        )
    )


def _before(target: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What SYNAQ last said of the fields that are to change; it masks what is secret before it is kept."""
    known = _known(target)
    names = [*asked, *(name for value in asked.values() if isinstance(value, dict) for name in value)]
    return {name: known[name] for name in names if name in known}


def _known(target: Any) -> dict[str, Any]:
    """By the names that are asked with: its attributes, a domain's service fields, a mailbox's edition."""
    edition = {"code": target.edition_code} if getattr(target, "edition_code", "") else {}
    parts = (getattr(target, "raw", None), getattr(target, "fields", None), edition)
    return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
