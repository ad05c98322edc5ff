"""The table of what can be asked for. Menus, checks, confirmations, sending and settling are derived from it."""

from __future__ import annotations

from provisioning.models import Action
from provisioning.operations import sends
from provisioning.operations.base import (
    BOTH,
    KNOWN_STATES,
    NOT_YET_PROVISIONED,
    PROVISIONED,
    Ask,
    Found,
    NotTold,
    Operation,
    Ref,
)
from provisioning.operations.table import TABLE

__all__ = [
    "BOTH",
    "KNOWN_STATES",
    "NOT_YET_PROVISIONED",
    "OPERATIONS",
    "PROVISIONED",
    "TABLE",
    "Ask",
    "Found",
    "NotTold",
    "Operation",
    "Ref",
    "of_kind",
    "operation_of",
]

OPERATIONS = {row.name: row for row in TABLE}


def operation_of(action: Action) -> Operation:
    """The row's operation. One that this version does not know can be followed and settled, but not sent."""
    known = OPERATIONS.get(action.operation)
    if known is not None:
        return known
    name = action.operation
    return Operation(name, name, action.kind, "", "", sends.unknown, makes=action.result_kind)


def of_kind(kind: str) -> list[Operation]:
    """The rows whose target is of that kind, in the table's order."""
    return [row for row in TABLE if row.kind == kind]
