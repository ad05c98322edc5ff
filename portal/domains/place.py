"""Where a domain stands: itself within scope, and the way to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access, roles
from provisioning.models import Domain


def get(request: HttpRequest, guid: str) -> Domain:
    """The domain, if it is in the person's scope; else 404."""
    found: Domain = access.get(access.domains(request).select_related("ou"), guid)
    return found


def above(request: HttpRequest, domain: Domain, *, below: bool = False) -> dict[str, Any]:
    """What every page of a domain shows around it; `below`: of a page that hangs on the domain's own."""
    crumbs = [("Domains", reverse("domains:list"))]
    if access.grants(request).has_on(roles.SEE_OUS, domain.ou):
        crumbs = [
            ("Companies", reverse("ous:list")),
            (domain.ou.title, reverse("ous:detail", args=[domain.ou.guid])),
        ]
    home = reverse("domains:detail", args=[domain.guid])
    if below:
        crumbs.append((domain.name, home))
    return {"page_title": domain.name, "crumbs": crumbs, "domain": domain, "cancel_url": home}
