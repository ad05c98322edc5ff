from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, creations, filters, inflight, named, roles
from portal.access import policy
from portal.activity import present
from portal.http import after_post, live_page
from portal.moment import of_one_moment
from portal.packages import columns, detail, sale
from portal.packages import offer as offers
from portal.packages.forms import TypedPackageForm
from portal.typed import search_term, words_beginning
from provisioning.models import OU, DomainLink, Package
from provisioning.services import ous as ou_services
from provisioning.services import packages as services
from provisioning.services.common import Refused

STATES = (
    "active",
    "inactive",
    "pending",
    "stale",
    "error",
    "failed",
    "suspended",
    "closed",
    "cancelled",
    "orphaned",
)


@policy(roles.SEE_PACKAGES)
@of_one_moment
def packages(request: HttpRequest) -> HttpResponseBase:
    """The packages in scope, by product code."""
    term, company, state = search_term(request), _company(request), search_term(request, "state")
    found, table = _found(request, term, company, state), columns.table(request)
    if table.wanted_file:
        return table.file(found, lambda some: _rows(request, some))
    page = table.page(found)
    rows = _rows(request, page.rows)
    asked = creations.pending(request, "package", **({"ou": company} if company else {})) if not state else []
    context = {
        "page_title": "Packages",
        "table": table,
        "page": page,
        "rows": rows,
        "asked": present.rows(asked),
        "query": term,
        "company": company,
        "state": state,
        "states": STATES if state in ("", *STATES) else (*STATES, state),
        "chips": _chips(request, term, company, state),
        "clear_url": reverse("packages:list"),
        "new_url": detail.new_package_url(request, company) if company else "",
    }
    doing = [row["action"] for row in rows if row["action"]]
    actions = inflight.together(asked, doing, inflight.known_before(request))
    return live_page(request, "packages/list.html", "packages/_list.html", context, actions)


def _company(request: HttpRequest) -> OU | None:
    guid = request.GET.get("company", "").replace("\x00", "")
    found: OU | None = access.companies(request).filter(guid=guid).first() if guid else None
    return found


def _chips(request: HttpRequest, term: str, company: OU | None, state: str) -> list[dict[str, str]]:
    shown = {"q": ("Search", term)} if term else {}
    if state:
        shown["state"] = ("State", state)
    if company:
        shown["company"] = ("Company", company.title)
    return filters.chips(request, shown)


def _found(request: HttpRequest, term: str, company: OU | None, state: str) -> QuerySet[Package]:
    found = access.packages(request).select_related("ou")
    if state:
        found = found.filter(state=state)
    if company:
        found = found.filter(ou__guid=company.guid)  # two connections may have it
    if not term:
        return found.filter(gone_at=None)
    one = found.filter(guid__iexact=term)
    return one if one.exists() else _matching(request, found, term).filter(gone_at=None)


def _matching(request: HttpRequest, found: QuerySet[Package], term: str) -> QuerySet[Package]:
    """Those whose code begins so, in whose name a word does, or whose company is found by it."""
    where = Q(code__istartswith=term) | Q(
        ou__in=named.companies(access.companies(request), term).values("pk")
    )
    words = words_beginning(term)
    if words is None:
        return found.filter(where)
    return found.annotate(words=SearchVector("name", config="simple")).filter(where | Q(words=words))


def _rows(request: HttpRequest, found: list[Package]) -> list[dict[str, Any]]:
    doing = creations.open_by_guid(request, found)
    links = DomainLink.objects.filter(
        package__in=found, domain__in=access.domains(request).filter(gone_at=None)
    )
    domains = dict(links.order_by().values_list("package").annotate(number=Count("pk")))
    return [
        {"package": row, "action": doing.get(row.guid), "domains": domains.get(row.pk, 0)} for row in found
    ]


@policy(roles.CHANGE_PACKAGES)
def new(request: HttpRequest, company: str) -> HttpResponse:
    """Sell a package to a company: from its catalogue, or by typed codes."""
    ou = access.get(access.companies(request), company)
    access.require(request, sale.CREATE, ou)
    if request.method == "POST":
        return _sell_typed(request, ou) if request.POST.get("way") == "typed" else _sell(request, ou)
    offer = offers.look(ou, ask=not request.htmx)  # type: ignore[attr-defined]
    if request.GET.get("by") == "hand":
        return sale.typed_page(request, offer, sale.blank_typed(request, ou))
    if request.GET.get("mark") == "" and offer.mark:  # the page was drawn without a catalogue: now it has one
        return HttpResponse(headers={"HX-Refresh": "true"})
    if offer.readable:
        refused = sale.refused(request, ou)
        if refused and refused.payload.get("code") not in {product.code for product in offer.products}:
            return sale.typed_page(request, offer, sale.blank_typed(request, ou))
        return sale.page(request, offer, sale.blank(request, offer, refused))
    return sale.page(request, offer)


def _sell(request: HttpRequest, ou: OU) -> HttpResponse:
    offer = offers.look(ou, ask=False)
    form = sale.bound(request, offer)
    if "redraw" in request.POST:
        return sale.page(request, offer, form.without_errors())
    if not form.is_valid():
        return sale.page(request, offer, form, status=422)
    try:
        action = services.create_package(
            ou,
            by=request.user,
            code=form.chosen.code,
            name=form.chosen.name,
            editions=form.cleaned_data["editions"],
            submission=form.submission_id,
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return sale.page(request, offer, form, status=422)
    return after_post(request, reverse("activity:detail", args=[action.pk]))


def _sell_typed(request: HttpRequest, ou: OU) -> HttpResponse:
    form = TypedPackageForm(request.POST, legacy=ou.connection.is_legacy)
    if form.is_valid():
        said = form.cleaned_data
        try:
            action = services.create_package(
                ou,
                by=request.user,
                code=said["code"],
                editions=said.get("editions", []),
                submission=form.submission_id,
            )
            return after_post(request, reverse("activity:detail", args=[action.pk]))
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return sale.typed_page(request, offers.look(ou, ask=False), form, status=422)


@policy(roles.SEE_PACKAGES)
def package(request: HttpRequest, guid: str) -> HttpResponse:
    """One package: its editions, the domains on it, what is in progress."""
    inflight.freshen(request, access.get(access.packages(request).select_related("ou"), guid))
    return _package(request, guid)


@of_one_moment
def _package(request: HttpRequest, guid: str) -> HttpResponse:
    row = access.get(access.packages(request).select_related("ou"), guid)
    context, actions = detail.package(request, row)
    return live_page(
        request,
        "packages/detail.html",
        "packages/_detail.html",
        context,
        actions,
        moving=context["reading_due"],
    )


@policy(roles.SEE_PACKAGES)
@require_POST
def refresh(request: HttpRequest, guid: str) -> HttpResponse:
    """Have the package read again."""
    row = access.get(access.packages(request).select_related("ou__connection"), guid)
    ou_services.want_reading(row)
    return after_post(request, reverse("packages:detail", args=[row.guid]))
