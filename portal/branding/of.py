"""Under which brand somebody sees the portal: the nearest at or above where they belong, or the one of the host."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.http.request import split_domain_port

from portal import access
from portal.accounts.models import Brand
from provisioning.models import OU

_KEPT = "_brand"  # on the request, once it was asked for


def for_request(request: HttpRequest) -> Brand | None:
    """Of people who are signed in theirs, wherever they came in; of strangers that of the host. One query a request."""
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, _find(request))
    return known(request)


def known(request: HttpRequest) -> Brand | None:
    """What for_request found before, without asking the database: for pages about its being away."""
    found: Brand | None = getattr(request, _KEPT, None)
    return found


def for_ou(ou: OU | None) -> Brand | None:
    """The nearest at or above that OU. Its logo is not read along."""
    return _nearest(ou.path) if ou is not None else None


def for_host(host: str) -> Brand | None:
    """The one whose host name that is; `host` as in a request, port and all."""
    name, _ = split_domain_port(host)
    return _rows().filter(host=name.rstrip(".")).first() if name else None


def _find(request: HttpRequest) -> Brand | None:
    if getattr(request, "user", None) is not None and request.user.is_authenticated:
        paths = [row[0] for row in access.grants(request).rows]
        if paths:
            return _nearest(min(paths, key=_from_the_top))
    try:
        return for_host(request.get_host())
    except DisallowedHost:
        return None


def _from_the_top(path: str) -> tuple[int, int]:
    """As portal.accounts.home orders them: a person's page and their mails carry the same brand."""
    return len(path), int(path.split(".")[-2])


def _nearest(path: str) -> Brand | None:
    above = _rows().filter(ou__path__in=access.parts(path))
    return above.order_by(Length("ou__path").desc()).first()


def _rows() -> QuerySet[Brand]:
    return Brand.objects.defer("logo")
