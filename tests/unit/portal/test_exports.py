"""Files for spreadsheets: nothing in them runs, nothing is cut or turned into something else."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import exports

HOSTILE = [
    "=1+1",
    "+27 11 321 6547",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    '"=1"',
    "'=1",
    "“=1”",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "−1",
    "﹢1",
]


def lines_of(rows: list[list[Any]], form: str = exports.CSV) -> list[list[str]]:
    answer: Any = exports.answer(form, "list", ["A", "B"], rows)
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def workbook_of(rows: list[list[Any]]) -> dict[str, str]:
    """The parts of the workbook, by their names."""
    answer: Any = exports.answer(exports.XLSX, "list", ["A", "B"], rows)
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    answer.file_to_stream.close()  # the answer's own close would look after the database
    return parts


@pytest.mark.parametrize("cell", HOSTILE)
def test_what_may_be_taken_for_a_formula_is_marked_as_text(cell: str) -> None:
    assert exports.safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Acme = Blue", "ann@acme.example", "a-b", "“Blue”", "7", "日本", "[x]"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert exports.safe(cell) == cell


@given(st.text(max_size=60))
def test_no_cell_of_a_csv_begins_like_a_formula(cell: str) -> None:
    assert not exports.safe(cell).lstrip('"“ \u00a0\u200b').startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_csv_keeps_commas_quotes_and_line_breaks() -> None:
    rows: list[list[Any]] = [['a,"b"\nc', "é"], [None, True]]
    assert lines_of(rows) == [["A", "B"], ['a,"b"\nc', "é"], ["", "yes"]]


def test_only_the_file_for_excel_begins_with_the_mark() -> None:
    plain: Any = exports.answer(exports.CSV, "list", ["A"], [])
    excel: Any = exports.answer(exports.CSV_EXCEL, "list", ["A"], [])
    assert b"".join(plain.streaming_content) == b"A\r\n"
    assert b"".join(excel.streaming_content) == b"\xef\xbb\xbfA\r\n"


def test_times_name_their_offset() -> None:
    assert exports.text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).startswith("2026-01-02 ")
    assert exports.text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))[-6] in "+-"


def test_rows_are_read_while_they_are_sent() -> None:
    read = []

    def rows() -> Any:
        for number in range(1000):
            read.append(number)
            yield [number, ""]

    answer: Any = exports.answer(exports.CSV, "list", ["A", "B"], rows())
    assert read == []
    parts = iter(answer.streaming_content)
    next(parts), next(parts)
    assert 0 < len(read) < 1000


def test_a_workbook_holds_text_and_numbers_and_no_formula() -> None:
    parts = workbook_of([[cell, 7] for cell in [*HOSTILE, "http://x"]])
    sheet, styles = parts["xl/worksheets/sheet1.xml"], parts["xl/styles.xml"]
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert "<v>7</v>" in sheet
    assert 'quotePrefix="1"' in styles


def test_a_cell_too_long_for_a_workbook_says_that_it_was_cut() -> None:
    sheet = workbook_of([["x" * 40_000]])["xl/worksheets/sheet1.xml"]
    assert "x…<" in sheet


def test_files_are_kept_by_nobody_on_the_way() -> None:
    answer = exports.answer(exports.CSV, "list", ["A"], [])
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith('attachment; filename="list-')
