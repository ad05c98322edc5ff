"""Files of mailboxes to be made: read, whatever a spreadsheet made of them; and the files that are handed out for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from portal import exports
from portal.textfiles import Unreadable, decoded
from provisioning.models import Step

MOST_BYTES = 1_048_576
MOST_ROWS = 2_000
_LONGEST_CELL = 1_000


@dataclass(frozen=True)
class Column:
    """One column; `names` are further headings under which it is known, all in small letters."""

    name: str
    label: str
    names: tuple[str, ...] = ()
    required: bool = False


COLUMNS = (
    Column("email", "Email", ("address", "mailbox", "e-mail", "mail", "email address"), required=True),
    Column("first_name", "First name", ("firstname", "given name", "name")),
    Column("last_name", "Last name", ("lastname", "surname", "family name"), required=True),
    Column("password", "Password"),
    Column("edition", "Edition", ("package_edition_code", "class of service", "plan")),
    Column("activate", "Activate", ("active", "provision", "at once")),
)
NAMES = tuple(column.name for column in COLUMNS)
LABELS = {column.name: column.label for column in COLUMNS}
HEADINGS = list(LABELS.values())
HEADINGS_AGAIN = [*HEADINGS, "Problem"]  # what else stands in a file is passed over when it is read
SAMPLES = (
    ("thandi.nkosi@example.com", "Thandi", "Nkosi", "", "", "yes"),
    ("accounts@example.com", "", "Accounts", "", "", "no"),
)


@dataclass
class Row:
    """One row as it stands in the file, `number` as a spreadsheet counts; `fault`: what is wrong with it as a whole."""

    number: int
    cells: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, ""))
    fault: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(data: bytes) -> list[Row]:
    """The rows of a file. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable("The file is larger than 1 MB: split it into several.")
    return parse(decoded(data))


def parse(text: str) -> list[Row]:
    """The rows below the headings; without headings, the columns in the template's order. Raises Unreadable."""
    lines = list(_lines(text.removeprefix("\ufeff")))
    if not lines:
        raise Unreadable("There is nothing in it.")
    columns = _columns(lines[0][1])
    below = lines[1:] if columns else lines
    if not below:
        raise Unreadable("There is no row below the headings.")
    if len(below) > MOST_ROWS:
        raise Unreadable(f"There are {len(below):,} rows; {MOST_ROWS:,} is the most at once. Split the file.")
    return [_row(number, cells, columns or list(NAMES)) for number, cells in below]


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with its number."""
    said = text.partition("\n")[0].strip().lower()
    given = said[4:] if said.startswith("sep=") and len(said) == 5 else ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=given or _separator(text))
    try:
        for number, cells in enumerate(reader, 1):
            if any(cell.strip() for cell in cells) and not (given and number == 1):
                yield number, cells
    except csv.Error:
        raise Unreadable("A quotation mark is opened and not closed: look at the rows with quotes.") from None


def _separator(text: str) -> str:
    """What stands between the cells of the first row that holds something."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    found = {mark: next(csv.reader([first], delimiter=mark), []) for mark in ",;\t"}
    return max(found, key=lambda mark: (sum(map(bool, map(_column_of, found[mark]))), len(found[mark])))


def _column_of(heading: str) -> str:
    """The column that the heading names; "" for none that is known."""
    said = " ".join(heading.replace("_", " ").split()).casefold().rstrip("*: ")
    return next(
        (
            row.name
            for row in COLUMNS
            if said in (row.label.casefold(), *(n.replace("_", " ") for n in row.names))
        ),
        "",
    )


def _columns(first: list[str]) -> list[str]:
    """The columns by place as the headings name them ("" for those to pass over); [] when the first row is no heading."""
    if any("@" in cell for cell in first):
        return []
    named = [_column_of(cell) for cell in first]
    for column in COLUMNS:
        if column.required and column.name not in named:
            raise Unreadable(
                f"No column is called {column.label}. The first row holds the headings: {', '.join(HEADINGS)}."
            )
        if named.count(column.name) > 1:
            raise Unreadable(f"Two columns are called {column.label}: leave one.")
    return named


def _row(number: int, cells: list[str], columns: list[str]) -> Row:
    row = Row(number)
    for name, cell in zip(columns, cells, strict=False):
        if name:
            row.cells[name] = cleaned(name, cell)
    if any(cell.strip() for cell in cells[len(columns) :]):
        row.fault = (
            "There are more cells in this row than columns: a separator stands in a cell that has no quotes."
        )
    return row


def cleaned(name: str, cell: str) -> str:
    """The cell without what only spreadsheets put there; a password to the letter."""
    cell = cell.replace("\x00", "")[:_LONGEST_CELL]
    if name == "password":
        return cell
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and exports.is_risky(cell[1:]) else cell


def again(step: Step, why: str) -> list[str]:
    """A step that failed as a row of a file to be imported once more; its password is not kept."""
    asked = step.payload
    told = {
        "email": step.title,
        "first_name": asked.get("first_name", ""),
        "last_name": asked.get("last_name", ""),
        "edition": asked.get("package_edition_code", ""),
        "activate": "yes" if asked.get("provision_immediately") else "no",
    }
    return [*(str(told.get(name, "")) for name in NAMES), why]
