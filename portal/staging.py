"""What of the viewer's scope is on staging, so that every page can say so."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access
from provisioning.models import Connection

_NAMES = ("mailbox", "domain", "package", "ou", "action", "batch")  # what views call the object of a page


def connections(request: HttpRequest) -> frozenset[int]:
    """Connections of the viewer's scope that are on staging."""
    behind = access.connections_behind(request)
    return frozenset(row.pk for row in behind if row.stage == Connection.Stage.STAGING)


def mixed(request: HttpRequest) -> frozenset[int]:
    """The same where others of the scope are not on staging; none where all are, or nothing is. Asked for each row of a
    list: told once a request."""
    found: frozenset[int] | None = getattr(request, "_mixed_stages", None)
    if found is None:
        on = connections(request)
        found = on if len(on) < len(access.connections_behind(request)) else frozenset()
        request._mixed_stages = found  # type: ignore[attr-defined]
    return found


def is_about(request: HttpRequest, context: Any) -> bool:
    """Whether the page is about an object of a staging connection."""
    on = connections(request)
    return bool(on) and any(connection_of(context.get(name)) in on for name in _NAMES)


def connection_of(thing: Any) -> int | None:
    """The connection of a thing of the mirror or the ledger; None for anything else."""
    found = getattr(thing, "connection_id", None) or getattr(
        getattr(thing, "ou", None), "connection_id", None
    )
    return found if isinstance(found, int) else None
