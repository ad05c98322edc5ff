"""What of the viewer's scope is on staging, so that every page can say so."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access
from provisioning.models import OU, Connection

_NAMES = ("mailbox", "domain", "package", "ou", "action", "batch")  # what views call the object of a page


def connections(request: HttpRequest) -> frozenset[int]:
    """Connections of the viewer's scope that are on staging; asked once a request."""
    found: frozenset[int] | None = getattr(request, "_staging", None)
    if found is None:
        roots = {int(path.partition(".")[0]) for path, _, _ in access.grants(request).rows}
        rows = OU.objects.filter(pk__in=roots, connection__stage=Connection.Stage.STAGING)
        found = frozenset(rows.values_list("connection_id", flat=True))
        request._staging = found  # type: ignore[attr-defined]
    return found


def is_about(request: HttpRequest, context: Any) -> bool:
    """Whether the page is about an object of a staging connection."""
    on = connections(request)
    return bool(on) and any(_connection(context.get(name)) in on for name in _NAMES)


def _connection(thing: Any) -> int | None:
    found = getattr(thing, "connection_id", None) or getattr(
        getattr(thing, "ou", None), "connection_id", None
    )
    return found if isinstance(found, int) else None
