"""A CSV as people's spreadsheets write it, read into cells by the names of its columns.

Byte-order marks, UTF-16 and Windows' letters, commas, semicolons and tabs are all taken. What is done with the cells, the
caller says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal import exports
from portal.textfiles import Unreadable, decoded

_LONGEST_CELL = 1_000


@dataclass(frozen=True)
class Layout:
    """What a file may hold. `columns`: by name the heading and the further names under which it is known."""

    columns: Mapping[str, tuple[str, ...]]
    required: Sequence[str]
    most_bytes: int
    most_rows: int
    too_large: str
    too_many: str

    @property
    def headings(self) -> list[str]:
        return [names[0] for names in self.columns.values()]


@dataclass
class Cells:
    """One row, `number` as a spreadsheet counts; `spilled`: there are more cells in it than columns."""

    number: int
    said: dict[str, str]
    spilled: bool = False
    columns: list[str] = field(default_factory=list)


def read(data: bytes, layout: Layout) -> list[Cells]:
    """The rows below the headings. Raises Unreadable, with a sentence."""
    if len(data) > layout.most_bytes:
        raise Unreadable(layout.too_large)
    lines = _lines(decoded(data), layout)
    if not lines:
        raise Unreadable("There is nothing in it.")
    columns = _columns(lines[0][1], layout)
    if len(lines) - 1 > layout.most_rows:
        raise Unreadable(f"There are {len(lines) - 1:,} rows; {layout.too_many}")
    return [_row(number, cells, columns, layout) for number, cells in lines[1:]]


def _lines(text: str, layout: Layout) -> list[tuple[int, list[str]]]:
    """Each row that holds something, with its number as a spreadsheet counts."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = {
        mark: sum(bool(_column(cell, layout)) for cell in first.split(mark)) for mark in (",", ";", "\t")
    }
    mark = max(known, key=lambda one: known[one])
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error:
        raise Unreadable("A quotation mark is opened and not closed: look at the rows with quotes.") from None
    return [(n, cells) for n, cells in enumerate(rows, 1) if any(cell.strip() for cell in cells)]


def _column(heading: str, layout: Layout) -> str:
    said = " ".join(heading.replace("_", " ").strip(' "').split()).casefold()
    return next((name for name, names in layout.columns.items() if said in map(str.casefold, names)), "")


def _columns(first: list[str], layout: Layout) -> list[str]:
    named = [_column(cell, layout) for cell in first]
    for name, (heading, *_) in layout.columns.items():
        if name in layout.required and name not in named:
            raise Unreadable(
                f"No column is called {heading}. The first row holds the headings: {', '.join(layout.headings)}."
            )
        if named.count(name) > 1:
            raise Unreadable(f"Two columns are called {heading}: leave one.")
    return named


def _row(number: int, cells: list[str], columns: list[str], layout: Layout) -> Cells:
    row = Cells(number, dict.fromkeys(layout.columns, ""), columns=[name for name in columns if name])
    for name, cell in zip(columns, cells, strict=False):
        if name:
            row.said[name] = unguarded(cell)
    row.spilled = any(cell.strip() for cell in cells[len(columns) :])
    return row


def unguarded(cell: str) -> str:
    """Without the apostrophe that exports put before what a spreadsheet would run."""
    said = cell.strip()[:_LONGEST_CELL]
    return said[1:] if said.startswith("'") and exports.is_risky(said[1:]) else said
