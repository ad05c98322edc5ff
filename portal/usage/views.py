"""What is in use: by customer and edition for a month, over the months, and what is behind each figure."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse

from portal import access, listing, roles
from portal.access import policy
from portal.billing import books
from portal.http import after_post, live_page, submission
from portal.moment import of_one_moment
from portal.usage import asked as filters
from portal.usage import behind, collecting, files, trend
from portal.usage import company as customers
from portal.usage import runs as running
from portal.usage.asked import Asked
from portal.usage.figures import obtained
from portal.usage.matrix import Matrix
from provisioning.models import OU
from provisioning.services.common import Refused


@policy(roles.SEE_USAGE)
@of_one_moment
def usage(request: HttpRequest) -> HttpResponseBase:
    """The matrix of a month: customers by edition."""
    asked = filters.read(request)
    shown = Matrix.read(asked)
    form = request.GET.get("export", "")
    if form in files.FORMATS:
        return files.answer(shown, form)
    context = {
        "page_title": "Usage",
        "subtitle": f"{asked.month:%B %Y}",
        "matrix": shown,
        "rows": shown.rows,
        "page": shown.page,
        "files": files.links(asked),
        **_around(request, asked),
        **_running(request),
    }
    return render(request, "usage/list.html", context)


def _around(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """The filters, and where else they lead."""
    return {
        "asked": asked,
        "chips": asked.chips,
        "clear_url": asked.url(request.path),
        "months": filters.months(request),
        "resellers": list(
            access.usage_ous(request).exclude(type=OU.Type.COMPANY).filter(gone_at=None).order_by("path")
        ),
        "is_present": asked.month == books.today().replace(day=1),
        "list_url": asked.with_filters(reverse("usage:list")),
        "months_url": asked.with_filters(reverse("usage:months")),
        "collect_url": asked.with_filters(reverse("usage:collect")) if collecting.may(request) else "",
        "why_not": collecting.WHY_NOT,
    }


def _running(request: HttpRequest) -> dict[str, Any]:
    """The last runs, as a part that asks for itself while one is under way."""
    latest = running.latest(request)
    inner = render_to_string("usage/_now.html", {"latest": latest, "reload_url": ""}, request)
    return {
        "latest": latest,
        "fragment": inner,
        "live": any(one.is_moving for one in latest),
        "live_url": reverse("usage:runs"),
        "live_vals": "{}",
    }


@policy(roles.SEE_USAGE)
@of_one_moment
def months(request: HttpRequest) -> HttpResponse:
    """The same customers over the months, with a chart of all of them together."""
    asked = filters.read(request)
    number = trend.length(request)
    shown = trend.of(asked, number)
    page = listing.page(request, trend.companies(asked, shown), "title", "id")
    counts = trend.by_month(asked, page.rows, shown)
    context = {
        "page_title": "Usage by month",
        "crumbs": [("Usage", asked.url(reverse("usage:list")))],
        "trend": shown,
        "page": page,
        "rows": [
            {
                "ou": ou,
                "url": asked.url(reverse("usage:company", args=[ou.guid])),
                "counts": counts[ou.pk],
            }
            for ou in page.rows
        ],
        "lengths": [
            (one, asked.with_filters(request.path, months=str(one)), one == number) for one in trend.LENGTHS
        ],
        **_around(request, asked),
    }
    return render(request, "usage/months.html", context)


@policy(roles.SEE_USAGE)
@of_one_moment
def company(request: HttpRequest, guid: str) -> HttpResponse:
    """One customer's month, the domains behind it, and the months before."""
    ou = access.get(access.usage_companies(request), guid)
    asked = filters.read(request)
    shown = customers.matrix_of(asked, ou)
    row = shown.rows_of([ou])[0]
    how = obtained([ou.pk], asked.month, asked.figures)
    domains, page = customers.domains(asked, ou)
    number = trend.length(request)
    path = request.path
    context = {
        "page_title": ou.title,
        "subtitle": f"{asked.month:%B %Y}",
        "crumbs": [("Usage", asked.url(reverse("usage:list")))],
        "ou": ou,
        "ou_url": reverse("ous:detail", args=[ou.guid]) if access.ous(request).filter(pk=ou.pk) else "",
        "row": row,
        "editions": customers.editions(asked, shown, row, how),
        "domains": domains,
        "page": page,
        "all_editions_url": asked.url(path),
        "trend": trend.of(shown.asked, number),
        "lengths": [(one, asked.url(path, months=one), one == number) for one in trend.LENGTHS],
        **_around(request, asked),
        **_beside(asked, path),
    }
    return render(request, "usage/company.html", context)


def _beside(asked: Asked, path: str) -> dict[str, Any]:
    """The months on either side of the one that is shown."""
    after = filters.following(asked.month)
    return {
        "earlier": (filters.previous(asked.month), asked.at(filters.previous(asked.month), path)),
        "later": (after, asked.at(after, path)) if after else None,
    }


@policy(roles.SEE_USAGE)
@of_one_moment
def domain(request: HttpRequest, guid: str) -> HttpResponse:
    """What is behind a domain's counts: figures, billable mailboxes, and the reports as they came."""
    row = access.get(access.usage_domains(request).select_related("ou"), guid)
    asked = filters.read(request)
    context = {
        "page_title": row.name,
        "subtitle": f"{asked.month:%B %Y}",
        "crumbs": [
            ("Usage", asked.url(reverse("usage:list"))),
            (row.ou.title, asked.url(reverse("usage:company", args=[row.ou.guid]))),
        ],
        "domain": row,
        "domain_url": reverse("domains:detail", args=[guid])
        if access.domains(request).filter(pk=row.pk)
        else "",
        "asked": asked,
        "figures": behind.figures(request, row, asked.month),
        "behind": behind.mailboxes(request, row, asked.month, asked.edition),
        "reports": behind.reports(request, row, asked.month),
        **_beside(asked, request.path),
    }
    return render(request, "usage/domain.html", context)


@policy(roles.SEE_USAGE)
def runs(request: HttpRequest) -> HttpResponse:
    """The runs, those under way live."""
    latest = running.latest(request)
    page = listing.page(request, running.scoped(request), "-id", size=25)
    context = {
        "page_title": "Counting runs",
        "crumbs": [("Usage", reverse("usage:list"))],
        "latest": latest,
        "page": page,
        "rows": running.shown(request, page.rows),
        "reload_url": _came_from(request),
    }
    moving = any(one.is_moving for one in latest)
    return live_page(request, "usage/runs.html", "usage/_now.html", context, moving=moving)


def _came_from(request: HttpRequest) -> str:
    """The page of figures that shows the runs, so that it can be looked at anew once one has ended."""
    path = request.htmx.current_url_abs_path or "" if request.htmx else ""  # type: ignore[attr-defined]
    return (
        path if path.startswith(reverse("usage:list")) and not path.startswith(reverse("usage:runs")) else ""
    )


@policy(roles.SEE_USAGE)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run, with the domains that could not be counted."""
    row = get_object_or_404(running.scoped(request), pk=pk)
    (shown,) = running.shown(request, [row])
    context = {
        "page_title": f"{shown.label} of {row.day:%-d %B %Y}",
        "pretitle": "Counting run",
        "crumbs": [("Usage", reverse("usage:list")), ("Counting runs", reverse("usage:runs"))],
        "run": shown,
        "failures": running.failures(request, row),
    }
    return render(request, "usage/run.html", context)


@policy(roles.SEE_USAGE)
def collect(request: HttpRequest) -> HttpResponse:
    """Have the domains that the filters leave counted now, after a look at how many they are."""
    if not collecting.may(request):
        raise Http404
    asked = filters.read(request)
    back = asked.with_filters(reverse("usage:list"))
    if request.method == "POST":
        try:
            begun = collecting.begin(asked, by=request.user, submission=submission(request))
            return after_post(request, back, f"Counting has begun: {begun[0].batch}.")
        except Refused as refusal:
            messages.error(request, str(refusal))
            return after_post(request, back)
    context = {
        "page_title": "Count usage now",
        "crumbs": [("Usage", back)],
        "asked": asked,
        "shares": collecting.shares(asked),
        "running": [one for one in running.latest(request) if one.is_moving],
        "cancel_url": back,
        "mark": uuid.uuid4(),
    }
    return render(request, "usage/collect.html", context)
