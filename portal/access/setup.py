"""What is set up for a whole reseller: its connections, its look."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from portal import roles
from portal.access.granted import below, grants
from portal.accounts.models import Brand
from provisioning.models import OU, Connection


def connections(request: HttpRequest) -> QuerySet[Connection]:
    """Connections whose reseller the viewer may set up."""
    roots = OU.objects.filter(below(grants(request).paths(roles.CHANGE_CONNECTIONS), ""), parent=None)
    return Connection.objects.filter(pk__in=roots.values("connection"))


def connections_to_watch(request: HttpRequest) -> QuerySet[Connection]:
    """Connections whose doing the viewer may see: of whole resellers."""
    roots = OU.objects.filter(below(grants(request).paths(roles.SEE_HEALTH), ""), parent=None)
    return Connection.objects.filter(pk__in=roots.values("connection"))


def connections_behind(request: HttpRequest) -> list[Connection]:
    """Connections that the viewer's OUs belong to, with what every page shows of them; asked once a request."""
    found: list[Connection] | None = getattr(request, "_connections_behind", None)
    if found is None:
        roots = {int(path.partition(".")[0]) for path, _, _ in grants(request).rows}
        of_roots = OU.objects.filter(pk__in=roots).values("connection")
        shown = Connection.objects.filter(pk__in=of_roots).only("stage", "broken_since", "trouble")
        found = request._connections_behind = list(shown.order_by("broken_since")) if roots else []  # type: ignore[attr-defined]
    return found


def holds_a_root(request: HttpRequest) -> bool:
    """Whether they set up connections of a whole reseller: connections are no business of those below."""
    return any(path.count(".") == 1 for path in grants(request).paths(roles.CHANGE_CONNECTIONS))


def brands(request: HttpRequest) -> QuerySet[Brand]:
    return Brand.objects.filter(below(grants(request).paths(roles.CHANGE_BRAND), "ou__"))


def ous_to_brand(request: HttpRequest) -> QuerySet[OU]:
    """Resellers and sub-resellers whose look the viewer may set."""
    found = OU.objects.filter(below(grants(request).paths(roles.CHANGE_BRAND), ""), gone_at=None)
    return found.filter(type__in=(OU.Type.RESELLER, OU.Type.SUBRESELLER))


def brands_every_root(request: HttpRequest) -> bool:
    """Whether they set the look of every reseller of this portal: what all share is theirs to change."""
    paths = grants(request).paths(roles.CHANGE_BRAND)
    others = OU.objects.filter(parent=None, gone_at=None).exclude(below(paths, ""))
    return bool(paths) and not others.exists()
