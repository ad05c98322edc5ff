"""What the pages of months show: which months there are, how each stands, and what is on one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.http import Http404, HttpRequest
from django.urls import reverse

from portal import access, roles
from portal.billing import books, sums
from portal.billing.models import ClosedCompany, ClosedMonth, Line
from portal.billing.pricing import ZERO, Charge
from provisioning.models import OU, MonthlyFigure

A_YEAR = 12
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


def month_in(text: str) -> date:
    """Of "2026-10" its first day; 404 for what is no month."""
    found = _MONTH.fullmatch(text)
    if not found:
        raise Http404
    return date(int(found[1]), int(found[2]), 1)


def closing_ous(request: HttpRequest) -> QuerySet[OU]:
    """Resellers and sub-resellers whose months the viewer sees."""
    return access.usage_ous(request).exclude(type=OU.Type.COMPANY)


def ou_of(request: HttpRequest, guid: str) -> OU:
    found: OU = access.get(closing_ous(request), guid)
    return found


def may_close(request: HttpRequest, ou: OU) -> bool:
    """Whether the viewer closes and corrects its months, and says who is told of them."""
    return access.grants(request).has_on(roles.CLOSE_MONTHS, ou)


def url(name: str, ou: OU, month: date, *more: Any) -> str:
    return reverse(f"months:{name}", args=[ou.guid, f"{month:%Y-%m}", *more])


@dataclass
class Standing:
    """One month of an OU, in a row of the list. `own`: its own closing, if it has one."""

    month: date
    url: str = ""
    own: ClosedMonth | None = None
    closed: int = 0  # of its companies, by whomever
    companies: int = 0
    counted: int = 0  # domains with a figure
    missing: int = 0
    totals: list[Charge] = field(default_factory=list)
    unpriced: int = 0

    @property
    def is_closed(self) -> bool:
        return self.own is not None or (self.companies > 0 and self.closed >= self.companies)

    @property
    def state(self) -> dict[str, str]:
        if self.own is not None:
            return {"label": "Closed", "tone": "good"}
        if self.is_closed:
            return {"label": "Closed elsewhere", "tone": "good"}
        if self.month >= books.today().replace(day=1):
            return {"label": "Runs", "tone": "busy"}
        if self.missing or not self.counted:
            return {"label": "Not complete", "tone": "warn"}
        return {"label": "Ready to close", "tone": "plain"}


def standings(request: HttpRequest, ou: OU, until: date) -> tuple[list[Standing], date | None]:
    """A year of months, the newest first, and the month with which the next page begins. A fixed number of queries."""
    first = _first(ou)
    months = [until]
    while len(months) <= A_YEAR and months[-1] > first:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    more = months.pop() if len(months) > A_YEAR else None
    rows = {month: Standing(month, url("detail", ou, month)) for month in months}
    for one in ClosedMonth.objects.filter(ou=ou, month__in=months).select_related("closed_by"):
        rows[one.month].own = one
    _count(ou, rows)
    _sum(request, ou, rows)
    return list(rows.values()), more


def _first(ou: OU) -> date:
    this: date = books.today().replace(day=1)
    figures = MonthlyFigure.objects.filter(ou__path__startswith=ou.path).aggregate(first=Min("month"))
    closed = ClosedCompany.objects.filter(ou__path__startswith=ou.path).aggregate(first=Min("month"))
    found = [row["first"] for row in (figures, closed) if row["first"]]
    first: date = min([this, *found])
    return first


def _count(ou: OU, rows: dict[date, Standing]) -> None:
    companies = OU.objects.filter(path__startswith=ou.path, type=OU.Type.COMPANY)
    number_of_all = companies.count()
    closed = ClosedCompany.objects.filter(ou__path__startswith=ou.path, month__in=rows).order_by()
    for month, number in closed.values_list("month").annotate(number=Count("pk")):
        rows[month].closed = number
    figures = MonthlyFigure.objects.filter(ou__path__startswith=ou.path, month__in=rows).order_by()
    for month, number in figures.values_list("month").annotate(number=Count("domain", distinct=True)):
        rows[month].counted = number
    for one in rows.values():
        one.companies = number_of_all
        if not one.is_closed:
            one.missing = sums.missing(companies, one.month).count()


def _sum(request: HttpRequest, ou: OU, rows: dict[date, Standing]) -> None:
    lines = Line.objects.filter(ou__path__startswith=ou.path, closed__month__in=rows).order_by()
    unpriced = Count("pk", filter=Q(net=None) & ~Q(count=0))
    found = lines.values_list("closed__month", "currency").annotate(Sum("net"), Sum("tax"), without=unpriced)
    for month, currency, net, tax, without in sorted(found, key=lambda row: row[1]):
        rows[month].unpriced += without
        if net is not None:
            rows[month].totals.append(Charge(currency, net, tax))


def closed_lines(request: HttpRequest, ou: OU, month: date) -> list[Line]:
    """What is closed of that month for the companies of an OU that the viewer sees, whoever closed it."""
    companies = access.usage_companies(request).filter(path__startswith=ou.path)
    rows = Line.objects.filter(closed__month=month, ou__in=companies.order_by().values("pk"))
    return list(rows.order_by("closed__ou__path", "position"))


# --- one month ----------------------------------------------------------------------------------------------------------


@dataclass
class OfCompany:
    """What a company pays for a month, each currency by itself."""

    ou: int
    title: str
    lines: int = 0
    count: int = 0
    unpriced: int = 0
    adjustments: int = 0
    sums: dict[str, Charge] = field(default_factory=dict)

    @property
    def totals(self) -> list[Charge]:
        return [self.sums[code] for code in sorted(self.sums)]


def by_company(lines: Iterable[Line]) -> list[OfCompany]:
    """By title. The sums are those of the rounded lines."""
    found: dict[int, OfCompany] = {}
    for line in lines:
        one = found.setdefault(line.ou_id, OfCompany(line.ou_id, line.company))
        one.lines += 1
        one.count += 0 if line.adjusts else line.count
        one.adjustments += bool(line.adjusts)
        one.unpriced += line.net is None and bool(line.count)
        if line.net is not None and line.tax is not None:
            so_far = one.sums.get(line.currency, Charge(line.currency, ZERO, ZERO))
            one.sums[line.currency] = Charge(line.currency, so_far.net + line.net, so_far.tax + line.tax)
    return sorted(found.values(), key=lambda one: (one.title.casefold(), one.ou))


def closings(request: HttpRequest, ou: OU, month: date) -> list[ClosedMonth]:
    """Those that closed companies below the OU, as far as the viewer sees the closing OU: the own one first."""
    seen = closing_ous(request).order_by().values("pk")
    rows = ClosedMonth.objects.filter(month=month, ou__in=seen).filter(
        Q(ou=ou) | Q(companies__ou__path__startswith=ou.path)
    )
    return list(rows.select_related("ou", "closed_by").distinct().order_by("ou__path"))


def guids(ous: Iterable[int]) -> dict[int, str]:
    return dict(OU.objects.filter(pk__in=set(ous)).values_list("pk", "guid"))
