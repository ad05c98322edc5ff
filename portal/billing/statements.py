"""A month's lines as people get them: the statement of one customer, and the workbook of the whole month.

Page, CSV, PDF and workbook all take the same rows; every sum is that of the lines' rounded amounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from portal.billing import closing
from portal.billing.models import ClosedMonth, Line
from portal.billing.pricing import Charge
from portal.exports import Sheet
from provisioning.models import OU

HEADINGS = (
    "Company", "Edition", "Product", "Domains", "Corrects", "Number", "Price", "Minimum", "Tiers", "Currency",
    "Net", "Tax %", "Tax", "With tax", "Priced", "Data as at", "Reason",
)  # fmt: skip
SUM_HEADINGS = ("Company", "Currency", "Net", "Tax", "With tax", "Unpriced lines")


@dataclass
class Statement:
    """What one customer pays for a month. `closed` is None while the month is open: then it is a draft."""

    company: OU
    month: date
    lines: list[Line]
    closed: ClosedMonth | None = None
    title: str = field(init=False)

    def __post_init__(self) -> None:
        self.title = self.lines[0].company if self.lines and self.closed else self.company.title

    @property
    def used(self) -> list[Line]:
        return [line for line in self.lines if not line.adjusts]

    @property
    def adjustments(self) -> list[Line]:
        return [line for line in self.lines if line.adjusts]

    @property
    def totals(self) -> list[Charge]:
        found = closing.totals(self.lines)
        return [found[code] for code in sorted(found)]

    @property
    def unpriced(self) -> list[Line]:
        return [line for line in self.lines if line.net is None and line.count]

    @property
    def file_name(self) -> str:
        """ASCII alone, and unmistakable though titles may look alike."""
        words = "".join(
            letter if letter.isascii() and letter.isalnum() else "-" for letter in self.title.lower()
        )
        slug = "-".join(part for part in words.split("-") if part)[:40]
        draft = "" if self.closed else "-draft"
        return f"statement-{self.month:%Y-%m}-{slug or 'company'}-{self.company.pk}{draft}"


def of_company(company: OU, month: date) -> Statement:
    """As it was closed; of an open month as it would be now. Raises closing.Refused as `closing.draft`."""
    rows = Line.objects.filter(ou=company, closed__month=month).select_related(
        "closed__ou", "closed__closed_by"
    )
    lines = list(rows.order_by("position"))
    if lines:
        return Statement(company, month, lines, lines[0].closed)
    closed = ClosedMonth.objects.filter(companies__ou=company, month=month).select_related("ou").first()
    if closed is not None:
        return Statement(company, month, [], closed)
    return Statement(company, month, closing.draft(company, month).lines)


# --- rows for files -----------------------------------------------------------------------------------------------------


def row(line: Line) -> list[Any]:
    how = line.how
    return [
        line.company, line.edition, line.product, domains(line), f"{line.adjusts:%Y-%m}" if line.adjusts else "",
        line.count, Decimal(how["unit"]) if "unit" in how else "", Decimal(how["minimum"]) if "minimum" in how else "",
        tiers(line), line.currency, _or_blank(line.net), _or_blank(line.tax_rate), _or_blank(line.tax),
        _or_blank(gross(line)), "unpriced" if line.net is None else "yes", line.data_as_at, line.reason,
    ]  # fmt: skip


def _or_blank(amount: Decimal | None) -> Decimal | str:
    return "" if amount is None else amount


def gross(line: Line) -> Decimal | None:
    return None if line.net is None or line.tax is None else line.net + line.tax


def domains(line: Line) -> str:
    """`acme.example 12; acme.test 3`."""
    behind = line.how.get("domains", [])
    return "; ".join(f"{one['domain']} {one['count']}" for one in behind) or line.domain


def tiers(line: Line) -> str:
    return "; ".join(f"from {first}: {unit}" for first, unit in line.how.get("tiers", []))


def price_words(line: Line) -> str:
    """How the line was priced, in short: what one costs, tiers, and whether the minimum made it."""
    how = line.how
    if line.adjusts:
        return f"corrects {line.adjusts:%B %Y}"
    if "unit" not in how:
        return "unpriced" if line.count else ""
    words = [
        f"{plain(how['unit'])} each",
        *(f"{plain(unit)} from {first:,} on" for first, unit in how["tiers"]),
    ]
    if how.get("at_minimum"):
        words.append(f"minimum {plain(how['minimum'])}")
    return ", ".join(words)


def plain(amount: str) -> str:
    """At least two decimals, and no zeros beyond them."""
    whole, _, rest = f"{Decimal(amount):,f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def sum_rows(lines: Iterable[Line]) -> list[list[Any]]:
    """For each company and currency its sums; at the end those of all, each currency by itself."""
    by_company: dict[tuple[str, int], list[Line]] = {}
    every = list(lines)
    for line in every:
        by_company.setdefault((line.company, line.ou_id), []).append(line)
    rows: list[list[Any]] = []
    for (title, _), own in sorted(by_company.items(), key=lambda item: (item[0][0].casefold(), item[0][1])):
        rows += _sums(title, own)
    return rows + _sums("All companies", every)


def _sums(title: str, lines: list[Line]) -> list[list[Any]]:
    totals = closing.totals(lines)
    unpriced = sum(line.net is None and bool(line.count) for line in lines)
    rows: list[list[Any]] = [
        [title, code, totals[code].net, totals[code].tax, totals[code].gross, ""] for code in sorted(totals)
    ]
    if unpriced or not rows:
        rows.append([title, "", "", "", "", unpriced])
    return rows


def sheets(
    ou: OU, month: date, lines: list[Line], closings: Iterable[ClosedMonth], *, whole: bool
) -> list[Sheet]:
    """The workbook of a month: all lines, the sums, and what it is. `whole`: nothing of the month is open."""
    facts: list[list[Any]] = [
        ["Reseller", ou.title],
        ["Month", f"{month:%Y-%m}"],
        ["State", "closed" if whole else "open: figures and prices of now"],
        ["Made", timezone.localtime()],
    ]
    for one in closings:
        facts += [
            ["Closed for", one.ou.title],
            ["Closed by", str(one.closed_by)],
            ["Closed on", one.closed_at],
            ["Note", one.note],
            ["Hash (SHA-256)", one.hash],
        ]
    return [
        Sheet("Lines", HEADINGS, [row(line) for line in lines]),
        Sheet("Sums", SUM_HEADINGS, sum_rows(lines)),
        Sheet("About", ("", ""), facts),
    ]


def day(moment: datetime) -> str:
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%-d %B %Y}"
