from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, filters, listing, roles
from portal.access import SIGNED_IN, policy
from portal.acting import looking
from portal.acting.forms import LookForm
from portal.http import after_post
from portal.typed import search_term
from provisioning.models import OU


@policy(roles.ACT_AS, fresh=True)
def begin(request: HttpRequest, guid: str) -> HttpResponse:
    """Choose one of the company's people and say why; then the portal is theirs, to look at."""
    ou = access.get(access.companies(request).filter(gone_at=None), guid)
    if not access.grants(request).has_on(roles.ACT_AS, ou):
        raise Http404
    people = looking.people_of(ou)
    form = LookForm(request.POST if request.method == "POST" else None, people=people)
    if request.method == "POST" and form.is_valid():
        facts = {"person": form.cleaned_data["person"], "reason": form.cleaned_data["reason"]}
        request.session[looking.KEY] = looking.begin(by=request.user, ou=ou, **facts).pk
        return after_post(request, reverse("home"))
    context = {
        "page_title": "Look as a customer",
        "pretitle": ou.title,
        "crumbs": [("Companies", reverse("ous:list")), (ou.title, reverse("ous:detail", args=[ou.guid]))],
        "ou": ou,
        "form": form,
        "anybody": people.exists(),
        "minutes": settings.ACTING_MINUTES,
    }
    return render(request, "acting/begin.html", context, status=422 if form.errors else 200)


@policy(SIGNED_IN)
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Be oneself again. Forms on pages that are still open as the customer's cannot be sent any more."""
    row = access.acting_now(request)
    if row is None:
        return after_post(request, reverse("home"))
    looking.end(row, "By the button.")
    del request.session[looking.KEY]
    rotate_token(request)
    return after_post(
        request, reverse("ous:detail", args=[row.ou.guid]), f"You no longer look as {row.person}."
    )


@policy(roles.SEE_ACTIVITY)
def looks(request: HttpRequest) -> HttpResponse:
    """Who looked at the portal as one of a company's people: the customer sees it, and whoever oversees it."""
    company = _company(request)
    found = access.actings(request).select_related("by", "person", "ou")
    if company:
        found = found.filter(ou__guid=company.guid)  # two connections may have it
    page = listing.page(request, found, "-id")
    chips: dict[str, Any] = {"company": ("Company", company.title)} if company else {}
    context = {
        "page_title": "Who looked at the portal",
        "crumbs": [("Activity", reverse("activity:list"))],
        "page": page,
        "chips": filters.chips(request, chips),
        "clear_url": reverse("acting:list"),
    }
    return render(request, "acting/list.html", context)


def _company(request: HttpRequest) -> OU | None:
    guid = search_term(request, "company")
    found: OU | None = access.companies(request).filter(guid=guid).first() if guid else None
    return found
