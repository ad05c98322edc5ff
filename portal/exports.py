"""A list as a file: the rows that its filters leave, in its order, with the columns that it shows.

What stands in a cell was typed by people or said by SYNAQ, and a spreadsheet runs a cell that begins like a formula. In a
CSV such a cell gets an apostrophe in front; in a workbook it is written as text, and marked as text for whoever edits it.
"""

from __future__ import annotations

import csv
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

CSV, CSV_EXCEL, XLSX = "csv", "csv-excel", "xlsx"
FORMATS = ((CSV, "CSV"), (CSV_EXCEL, "CSV for Excel"), (XLSX, "Excel workbook"))

_BOM = "\ufeff"  # without it Excel reads UTF-8 as something else
_RISKY = "=+-@−"
_LONGEST_CELL = 32_767
_LINES_AT_ONCE = 200
_MOST_ROWS = 1_048_575  # of a worksheet, besides its heading
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Exported:
    """What was taken away, for the audit trail: `portal.trail.middleware` finds it on the answer."""

    name: str
    form: str
    columns: tuple[str, ...]
    rows: int | None


def answer(
    form: str, name: str, headings: Sequence[str], rows: Rows, count: int | None = None
) -> HttpResponseBase:
    """The file as an attachment. `form` is one of FORMATS; `rows` are read while they are sent, `count` is how many."""
    response = _file(form, name, headings, rows)
    known = len(rows) if isinstance(rows, Sized) else count
    response.exported = Exported(name, form, tuple(headings), known)  # type: ignore[attr-defined]
    return response


def _file(form: str, name: str, headings: Sequence[str], rows: Rows) -> HttpResponseBase:
    stamp = timezone.localtime().strftime("%Y-%m-%d-%H%M")
    if form == XLSX:
        return _attached(workbook([Sheet("", headings, rows)]), f"{name}-{stamp}.xlsx", XLSX_TYPE)
    lines = _lines(headings, rows, _BOM if form == CSV_EXCEL else "")
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{stamp}.csv"'
    return _private(response)


def _attached(file: Any, name: str, content_type: str) -> HttpResponseBase:
    return _private(FileResponse(file, as_attachment=True, filename=name, content_type=content_type))


def made(file: Any, name: str, form: str, content_type: str, rows: int) -> HttpResponseBase:
    """A file that is there already, as an attachment; the trail tells of it as of any other."""
    response = _attached(file, f"{name}.{form}", content_type)
    response.exported = Exported(name, form, (), rows)  # type: ignore[attr-defined]
    return response


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


class _Echo:
    """A file for csv.writer that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def _lines(headings: Sequence[str], rows: Rows, mark: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield mark + writer.writerow(headings)
    lines = (writer.writerow([_cell(value) for value in row]) for row in rows)
    while some := "".join(islice(lines, _LINES_AT_ONCE)):
        yield some


def _cell(value: Any) -> str:
    """A number is one, below nothing too; all else is text that might be run."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else safe(text(value))


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook."""

    name: str
    headings: Sequence[str]
    rows: Rows


def workbook(sheets: Iterable[Sheet]) -> Any:
    """A file of its own on disk, not in memory, gone when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response that sends it)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, {**options, "strings_to_numbers": False, "remove_timezone": True})
    as_text = book.add_format({"num_format": "@", "quote_prefix": True})
    as_money = book.add_format({"num_format": "#,##0.00"})
    for one in sheets:
        sheet = book.add_worksheet(one.name or None)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(one.headings):
            sheet.write_string(0, column, heading)
            sheet.set_column(column, column, 24)
        for line, row in enumerate(one.rows, start=1):
            if line > _MOST_ROWS:
                break
            for column, value in enumerate(row):
                _put(sheet, line, column, value, as_text, as_money)
    book.close()
    file.seek(0)
    return file


def _put(sheet: Any, line: int, column: int, value: Any, as_text: Any, as_money: Any) -> None:
    if isinstance(value, Decimal):
        sheet.write_number(line, column, value, as_money)
        return
    if isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(line, column, value)
        return
    said = text(value)
    shown = said if len(said) <= _LONGEST_CELL else said[: _LONGEST_CELL - 1] + "…"
    if is_risky(shown):
        sheet.write_string(line, column, shown, as_text)
    else:
        sheet.write_string(line, column, shown)


def text(value: Any) -> str:
    """A cell's words: times in the portal's zone with their offset, yes and no for marks, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    return str(value).replace("\x00", "")


def is_risky(said: str) -> bool:
    """Whether a spreadsheet might take it for a formula: also behind quotes, blanks and signs that nobody can see, and
    in letters that only look like `=`, `+`, `-` or `@`."""
    if said[:1] in ("\t", "\r", "\n"):
        return True
    for letter in unicodedata.normalize("NFKC", said[:200]):
        if letter in "\"'`´‘’“”" or letter.isspace() or unicodedata.category(letter) in ("Cf", "Cc", "Zs"):
            continue
        return letter in _RISKY or unicodedata.category(letter) == "Pd"
    return False


def safe(said: str) -> str:
    """The cell for a CSV: what is risky begins with an apostrophe, and is then read as text."""
    return f"'{said}" if is_risky(said) else said
