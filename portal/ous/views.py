from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, creations, filters, inflight, named, reading, roles
from portal.access import policy
from portal.activity import present
from portal.http import after_post, live_page
from portal.moment import of_one_moment
from portal.ous import columns, detail, figures, standing, tree
from portal.typed import search_term
from provisioning.models import OU
from provisioning.operations import OPERATIONS
from provisioning.services import ous as services

CREATE = OPERATIONS["ou.create_company"]
CREATE_BELOW = OPERATIONS["ou.create_subreseller"]


@policy(roles.SEE_OUS)
@of_one_moment
def companies(request: HttpRequest) -> HttpResponseBase:
    """The companies in scope, by title."""
    term, resellers, table = search_term(request), tree.resellers(request), columns.table(request)
    under = next((ou for ou in resellers if ou.guid == request.GET.get("parent")), None)
    found = _found(request, term, under)
    if table.wanted_file:
        return table.file(found, lambda some: figures.of_companies(request, some))
    page = table.page(found)
    rows = figures.of_companies(request, page.rows)
    asked = creations.pending(request, "ou")
    context = {
        "page_title": "Companies",
        "table": table,
        "chips": _chips(request, term, under),
        "clear_url": reverse("ous:list"),
        "page": page,
        "rows": rows,
        "asked": present.rows(asked),
        "sees": figures.sees(request),
        "query": term,
        "resellers": resellers,
        "under": under,
        "may_create": bool(tree.parents(request, CREATE, resellers)),
    }
    moving = any(row["moving"] for row in rows)
    actions = inflight.together(asked, inflight.known_before(request))
    return live_page(request, "ous/list.html", "ous/_list.html", context, actions, moving=moving)


def _found(request: HttpRequest, term: str, under: OU | None) -> QuerySet[OU]:
    found = access.companies(request).select_related("parent")
    if under:
        found = found.filter(path__startswith=under.path)
    if not term:
        return found.filter(gone_at=None)
    one = found.filter(guid__iexact=term)
    return one if one.exists() else named.companies(found, term).filter(gone_at=None)


def _chips(request: HttpRequest, term: str, under: OU | None) -> list[dict[str, str]]:
    shown = {"q": ("Search", term)} if term else {}
    if under:
        shown["parent"] = ("Under", under.title)
    return filters.chips(request, shown)


@policy(roles.SEE_OUS)
def resellers(request: HttpRequest) -> HttpResponse:
    """The tree: resellers with the sub-resellers under them, as far as scope reaches."""
    context = {
        "page_title": "Resellers",
        "crumbs": [("Companies", reverse("ous:list"))],
        "branches": tree.branches(request),
        "may_create_subreseller": bool(tree.parents(request, CREATE_BELOW, tree.resellers(request))),
        "companies": tree.lone_companies(request),
    }
    return render(request, "ous/tree.html", context)


@policy(roles.SEE_OUS)
def company(request: HttpRequest, guid: str) -> HttpResponse:
    """One OU: a company with all that it has, or a reseller with its companies."""
    inflight.freshen(request, access.get(access.ous(request).select_related("parent"), guid))
    return _company(request, guid)


@of_one_moment
def _company(request: HttpRequest, guid: str) -> HttpResponse:
    ou = access.get(access.ous(request).select_related("parent"), guid)
    shown = detail.company(request, ou) if ou.is_company else detail.reseller(request, ou)
    context = {**_around(request, ou), **shown.context}
    page, fragment = (
        ("ous/detail.html", "ous/_detail.html")
        if ou.is_company
        else ("ous/reseller.html", "ous/_reseller.html")
    )
    moving = shown.moving or reading.anything_due(ou)
    actions = inflight.together(shown.actions, inflight.known_before(request))
    return live_page(request, page, fragment, context, actions, moving=moving)


def _around(request: HttpRequest, ou: OU) -> dict[str, Any]:
    return {
        "page_title": ou.title,
        "pretitle": ou.get_type_display().capitalize(),
        "crumbs": standing.crumbs(request, ou),
        "over": access.over(request, ou),
        "ou": ou,
        "refresh_url": reverse("ous:refresh", args=[ou.guid]),
        **reading.state(ou),
    }


@policy(roles.SEE_OUS)
@require_POST
def refresh(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the OU read again, and those of its packages and domains that its page shows."""
    ou = access.get(access.ous(request), guid)
    services.want_reading(ou)
    for things in (access.packages(request), access.domains(request)):
        for thing in things.filter(ou=ou, gone_at=None).select_related("ou__connection")[: detail.MOST]:
            services.want_reading(thing)
    return after_post(request, reverse("ous:detail", args=[ou.guid]))
