"""The provider's invoice beside what the portal counted: what agrees, what differs, what only one side has.

The file is compared as far as it goes: by company, domain and edition where it names them. It is read, and not kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from portal.billing import csvfile, pricefile
from portal.billing.csvfile import Cells, Layout
from portal.billing.models import Line
from portal.textfiles import Unreadable

MOST_BYTES = 1_048_576
_HIGHEST = 10_000_000
PARTS = ("company", "domain", "edition")
LABELS = {
    "company": "Company",
    "domain": "Domain",
    "edition": "Edition",
    "count": "Count",
    "amount": "Amount",
}
LAYOUT = Layout(
    columns={
        "company": ("Company", "customer", "client", "company name", "customer name", "organisation", "ou"),
        "domain": ("Domain", "domain name", "domains"),
        "edition": ("Edition", "edition code", "package edition code", "code", "product code", "sku", "item"),
        "count": ("Count", "number", "quantity", "qty", "units", "mailboxes", "in use", "billable"),
        "amount": ("Amount", "net", "total", "price", "cost", "line total", "net amount", "amount excl tax"),
    },
    required=("count",),
    most_bytes=MOST_BYTES,
    most_rows=20_000,
    too_large="The file is larger than 1 MB: leave out what is of other months.",
    too_many="20,000 is the most at once. Leave out what is of other months.",
)  # fmt: skip
Key = tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One row of the invoice, clean."""

    number: int
    said: dict[str, str]
    count: int
    amount: Decimal | None


@dataclass(frozen=True)
class Compared:
    """One thing on both sides, or on one. `ours` and `theirs` are counts; None where that side has nothing."""

    names: tuple[str, ...]
    ours: int | None
    theirs: int | None
    amount: Decimal | None = None

    @property
    def state(self) -> str:
        if self.ours is None:
            return "missing here"
        if self.theirs is None:
            return "missing there"
        return "agrees" if self.ours == self.theirs else "differs"

    @property
    def difference(self) -> int:
        return (self.theirs or 0) - (self.ours or 0)


@dataclass
class Comparison:
    """`parts`: what things are told apart by."""

    parts: tuple[str, ...]
    rows: list[Compared] = field(default_factory=list)
    amount: Decimal | None = None

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.state for row in self.rows)


def read(data: bytes) -> tuple[list[Row], list[str], tuple[str, ...]]:
    """The rows, a sentence for each cell that cannot be taken, and the columns that there are. Raises Unreadable for the
    file as a whole."""
    cells = csvfile.read(data, LAYOUT)
    if not cells:
        raise Unreadable("There is no row below the headings.")
    if not any(name in cells[0].columns for name in PARTS):
        raise Unreadable(
            "No column says what is counted: one of Company, Domain and Edition has to be there."
        )
    rows: list[Row] = []
    wrong: list[str] = []
    seen: dict[Key, int] = {}
    for row in cells:
        try:
            rows.append(_row(row, seen))
        except pricefile.Wrong as error:
            wrong.append(f"Row {row.number}, {error}")
    return rows, wrong, tuple(cells[0].columns)


def _row(row: Cells, seen: dict[Key, int]) -> Row:
    if row.spilled:
        raise pricefile.Wrong(
            "Amount: there are more cells than columns. An amount with a decimal comma needs quotes."
        )
    for name in (part for part in PARTS if part in row.columns):
        if not row.said[name]:
            raise pricefile.Wrong(f"{LABELS[name]}: it is empty.")
    count = _cell("count", row.said["count"])
    amount = _cell("amount", row.said["amount"]) if row.said["amount"] else None
    key = key_of(row.said, tuple(part for part in PARTS if part in row.columns))
    first = seen.setdefault(key, row.number)
    if first != row.number:
        name = next(part for part in PARTS if part in row.columns)
        raise pricefile.Wrong(f"{LABELS[name]}: the same stands in row {first}. Leave one, or add them up.")
    return Row(row.number, row.said, int(count), amount)


def _cell(name: str, said: str) -> Decimal:
    try:
        return Decimal(count_in(said)) if name == "count" else pricefile.amount(said, 2)
    except pricefile.Wrong as error:
        raise pricefile.Wrong(f"{LABELS[name]}: {error}") from None


def count_in(text: str) -> int:
    """A whole number as spreadsheets write it: 12, 1 234, 1,234, 1.234, 12.00. Raises pricefile.Wrong."""
    said = re.sub(r"[\s\u00a0\u202f'’]", "", text)
    if not said:
        raise pricefile.Wrong("type a number, such as 12.")
    if said[0] in "-−(":
        raise pricefile.Wrong("a count cannot be negative.")
    whole = re.sub(r"[.,]0{1,2}$", "", said)
    if re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+", whole, re.ASCII):
        whole = re.sub(r"[.,]", "", whole)
    if not (whole.isascii() and whole.isdigit()):
        raise pricefile.Wrong(f"“{text.strip()[:40]}” is no whole number.")
    if len(whole) > 12 or int(whole) > _HIGHEST:
        raise pricefile.Wrong(f"more than {_HIGHEST:,} of one thing is absurd.")
    return int(whole)


def key_of(said: dict[str, str], parts: tuple[str, ...]) -> Key:
    return tuple(" ".join(said[part].split()).casefold() for part in parts)


def compare(rows: list[Row], lines: Iterable[Line], columns: tuple[str, ...]) -> Comparison:
    """By what the file's columns tell apart. Corrections of other months are left out of our side."""
    parts = tuple(part for part in PARTS if part in columns)
    ours: Counter[Key] = Counter()
    names: dict[Key, tuple[str, ...]] = {}
    for said, count in _ours(lines, by_domain="domain" in parts):
        key = key_of(said, parts)
        ours[key] += count
        names.setdefault(key, tuple(said[part] for part in parts))
    theirs = {key_of(row.said, parts): row for row in rows}
    for key, row in theirs.items():
        names.setdefault(key, tuple(row.said[part] for part in parts))
    found = [
        Compared(
            names[key], ours.get(key), theirs[key].count if key in theirs else None,
            theirs[key].amount if key in theirs else None,
        )
        for key in sorted(names)
        if ours.get(key) or key in theirs
    ]  # fmt: skip
    amounts = [row.amount for row in rows if row.amount is not None]
    return Comparison(parts, found, sum(amounts, Decimal("0.00")) if amounts else None)


def _ours(lines: Iterable[Line], *, by_domain: bool) -> Iterable[tuple[dict[str, str], int]]:
    for line in lines:
        if line.adjusts:
            continue
        said = {"company": line.company, "edition": line.edition, "domain": ""}
        if not by_domain:
            yield said, line.count
            continue
        for row in line.how.get("domains", []):
            yield {**said, "domain": row["domain"]}, row["count"]
