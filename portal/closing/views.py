"""Months: how each stands, what is on it, and closing it. Seen by those who see usage, closed by those who close."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import roles
from portal.access import policy
from portal.billing import books, canonical, closing, corrections
from portal.billing.closing import Refused
from portal.closing import finding
from portal.closing.finding import month_in, ou_of, url
from portal.closing.forms import CloseForm
from portal.http import after_post
from provisioning.models import OU

_MOST = 200


@policy(roles.SEE_USAGE)
def months(request: HttpRequest) -> HttpResponse:
    """A year of one reseller's months; `ou` chooses which, `until` the page."""
    choices = list(finding.closing_ous(request).order_by("path")[:_MOST])
    guid = request.GET.get("ou", "")
    ou = next((one for one in choices if one.guid == guid), None) if guid else next(iter(choices), None)
    if guid and ou is None:
        raise Http404
    until = month_in(request.GET["until"]) if "until" in request.GET else books.today().replace(day=1)
    until = min(until, books.today().replace(day=1))
    rows, more = finding.standings(request, ou, until) if ou else ([], None)
    context = {
        "page_title": "Months",
        "ou": ou,
        "choices": choices if len(choices) > 1 else [],
        "rows": rows,
        "older": f"?ou={ou.guid}&until={more:%Y-%m}" if ou and more else "",
        "may_close": ou is not None and finding.may_close(request, ou),
        "waiting": corrections.waiting_count(ou) if ou else 0,
    }
    return render(request, "months/list.html", context)


@policy(roles.SEE_USAGE)
def month(request: HttpRequest, guid: str, month: str) -> HttpResponse:
    """One month: as it was closed, or as it would be closed now. `check` recomputes the hash."""
    ou, first = ou_of(request, guid), month_in(month)
    if first > books.today():
        raise Http404
    lines = finding.closed_lines(request, ou, first)
    closings = finding.closings(request, ou, first)
    own = next((one for one in closings if one.ou_id == ou.pk), None)
    open_now = own is None and closing.companies_to_close(ou, first).exists()
    made = closing.draft(ou, first) if open_now else None
    rows = finding.by_company([*lines, *(made.lines if made else [])])
    guids = finding.guids(row.ou for row in rows[:_MOST])
    closed_ous = {line.ou_id for line in lines}
    context = _around(ou, f"{first:%B %Y}") | {
        "pretitle": ou.title,
        "ou": ou,
        "month": first,
        "own": own,
        "closings": [(one, canonical.agrees(one) if "check" in request.GET else None) for one in closings],
        "made": made,
        "lines": len(lines),
        "rows": [(row, guids[row.ou], row.ou in closed_ous) for row in rows[:_MOST]],
        "more": max(0, len(rows) - _MOST),
        "totals": sorted(closing.totals([*lines, *(made.lines if made else [])]).values(), key=_code),
        "unpriced": sum(row.unpriced for row in rows),
        "waiting": list(closing.waiting_below(ou).filter(closed__month=first)[:_MOST]),
        "may_close": finding.may_close(request, ou),
        "slug": f"{first:%Y-%m}",
    }
    return render(request, "months/month.html", context)


@policy(roles.CLOSE_MONTHS)
def close(request: HttpRequest, guid: str, month: str) -> HttpResponse:
    """The question before a month is closed: what it comes to, and what is amiss."""
    ou, first = closable(request, guid), month_in(month)
    if request.method == "POST":
        corrections.find(ou)
    try:
        closing.refuse_impossible(ou, first)
        made = closing.draft(ou, first)
    except Refused as error:
        return _refused(request, ou, first, str(error))
    form = CloseForm(request.POST or None, initial={"seen": made.mark}, warned=bool(made.warnings))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            closing.close(ou, first, by=request.user, note=said["reason"], seen=said["seen"])
        except Refused as error:
            form = CloseForm({**request.POST.dict(), "seen": made.mark}, warned=bool(made.warnings))
            form.is_valid()
            form.add_error(None, str(error))
        else:
            return after_post(request, url("detail", ou, first), f"{first:%B %Y} is closed.")
    context = _around(ou, f"Close {first:%B %Y}") | {
        "crumbs": crumbs(ou, first),
        "form": form,
        "ou": ou,
        "made": made,
        "rows": finding.by_company(made.lines)[:_MOST],
        "totals": sorted(closing.totals(made.lines).values(), key=_code),
        "verb": "Close the month",
        "cancel_url": url("detail", ou, first),
    }
    return render(request, "months/close.html", context, status=422 if form.errors else 200)


def _refused(request: HttpRequest, ou: OU, first: date, said: str) -> HttpResponse:
    context = _around(ou, f"Close {first:%B %Y}") | {
        "crumbs": crumbs(ou, first),
        "refused": said,
        "back_url": url("detail", ou, first) if first <= books.today() else reverse("months:list"),
    }
    return render(request, "months/refused.html", context, status=422 if request.method == "POST" else 200)


def closable(request: HttpRequest, guid: str) -> OU:
    ou = ou_of(request, guid)
    if not finding.may_close(request, ou):
        raise Http404
    return ou


def crumbs(ou: OU, first: date) -> list[tuple[str, str]]:
    return [
        ("Months", f"{reverse('months:list')}?ou={ou.guid}"),
        (f"{first:%B %Y}", url("detail", ou, first)),
    ]


def _around(ou: OU, title: str) -> dict[str, Any]:
    return {"page_title": title, "crumbs": [("Months", f"{reverse('months:list')}?ou={ou.guid}")]}


def _code(charge: Any) -> str:
    return str(charge.currency)
