"""How the portal looks for a reseller and everything below it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, listing, roles
from portal.access import policy
from portal.accounts.models import Brand
from portal.branding import keeping, showing
from portal.branding.forms import BrandForm
from portal.http import after_post
from provisioning.models import OU
from provisioning.services.common import Refused


@policy(roles.CHANGE_BRAND)
def appearances(request: HttpRequest) -> HttpResponse:
    """The resellers whose look the viewer may set, and under which each of them stands now."""
    page = listing.page(request, access.ous_to_brand(request), "path")
    context = {"page_title": "Appearance", "page": page, "rows": showing.rows(page.rows)}
    return render(request, "branding/list.html", context)


@policy(roles.CHANGE_BRAND, fresh=True)
def edit(request: HttpRequest, guid: str) -> HttpResponse:
    """Name, logo, colour, support address, host name; looked at first as often as one likes."""
    ou = _get(request, guid)
    known = access.brands(request).filter(ou=ou).first()
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = BrandForm(*sent, known=known, may_take_own=access.brands_every_root(request))
    if form.is_bound and form.is_valid() and "preview" not in request.POST:
        try:
            brand = keeping.save_brand(ou, form.facts, form.picture, by=request.user)
        except Refused as error:
            form.add_error("host", str(error))
        else:
            return after_post(request, reverse("branding:list"), f"{ou.title} is {brand.name} from now on.")
    return _page(request, ou, known, form)


def _page(request: HttpRequest, ou: OU, known: Brand | None, form: BrandForm) -> HttpResponse:
    context: dict[str, Any] = {
        "page_title": f"Appearance of {ou.title}",
        "crumbs": [("Appearance", reverse("branding:list"))],
        "ou": ou,
        "form": form,
        "known": known,
        "preview": showing.preview(form, known),
        "cancel_url": reverse("branding:list"),
    }
    return render(request, "branding/form.html", context, status=422 if form.errors else 200)


@policy(roles.CHANGE_BRAND, fresh=True)
def remove(request: HttpRequest, guid: str) -> HttpResponse:
    """Back to the look of what is above."""
    ou = _get(request, guid)
    if not access.brands(request).filter(ou=ou).exists():
        raise Http404
    if request.method == "POST":
        keeping.remove_brand(ou, by=request.user)
        return after_post(request, reverse("branding:list"), f"{ou.title} has no look of its own any more.")
    context = {
        "page_title": f"Appearance of {ou.title}",
        "crumbs": [("Appearance", reverse("branding:list"))],
        "ou": ou,
        "cancel_url": reverse("branding:edit", args=[ou.guid]),
    }
    return render(request, "branding/remove.html", context)


def _get(request: HttpRequest, guid: str) -> OU:
    ou: OU = access.get(access.ous_to_brand(request), guid)
    return ou
