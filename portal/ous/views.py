from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, creations, filters, inflight, reading, roles
from portal.access import policy
from portal.activity import present
from portal.http import after_post, live_page
from portal.ous import columns, detail, figures
from portal.ous.forms import CompanyForm, typed_in
from portal.typed import search_term, word_beginning
from provisioning.models import OU
from provisioning.operations import OPERATIONS
from provisioning.services import ous as services
from provisioning.services.common import Refused

CREATE = OPERATIONS["ou.create_company"]


@policy(roles.SEE_OUS)
def companies(request: HttpRequest) -> HttpResponseBase:
    """The companies in scope, by title."""
    term, resellers, table = search_term(request), _resellers(request), columns.table(request)
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
        "may_create": bool(_parents(request, resellers)),
    }
    moving = any(row["moving"] for row in rows)
    actions = inflight.together(asked, inflight.known_before(request))
    return live_page(request, "ous/list.html", "ous/_list.html", context, actions, moving=moving)


def _resellers(request: HttpRequest) -> list[OU]:
    found = access.ous(request).exclude(type=OU.Type.COMPANY).filter(gone_at=None)
    return list(found.select_related("connection").order_by("path"))


def _found(request: HttpRequest, term: str, under: OU | None) -> QuerySet[OU]:
    found = access.companies(request).select_related("parent")
    if under:
        found = found.filter(path__startswith=under.path)
    if not term:
        return found.filter(gone_at=None)
    words = Q(title__iregex=word_beginning(term)) | Q(client_ref__istartswith=term)
    return found.filter((words & Q(gone_at=None)) | Q(guid__iexact=term))


def _chips(request: HttpRequest, term: str, under: OU | None) -> list[dict[str, str]]:
    shown = {"q": ("Search", term)} if term else {}
    if under:
        shown["parent"] = ("Under", under.title)
    return filters.chips(request, shown)


def _parents(request: HttpRequest, resellers: list[OU]) -> list[OU]:
    """Those under which the person may make a company."""
    return [ou for ou in resellers if access.may(request, CREATE, ou)]


@policy(roles.CHANGE_OUS)
def new(request: HttpRequest) -> HttpResponse:
    """Take on a company."""
    parents = _parents(request, _resellers(request))
    if not parents:
        raise Http404
    if request.method != "POST":
        return _form_page(request, _blank(request, parents))
    form = CompanyForm(request.POST, parents=parents)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        action = services.create_company(
            form.chosen_parent(), by=request.user, details=form.details(), submission=form.submission_id
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, form, status=422)
    return after_post(request, reverse("activity:detail", args=[action.pk]))


def _blank(request: HttpRequest, parents: list[OU]) -> CompanyForm:
    """An empty form; or, with `?again=`, the one that SYNAQ refused."""
    refused = inflight.to_mend(request, CREATE.name, guid__in=[ou.guid for ou in parents])
    if refused:
        return CompanyForm.after_refusal(refused, typed_in(refused.guid, refused.payload), parents=parents)
    return CompanyForm(parents=parents, initial={"parent": request.GET.get("parent", "")})


def _form_page(request: HttpRequest, form: CompanyForm, status: int = 200) -> HttpResponse:
    context = {
        "page_title": "New company",
        "crumbs": [("Companies", reverse("ous:list"))],
        "form": form,
        "consequence": CREATE.consequence,
        "cancel_url": reverse("ous:list"),
    }
    return render(request, "ous/form.html", context, status=status)


@policy(roles.SEE_OUS)
def company(request: HttpRequest, guid: str) -> HttpResponse:
    """One OU: a company with all that it has, or a reseller with its companies."""
    ou = access.get(access.ous(request).select_related("parent"), guid)
    inflight.freshen(request, ou)
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
    crumbs = [("Companies", reverse("ous:list"))]
    if ou.parent and access.ous(request).filter(pk=ou.parent.pk).exists():
        crumbs.append((ou.parent.title, reverse("ous:detail", args=[ou.parent.guid])))
    return {
        "page_title": ou.title,
        "pretitle": ou.get_type_display().capitalize(),
        "crumbs": crumbs,
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
