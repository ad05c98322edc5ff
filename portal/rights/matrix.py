"""Roles beside what they may do: the permissions, and what follows from them for the operations table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from portal import roles
from portal.roles import Role
from provisioning.operations import TABLE

_NOUNS = {"ou": "Companies and resellers", "package": "Packages", "domain": "Domains", "mailbox": "Mailboxes"}


def permissions(shown: Sequence[Role]) -> list[dict[str, Any]]:
    """Groups of permissions, each with a tick or none for each role."""
    grouped = groupby(roles.PERMISSIONS.values(), key=lambda permission: permission.group)
    return [
        {
            "title": group,
            "lines": [{"label": one.label, "cells": _cells(shown, {one.name})} for one in members],
        }
        for group, members in grouped
    ]


def operations(shown: Sequence[Role]) -> list[dict[str, Any]]:
    """Which role may ask for which operation: derived from the table of operations."""
    return [
        {
            "title": title,
            "lines": [
                {
                    "label": row.label,
                    "billable": row.billable,
                    "cells": _cells(shown, {row.permission, *([roles.BILLABLE] if row.billable else [])}),
                }
                for row in TABLE
                if (row.makes or row.kind) == kind
            ],
        }
        for kind, title in _NOUNS.items()
    ]


def _cells(shown: Iterable[Role], needed: set[str]) -> list[dict[str, Any]]:
    return [{"role": role.label, "yes": needed <= role.permissions} for role in shown]
