"""Months side by side: for the chart, for the table beside it, and for the matrix of customers by month.

A month without any figure is a gap, not nothing in use.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum
from django.http import HttpRequest

from portal.billing import sums
from portal.usage import asked as filters
from portal.usage.asked import Asked
from portal.usage.columns import columns
from provisioning.models import OU, MonthlyFigure

LENGTHS = (12, 24)
_MOST_SERIES = 7  # lines that can be told apart; the rest is one


@dataclass(frozen=True)
class Series:
    """One edition's count by month; None: nobody knows."""

    label: str
    code: str
    counts: list[int | None]


@dataclass(frozen=True)
class Trend:
    """`domains` is how many were counted in each month, `missing` how many were not, though they were before and after:
    a sum without them is less, and no fall in use. `editions` are those that the filters leave."""

    months: list[date]
    series: list[Series]
    totals: list[int | None]
    domains: list[int]
    missing: list[int]
    editions: frozenset[str]
    choices: dict[str, Any]

    @property
    def has_past(self) -> bool:
        return sum(1 for total in self.totals if total is not None) > 1

    @property
    def chart(self) -> dict[str, Any]:
        """For json_script, as static/js/usage.js takes it. A month that is not wholly known has a star."""
        return {
            "labels": [
                f"{month:%b %Y}{'*' if missing else ''}"
                for month, missing in zip(self.months, self.missing, strict=True)
            ],
            "series": [{"label": one.label, "data": one.counts} for one in self.series],
        }

    @property
    def not_whole(self) -> list[tuple[date, int]]:
        """The months in which not all was counted, and how many domains were not."""
        return [pair for pair in zip(self.months, self.missing, strict=True) if pair[1]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The same for the table, the newest month first."""
        return [
            {
                "month": month,
                "counts": [one.counts[place] for one in self.series],
                "total": self.totals[place],
                "domains": self.domains[place],
                "missing": self.missing[place],
            }
            for place, month in reversed(list(enumerate(self.months)))
        ]


def length(request: HttpRequest) -> int:
    """How many months are asked for."""
    said = request.GET.get("months", "")
    return int(said) if said in map(str, LENGTHS) else LENGTHS[0]


def of(asked: Asked, number: int) -> Trend:
    """So many months up to the one asked for, of all companies asked for together. A fixed number of queries."""
    months = filters.back_from(asked.month, number)
    own = MonthlyFigure.objects.filter(asked.figures, month__gte=months[0], month__lte=asked.month)
    own = own.filter(ou__in=asked.companies.order_by().values("pk")).order_by()
    every, products = _counts(own)
    counts = {code: row for code, row in every.items() if asked.takes(products[code], code)}
    missing = sums.missing(asked.companies, asked.month).filter(asked.domains).count()
    known = _Known(months, *_spans(own), last=missing)
    return Trend(
        months,
        _series(asked.companies, counts, products, known),
        _line(known, list(counts.values())),
        [known.counted.get(day, 0) for day in months],
        [known.missing(day) for day in months],
        frozenset(counts),
        _choices(products),
    )


def _counts(own: QuerySet[MonthlyFigure]) -> tuple[dict[str, dict[date, int]], dict[str, str]]:
    """By edition and month, and the product of each edition."""
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    products: dict[str, str] = {}
    rows = own.values_list("month", "edition").annotate(of=Max("product"), total=Sum("count"))
    for when, edition, product, total in rows:
        products[edition] = product or products.get(edition, "")
        counts[edition][when] = total
    return counts, products


def _choices(products: dict[str, str]) -> dict[str, Any]:
    codes = sorted(set(products.values()))
    return {
        "products": [(code or filters.UNKNOWN, code or "Not known") for code in codes],
        "editions": sorted(products),
    }


Span = tuple[date, date]


def _spans(own: QuerySet[MonthlyFigure]) -> tuple[dict[date, int], Counter[Span]]:
    """How many domains were counted in each month; and of how many the first and the last counting was when."""
    counted = own.values_list("month").annotate(number=Count("domain", distinct=True))
    spans = own.values("domain").annotate(first=Min("month"), last=Max("month"))
    return dict(counted), Counter((row["first"], row["last"]) for row in spans)


@dataclass(frozen=True)
class _Known:
    """What of each month was counted. A domain that was counted before a month and after it was there in it."""

    months: Sequence[date]
    counted: dict[date, int]
    spans: Counter[Span]
    last: int = 0  # not counted in the last of the months

    def missing(self, day: date) -> int:
        if day == self.months[-1]:
            return self.last
        there = sum(number for (first, last), number in self.spans.items() if first <= day <= last)
        return max(0, there - self.counted.get(day, 0))


def _series(
    companies: QuerySet[OU], counts: dict[str, dict[date, int]], products: dict[str, str], known: _Known
) -> list[Series]:
    totals = Counter({code: sum(row.values()) for code, row in counts.items()})
    kept = dict(totals.most_common(_MOST_SERIES))
    found = [
        Series(column.label, column.code, _line(known, [counts[column.code]]))
        for column in columns(companies, Counter(kept), products)
    ]
    others = [row for code, row in counts.items() if code not in kept]
    if others:
        found.append(Series(f"{len(others)} others", "", _line(known, others)))
    return found


def _line(known: _Known, rows: Sequence[dict[date, int]]) -> list[int | None]:
    """What is named by no report of a month is not in use; where a report is missing, nobody knows."""
    line: list[int | None] = []
    for day in known.months:
        named = [row[day] for row in rows if day in row]
        whole = day in known.counted and not known.missing(day)
        line.append(sum(named) if named or whole else None)
    return line


def companies(asked: Asked, shown: Trend) -> QuerySet[OU]:
    """Those with a figure in any of the months."""
    return asked.companies.filter(Exists(_own(asked, shown).filter(ou=OuterRef("pk"))))


def by_month(asked: Asked, ous: Iterable[OU], shown: Trend) -> dict[int, list[tuple[date, int | None, bool]]]:
    """Of each of those companies by month its count (None: nobody knows), and whether it is at least so much. Three
    queries."""
    own = _own(asked, shown).filter(ou__in=list(ous)).order_by()
    counts: dict[int, dict[date, int]] = defaultdict(dict)
    for ou, when, total in own.values_list("ou", "month").annotate(total=Sum("count")):
        counts[ou][when] = total
    counted: dict[int, dict[date, int]] = defaultdict(dict)
    for ou, when, number in own.values_list("ou", "month").annotate(number=Count("domain", distinct=True)):
        counted[ou][when] = number
    spans: dict[int, Counter[Span]] = defaultdict(Counter)
    for span in own.values("ou", "domain").annotate(first=Min("month"), last=Max("month")):
        spans[span["ou"]][span["first"], span["last"]] += 1
    found = {}
    for ou, row in counts.items():
        known = _Known(shown.months, counted[ou], spans[ou])
        found[ou] = [(day, row.get(day), day in row and known.missing(day) > 0) for day in shown.months]
    return found


def _own(asked: Asked, shown: Trend) -> QuerySet[MonthlyFigure]:
    """The figures that the filters leave of the months shown."""
    figures = MonthlyFigure.objects.filter(
        asked.figures, month__gte=shown.months[0], month__lte=shown.months[-1]
    )
    return figures.filter(edition__in=shown.editions) if asked.product or asked.edition else figures
