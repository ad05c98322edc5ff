"""The matrix of a month: what each customer uses by edition, against another month, and what it costs.

All lines of the companies asked for are read, for the totals count and cost all of them; a page of companies is shown.
What nobody knows is told beside the totals and is in none of them: never taken for nothing in use.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from portal import listing
from portal.billing import sums
from portal.billing.pricing import Charge
from portal.billing.sums import LineOf
from portal.usage.asked import UNKNOWN, Asked
from portal.usage.columns import OTHERS, Column, Group, columns, groups
from portal.usage.figures import WHEN, Obtained, obtained
from provisioning.models import OU, MonthlyFigure


@dataclass
class Cell:
    """A count against the one of the other month; None: there is no figure. `label` is its column's, `about` its age."""

    count: int | None = None
    before: int | None = None
    stale: int = 0
    label: str = ""
    about: str = ""
    url: str = ""
    comparable: bool = False  # both months are wholly known
    then_whole: bool = True  # the other one is

    @property
    def against(self) -> str:
        """The change in words: `+2`, `−3`, `new`, `was 5`; nothing where nothing changed, or there is no knowing."""
        if self.before is None:
            return "new" if self.comparable and self.count else ""
        return _signed(self.count - self.before) if self.comparable and self.count is not None else self.was

    @property
    def was(self) -> str:
        return f"was {'' if self.then_whole else 'at least '}{self.before or 0:,}"

    @property
    def is_empty(self) -> bool:
        return self.count is None and self.before is None

    def add(self, count: int, stale: int = 0) -> None:
        self.count = (self.count or 0) + count
        self.stale += stale

    def add_before(self, count: int) -> None:
        self.before = (self.before or 0) + count


@dataclass
class Money:
    """What lines cost, each currency by itself; the `unpriced` ones are in no sum."""

    charges: dict[str, Charge]
    unpriced: int

    @classmethod
    def of(cls, lines: Iterable[LineOf]) -> Money:
        some = list(lines)
        return cls(sums.totals(some), len(sums.unpriced(some)))


@dataclass
class Row:
    """One company. `missing` domains are in none of its counts."""

    ou: OU
    url: str
    cells: list[Cell]
    total: Cell
    money: Money
    missing: int
    missing_before: int
    obtained: Obtained


@dataclass
class Before:
    """One line of the other month."""

    edition: str
    product: str
    count: int
    ou: int = 0


@dataclass
class Matrix:
    """What was asked for, read once: a fixed number of queries, however many companies there are."""

    asked: Asked
    all_lines: list[LineOf] = field(repr=False)
    all_before: list[Before] = field(repr=False)  # of all companies together
    missing_of: dict[int, int]
    missing_before_of: dict[int, int]

    @classmethod
    def read(cls, asked: Asked) -> Matrix:
        return cls(
            asked,
            sums.month_lines(asked.companies, asked.month, asked.figures, ages=False),
            _before(asked),
            _missing(asked, asked.month),
            _missing(asked, asked.before) if asked.before else {},
        )

    @cached_property
    def products(self) -> dict[str, str]:
        """Which product each edition is of, as far as any figure says."""
        found = {row.edition: row.product for row in self.all_before}
        for edition, product in {(line.edition, line.product) for line in self.all_lines}:
            found[edition] = max(product, found.get(edition, ""))
        return dict(sorted(found.items()))

    @cached_property
    def editions(self) -> set[str]:
        """Those that the filters leave."""
        return {code for code, product in self.products.items() if self.asked.takes(product, code)}

    @cached_property
    def lines(self) -> list[LineOf]:
        if len(self.editions) == len(self.products):
            return self.all_lines
        return [line for line in self.all_lines if line.edition in self.editions]

    @cached_property
    def before(self) -> list[Before]:
        return [line for line in self.all_before if line.edition in self.editions]

    def before_of(self, ous: Any) -> list[Before]:
        """The other month's lines of those companies."""
        return [row for row in _before(self.asked, ous) if row.edition in self.editions]

    @cached_property
    def columns(self) -> list[Column]:
        counts: Counter[str] = Counter()
        for line in self.lines:
            counts[line.edition] += line.count
        for row in self.before:
            counts[row.edition] += row.count
        return columns(self.asked.companies, counts, self.products)

    @property
    def choices(self) -> dict[str, Any]:
        """What can be filtered by: each product with its name, and each edition."""
        names = {column.product: column.product_name for column in self.columns}
        codes = sorted(set(self.products.values()))
        return {
            "products": [(code or UNKNOWN, names.get(code) or code or "Not known") for code in codes],
            "editions": list(self.products),
        }

    @property
    def groups(self) -> list[Group]:
        return groups(self.columns)

    @cached_property
    def page(self) -> listing.Page:
        return listing.page(self.asked.request, self.shown, "title", "id")

    @property
    def shown(self) -> QuerySet[OU]:
        """Companies with a figure in either month, or with a domain that nobody has counted."""
        asked, own = self.asked, MonthlyFigure.objects.filter(self.asked.figures, ou=OuterRef("pk"))
        if asked.product or asked.edition:
            own = own.filter(edition__in=self.editions)
        months = [month for month in (asked.month, asked.before) if month]
        return asked.companies.filter(Exists(own.filter(month__in=months)) | Q(pk__in=[*self.missing_of]))

    @property
    def rows(self) -> list[Row]:
        """The companies of this page."""
        return self.rows_of(self.page.rows)

    def rows_of(self, ous: Iterable[OU]) -> list[Row]:
        some = {ou.pk: ou for ou in ous}
        how = obtained(list(some), self.asked.month, self.asked.figures)
        lines, before = defaultdict(list), defaultdict(list)
        for line in self.lines:
            if line.ou in some:
                lines[line.ou].append(line)
        for row in self.before_of(list(some)):
            before[row.ou].append(row)
        return [self._row(ou, lines[pk], before[pk], how) for pk, ou in some.items()]

    def _row(
        self, ou: OU, lines: list[LineOf], before: list[Before], how: Mapping[tuple[int, Any], Obtained]
    ) -> Row:
        url, together = reverse("usage:company", args=[ou.guid]), Obtained()
        missing, missing_before = self.missing_of.get(ou.pk, 0), self.missing_before_of.get(ou.pk, 0)
        cells = self._cells(lines, before, not missing and not missing_before, not missing_before)
        for column, cell in zip(self.columns, cells, strict=True):
            if cell.is_empty or column.is_others:
                continue
            cell.url = self.asked.url(url, edition=column.code)
            if (ou.pk, column.code) in how:
                cell.about = how[ou.pk, column.code].told
        for line in lines:
            if (ou.pk, line.edition) in how:
                together.join(how[ou.pk, line.edition])
        return Row(
            ou,
            self.asked.url(url),
            cells,
            _sum(cells, then_whole=not missing_before),
            Money.of(lines),
            missing,
            missing_before,
            together,
        )

    def _cells(
        self, lines: Iterable[LineOf], before: Sequence[Before], whole: bool, then_whole: bool = True
    ) -> list[Cell]:
        comparable = whole and bool(before)
        cells = {
            column.code: Cell(label=column.label, comparable=comparable, then_whole=then_whole)
            for column in self.columns
        }
        others = cells.get(OTHERS, Cell())
        for line in lines:
            cells.get(line.edition, others).add(line.count, line.stale)
        for row in before:
            cells.get(row.edition, others).add_before(row.count)
        return list(cells.values())

    # --- all of the companies asked for, whatever page is shown

    @cached_property
    def totals(self) -> list[Cell]:
        whole, then_whole = not self.missing and not self.missing_before, not self.missing_before
        return self._cells(self.lines, self.before, whole, then_whole)

    @property
    def total(self) -> Cell:
        return _sum(self.totals, then_whole=not self.missing_before)

    @cached_property
    def money(self) -> Money:
        return Money.of(self.lines)

    @property
    def missing(self) -> int:
        return sum(self.missing_of.values())

    @property
    def missing_before(self) -> int:
        return sum(self.missing_before_of.values())

    @cached_property
    def oldest(self) -> datetime | None:
        asked = self.asked
        figures = MonthlyFigure.objects.filter(asked.figures, month=asked.month, edition__in=self.editions)
        own = figures.filter(ou__in=asked.companies.order_by().values("pk"))
        found: datetime | None = own.aggregate(at=Min(WHEN))["at"]
        return found


def _sum(cells: Iterable[Cell], *, then_whole: bool = True) -> Cell:
    whole = Cell(then_whole=then_whole)
    for cell in cells:
        whole.comparable = whole.comparable or cell.comparable
        if cell.count is not None:
            whole.add(cell.count, cell.stale)
        if cell.before is not None:
            whole.add_before(cell.before)
    return whole


def _signed(number: int) -> str:
    return f"{number:+,}".replace("-", "−") if number else ""


def _before(asked: Asked, ous: Any = None) -> list[Before]:
    """Of each of those companies; without any, of all that are asked for together."""
    if asked.before is None:
        return []
    figures = MonthlyFigure.objects.filter(asked.figures, month=asked.before).order_by()
    counted = {"of": Max("product"), "total": Sum("count")}
    if ous is None:
        rows = figures.filter(ou__in=asked.companies.order_by().values("pk")).values_list("edition")
        return [Before(*row) for row in rows.annotate(**counted)]
    own = figures.filter(ou__in=ous).values_list("edition", "ou").annotate(**counted)
    return [Before(edition, product, count, ou) for edition, ou, product, count in own]


def _missing(asked: Asked, month: date) -> dict[int, int]:
    """How many domains of each company nobody has counted in the month."""
    found = sums.missing(asked.companies, month).filter(asked.domains)
    return dict(found.order_by().values_list("ou").annotate(number=Count("pk")))
