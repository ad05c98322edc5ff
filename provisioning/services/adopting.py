"""What SYNAQ has already, taken into the mirror because a person asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from provisioning import adopting, audit
from provisioning.adopting import Wanted, left
from provisioning.models import Connection
from provisioning.roots import make_root

__all__ = ["Wanted", "go_through", "left", "name"]


@transaction.atomic
def go_through(connection: Connection, *, by: Any) -> bool:
    """Have all lists gone through. False: the dialect has none."""
    begun = adopting.begin(connection)
    if begun:
        text = "What SYNAQ has is to be taken in, by its lists."
        audit.record("connection", by=by, ou=make_root(connection), thing=connection, text=text)
    return begun


@transaction.atomic
def name(connection: Connection, wanted: Sequence[Wanted], *, by: Any) -> int:
    """Have the things taken in that are named by their GUIDs. Returns how many are new, or tried anew."""
    count = adopting.name(connection, wanted, by=by)
    if count:
        text = f"{count:,} things are to be taken in by their GUIDs."
        audit.record("connection", by=by, ou=make_root(connection), thing=connection, text=text)
    return count
