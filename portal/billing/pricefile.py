"""Prices as rows of cells: typed into the table of a book, or read from a CSV, and the CSV that is handed out.

Both ways go through `check`, so that the same sentence says what is wrong, wherever it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from portal.billing import csvfile
from portal.billing.csvfile import Cells, Layout

MOST_BYTES = 262_144
MOST_ROWS = 200  # four cells each: a form holds no more than 1,000
MOST_TIERS = 20
NAMES = ("edition", "unit", "minimum", "tiers")
HEADINGS = ("Edition", "Unit price", "Minimum", "Tiers")
LABELS = dict(zip(NAMES, HEADINGS, strict=True))
LAYOUT = Layout(
    columns={
        "edition": ("Edition", "code", "edition code", "package edition code"),
        "unit": ("Unit price", "price", "unit", "price per unit", "per month"),
        "minimum": ("Minimum", "least", "minimum charge"),
        "tiers": ("Tiers", "tier", "graduated"),
    },
    required=NAMES[:2],
    most_bytes=MOST_BYTES,
    most_rows=MOST_ROWS,
    too_large="The file is larger than 256 kB: a price book is not.",
    too_many=f"{MOST_ROWS} is the most.",
)
_HIGHEST_FIRST = 2_147_483_647


class Wrong(ValueError):
    """A cell that cannot be taken; the text is for people."""


@dataclass(frozen=True)
class Clean:
    """One price, ready to be kept."""

    edition: str
    unit: Decimal
    minimum: Decimal
    tiers: tuple[tuple[int, Decimal], ...]


@dataclass
class Row:
    """One row as it was written, `number` as a spreadsheet counts; `errors` by cell."""

    number: int
    cells: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    clean: Clean | None = None

    @property
    def is_blank(self) -> bool:
        """Nothing but perhaps an edition: one that has no price."""
        return not any(self.cells[name].strip() for name in NAMES[1:])

    @property
    def sentences(self) -> list[str]:
        return [f"Row {self.number}, {LABELS[name]}: {said}" for name, said in self.errors.items()]


def check(rows: Iterable[Row]) -> list[Row]:
    """Say in each row what is wrong, or make its price. Rows without a price are passed over."""
    seen: dict[str, int] = {}
    checked = []
    for row in rows:
        if row.errors or not row.is_blank:
            _check(row, seen)
            checked.append(row)
    return checked


def _check(row: Row, seen: dict[str, int]) -> None:
    found: dict[str, object] = {}
    ways = {"edition": _edition, "unit": _unit, "minimum": _minimum, "tiers": tiers_in}
    for name, way in ways.items():
        try:
            found[name] = way(row.cells[name])
        except Wrong as error:
            row.errors[name] = str(error)
    code = found.get("edition")
    if isinstance(code, str) and seen.setdefault(code, row.number) != row.number:
        row.errors["edition"] = f"{code} stands in row {seen[code]} already: leave one of them."
    if not row.errors:
        row.clean = Clean(**found)  # type: ignore[arg-type]


def _edition(text: str) -> str:
    code = text.strip()
    if not code:
        raise Wrong("Type the edition's code.")
    if len(code) > 100 or not code.isprintable():
        raise Wrong("A code has at most 100 characters, none of them a control character.")
    return code


def _unit(text: str) -> Decimal:
    return amount(text, 4)


def _minimum(text: str) -> Decimal:
    return amount(text, 2) if text.strip() else Decimal("0.00")


def amount(text: str, places: int) -> Decimal:
    """An amount as people and spreadsheets write it: 1234.5, 1234,5, 1 234,50, 1,234.50. Raises Wrong."""
    said = re.sub(r"[\s\u00a0\u202f'’]", "", text)
    if not said:
        raise Wrong("Type an amount, such as 12.50.")
    if said[0] in "-−(":
        raise Wrong("An amount cannot be negative.")
    whole, point, rest = _parts(said)
    if not (whole + rest).isascii() or not (whole + rest).isdigit():
        raise Wrong(f"“{text.strip()[:40]}” is no amount: write digits, such as 12.50.")
    if len(whole.lstrip("0")) > 10:
        raise Wrong("That is more than a price can be: ten digits are the most.")
    if len(rest.rstrip("0")) > places:
        raise Wrong(f"At most {places} decimals: round it to that.")
    return Decimal(f"{whole or '0'}{point and '.'}{rest}").quantize(Decimal(1).scaleb(-places))


def _parts(said: str) -> tuple[str, str, str]:
    """What stands before and behind the decimal sign; groups of thousands joined. Raises Wrong."""
    if len(said) > 40:
        raise Wrong("That is too long for an amount.")
    grouped = re.fullmatch(r"(\d{1,3}(?:,\d{3})+)\.(\d*)|(\d{1,3}(?:\.\d{3})+),(\d*)", said, re.ASCII)
    if grouped:
        whole = grouped[1] or grouped[3]
        return re.sub(r"[.,]", "", whole), ".", grouped[2] or grouped[4] or ""
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", said, re.ASCII):
        plain = said.replace(",", "")
        raise Wrong(f"{said} may mean {plain} or {said.replace(',', '.')}: write {plain}.00, or {said}0.")
    if said.count(",") + said.count(".") > 1:
        raise Wrong(f"“{said}” has more than one decimal sign: write it as 1234.50.")
    whole, point, rest = said.replace(",", ".").partition(".")
    return whole, point, rest


def tiers_in(text: str) -> tuple[tuple[int, Decimal], ...]:
    """Of `11: 9.50; 51: 8.00`: from the 11th on 9.50 each, from the 51st on 8.00. Raises Wrong."""
    parts = [part for part in re.split(r"[;|\n]", text) if part.strip()]
    if len(parts) > MOST_TIERS:
        raise Wrong(f"{MOST_TIERS} tiers are the most.")
    found: dict[int, Decimal] = {}
    for part in parts:
        first, unit = _tier(part)
        if first in found:
            raise Wrong(f"Two tiers begin at {first}: leave one.")
        found[first] = unit
    return tuple(sorted(found.items()))


def _tier(part: str) -> tuple[int, Decimal]:
    first, colon, price = part.partition(":")
    first = first.strip()
    if not colon or not (first.isascii() and first.isdigit()) or len(first) > 10:
        raise Wrong("Write tiers as “11: 9.50; 51: 8.00”: from the 11th on 9.50 each, and so on.")
    if not 2 <= int(first) <= _HIGHEST_FIRST:
        raise Wrong("A tier begins at 2 or later: the first ones cost the unit price.")
    return int(first), amount(price, 4)


# --- files --------------------------------------------------------------------------------------------------------------


def cells_of(price: Clean) -> dict[str, str]:
    """The price as it is shown in the table and written into a file."""
    return {
        "edition": price.edition,
        "unit": _plain(price.unit),
        "minimum": _plain(price.minimum) if price.minimum else "",
        "tiers": "; ".join(f"{first}: {_plain(unit)}" for first, unit in price.tiers),
    }


def _plain(value: Decimal) -> str:
    """At least two decimals, and no zeros beyond them."""
    whole, _, rest = f"{value:f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def file_rows(prices: Iterable[Clean]) -> list[list[str]]:
    """For exports.answer, which guards each cell against being run; `read` takes the guard off again."""
    return [[cells_of(price)[name] for name in NAMES] for price in prices]


def read(data: bytes) -> list[Row]:
    """The rows of a CSV, unchecked. Raises Unreadable, with a sentence."""
    return [_row(cells) for cells in csvfile.read(data, LAYOUT)]


def _row(cells: Cells) -> Row:
    row = Row(cells.number, cells.said)
    if cells.spilled:
        row.errors["unit"] = "There are more cells than columns: an amount with a decimal comma needs quotes."
    elif row.is_blank:
        row.errors["unit"] = "Type an amount, such as 12.50."
    return row
