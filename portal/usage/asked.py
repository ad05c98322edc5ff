"""What a page of usage was asked for: the month, the one it is compared with, and which companies and editions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import access, filters, named
from portal.billing import books
from portal.typed import search_term
from provisioning.models import OU, MonthlyFigure

_MOST_MONTHS = 60
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
NOTHING = "none"  # compare with
UNKNOWN = "unknown"  # a product that no package of the portal is known to have


@dataclass(frozen=True)
class Asked:
    """The filters in force. `before` is None where nothing is to be compared with."""

    request: HttpRequest
    month: date
    before: date | None
    under: list[OU]  # all of that GUID in scope; it is one's own to a connection
    company: list[OU]
    term: str
    domain: str
    product: str
    edition: str

    @cached_property
    def companies(self) -> QuerySet[OU]:
        """Those in scope that the filters leave."""
        found = access.usage_companies(self.request)
        if self.company:
            found = found.filter(pk__in=[ou.pk for ou in self.company])
        if self.under:
            found = found.filter(reduce(or_, (Q(path__startswith=ou.path) for ou in self.under)))
        if self.term:
            one = found.filter(guid__iexact=self.term)
            found = one if one.exists() else named.companies(found, self.term)
        return found

    @property
    def figures(self) -> Q:
        """What the filters leave of the companies' figures, but for the edition and the product."""
        return Q(domain__name__istartswith=self.domain) if self.domain else Q()

    @property
    def domains(self) -> Q:
        """The same of domains."""
        return Q(name__istartswith=self.domain) if self.domain else Q()

    def takes(self, product: str, edition: str) -> bool:
        """Whether they leave that edition."""
        if self.product and self.product != (product or UNKNOWN):
            return False
        return not self.edition or self.edition == edition

    @property
    def narrowed(self) -> bool:
        """Whether only a part of the companies is looked at."""
        return bool(self.term or self.under or self.company or self.domain)

    @property
    def chips(self) -> list[dict[str, str]]:
        shown = {
            "under": ("Under", self.under[0].title if self.under else ""),
            "company": ("Company", self.company[0].title if self.company else ""),
            "q": ("Company", self.term),
            "domain": ("Domain", self.domain),
            "product": ("Product", "not known" if self.product == UNKNOWN else self.product),
            "edition": ("Edition", self.edition),
        }
        return filters.chips(self.request, {name: pair for name, pair in shown.items() if pair[1]})

    def url(self, path: str, **more: Any) -> str:
        """Another page of the same month, compared with the same."""
        said: dict[str, Any] = {}
        if self.month != books.today().replace(day=1):
            said["month"] = in_address(self.month)
        if "compare" in self.request.GET:
            said["compare"] = in_address(self.before) if self.before else NOTHING
        said |= {name: value for name, value in more.items() if value}
        return f"{path}?{urlencode(said)}" if said else path

    def at(self, month: date, path: str) -> str:
        """That page of another month, with its filters."""
        return self.with_filters(
            path, month="" if month == books.today().replace(day=1) else in_address(month)
        )

    def with_filters(self, path: str, **more: str) -> str:
        """Another page with all the filters of this one."""
        query = self.request.GET.copy()
        for name in (*filters.CURSORS, "export", *more):
            query.pop(name, None)
        for name, value in more.items():
            if value:
                query[name] = value
        return f"{path}?{query.urlencode()}" if query else path


def read(request: HttpRequest) -> Asked:
    """The filters of the address; what names nothing in scope is passed over."""
    month = month_in(request.GET.get("month", "")) or books.today().replace(day=1)
    compare = request.GET.get("compare", "")
    before = None if compare == NOTHING else month_in(compare) or previous(month)
    return Asked(
        request,
        month,
        None if before == month else before,
        _all(access.usage_ous(request).exclude(type=OU.Type.COMPANY), request.GET.get("under", "")),
        _all(access.usage_companies(request), request.GET.get("company", "")),
        search_term(request),
        search_term(request, "domain").lower(),
        search_term(request, "product"),
        search_term(request, "edition"),
    )


def _all(found: QuerySet[OU], guid: str) -> list[OU]:
    return list(found.filter(guid=guid).order_by("pk")) if guid and "\x00" not in guid else []


def month_in(text: str) -> date | None:
    """Of "2026-07" its first day; None for what is no month, or one to come."""
    if not _MONTH.fullmatch(text):
        return None
    try:
        month = date(int(text[:4]), int(text[5:]), 1)
    except ValueError:
        return None
    return month if month <= books.today() else None


def in_address(month: date) -> str:
    return f"{month:%Y-%m}"


def previous(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def following(month: date) -> date | None:
    """The month after; None of the present one."""
    after = books.last_day(month) + timedelta(days=1)
    return after if after <= books.today() else None


def back_from(month: date, number: int) -> list[date]:
    """So many months up to that one, the oldest first."""
    found = [month]
    while len(found) < number:
        found.append(previous(found[-1]))
    return found[::-1]


def months(request: HttpRequest) -> list[date]:
    """Months to choose from, the newest first: since the first of which there is a figure in scope."""
    own = MonthlyFigure.objects.filter(ou__in=access.usage_companies(request).values("pk"))
    first = own.order_by("month").values_list("month", flat=True).first()
    present = books.today().replace(day=1)
    found = [present]
    while first and found[-1] > first and len(found) < _MOST_MONTHS:
        found.append(previous(found[-1]))
    return found if len(found) > 1 else [present, previous(present)]
