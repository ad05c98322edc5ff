"""What of the viewer's scope is on staging, so that every page can say so."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access
from provisioning.models import OU, Connection

_NAMES = ("mailbox", "domain", "package", "ou", "action", "batch")  # what views call the object of a page


def connections(request: HttpRequest) -> frozenset[int]:
    """Connections of the viewer's scope that are on staging."""
    return frozenset(pk for pk, stage in _stages(request).items() if stage == Connection.Stage.STAGING)


def mixed(request: HttpRequest) -> frozenset[int]:
    """The same where others of the scope are not on staging; none where all are, or nothing is."""
    on = connections(request)
    return on if len(on) < len(_stages(request)) else frozenset()


def _stages(request: HttpRequest) -> dict[int, str]:
    """Each connection of the viewer's scope with its stage; asked once a request."""
    found: dict[int, str] | None = getattr(request, "_stages", None)
    if found is None:
        roots = {int(path.partition(".")[0]) for path, _, _ in access.grants(request).rows}
        found = dict(OU.objects.filter(pk__in=roots).values_list("connection_id", "connection__stage"))
        request._stages = found  # type: ignore[attr-defined]
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
