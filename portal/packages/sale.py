"""The page on which a package is sold."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import inflight, price_effects
from portal.http import live_page
from portal.packages.forms import PackageForm, TypedPackageForm, chosen_in, typed_in
from portal.packages.offer import Offer
from provisioning.models import OU, Action, Package
from provisioning.operations import OPERATIONS

CREATE = OPERATIONS["package.create"]


def refused(request: HttpRequest, ou: OU) -> Action | None:
    """The failed action that `?again=` names, if the person may see it and it was a sale to this company."""
    return inflight.to_mend(request, CREATE.name, connection=ou.connection, guid=ou.guid)


def blank(request: HttpRequest, offer: Offer, before: Action | None) -> PackageForm:
    """An empty form; or the one that SYNAQ refused."""
    if before:
        return PackageForm.after_refusal(before, chosen_in(before.payload), **facts(request, offer))
    return PackageForm(**facts(request, offer))


def bound(request: HttpRequest, offer: Offer) -> PackageForm:
    """The form that was sent."""
    return PackageForm(request.POST, **facts(request, offer))


def blank_typed(request: HttpRequest, ou: OU) -> TypedPackageForm:
    """The same for typed codes."""
    before, legacy = refused(request, ou), ou.connection.is_legacy
    if before:
        return TypedPackageForm.after_refusal(before, typed_in(before.payload), legacy=legacy)
    return TypedPackageForm(legacy=legacy)


def facts(request: HttpRequest, offer: Offer) -> dict[str, Any]:
    """What the form takes: what is offered, what the company has, and what the person may see of prices."""
    company = offer.company
    has = Package.objects.filter(ou=company, gone_at=None).values_list("code", flat=True)
    prices = price_effects.of(request, [company])
    return {
        "offered": offer.products,
        "legacy": company.connection.is_legacy,
        "has": set(has),
        "priced": (lambda code: prices.word({(company.pk, code): 1})) if prices else None,
    }


def page(
    request: HttpRequest, offer: Offer, form: PackageForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The form from the catalogue, below the part that tells how old that is; without one, that part alone.

    `mark` in the address is that of the catalogue from which the open page was drawn.
    """
    drawn_from = request.GET.get("mark", offer.mark)
    request.GET = _without(request, "mark")
    typed = TypedPackageForm(legacy=offer.company.connection.is_legacy)
    context = {
        **_around(offer),
        "form": form,
        "typed": typed,
        "mark": offer.mark,
        "changed": offer.mark != drawn_from,
        "has_form": drawn_from.startswith("c"),
    }
    answer = live_page(
        request, "packages/form.html", "packages/_catalogue.html", context, moving=offer.being_read
    )
    answer.status_code = status if answer.status_code == 200 else answer.status_code
    return answer


def typed_page(
    request: HttpRequest, offer: Offer, form: TypedPackageForm, *, status: int = 200
) -> HttpResponse:
    """The form for typed codes alone; nothing moves under the hands of whoever types."""
    return render(request, "packages/typed.html", {**_around(offer), "typed": form}, status=status)


def _around(offer: Offer) -> dict[str, Any]:
    company_url = reverse("ous:detail", args=[offer.company.guid])
    return {
        "page_title": "New package",
        "crumbs": [("Companies", reverse("ous:list")), (offer.company.title, company_url)],
        "company": offer.company,
        "offer": offer,
        "consequence": CREATE.consequence,
        "cancel_url": company_url,
        "form_url": reverse("packages:new", args=[offer.company.guid]),
    }


def _without(request: HttpRequest, name: str) -> Any:
    query = request.GET.copy()
    query.pop(name, None)
    return query
