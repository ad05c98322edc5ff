"""Whatever a spreadsheet makes of a file, its rows are read as they were meant, or it is said why not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal import exports
from portal.mailboxes import imports
from portal.mailboxes.imports_file import (
    HEADINGS,
    MOST_BYTES,
    NAMES,
    SAMPLES,
    Row,
    cleaned,
    parse,
    read,
)
from portal.textfiles import Unreadable, decoded

CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


def written(rows: list[list[str]], separator: str = ",", headings: list[str] | None = None) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(headings or HEADINGS)
    writer.writerows(rows)
    return file.getvalue()


@given(
    st.lists(st.tuples(*[CELL] * 5), max_size=8),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(cells: list[tuple[str, ...]], separator: str, encoding: str) -> None:
    rows = [["a@b.example", *row] for row in cells] or [["a@b.example"] + [""] * 5]
    found = read(written(rows, separator).encode(encoding))
    assert [[row.cells[name] for name in NAMES] for row in found] == [
        [cleaned(name, cell) for name, cell in zip(NAMES, row, strict=True)] for row in rows
    ]


@given(st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"\xff\xfe")
@example(b'"')
@example(b"sep=;")
@example(b"sep=;\nEmail;Last name\na@b;c")
@example(b"a@b.example")
@example(b"Email,Last name\r\r\r\na@b,c")
def test_anything_is_read_or_said_to_be_unreadable(data: bytes) -> None:
    try:
        rows = read(data)
    except Unreadable:
        return
    assert rows
    assert all(isinstance(row, Row) and set(row.cells) == set(NAMES) for row in rows)


@given(CELL)
def test_what_an_export_marks_as_text_comes_back_as_it_was(cell: str) -> None:
    said = cell.strip()
    if said.startswith("'"):
        return
    assert cleaned("first_name", exports.safe(said)) == said


@pytest.mark.parametrize("typed", ["'=secret", " =1 ", "'", "\t'x "])
def test_a_password_is_kept_to_the_letter(typed: str) -> None:
    assert cleaned("password", typed) == typed


@pytest.mark.parametrize(
    ("headings", "names"),
    [
        ("E-mail;Surname;Given name", ["email", "last_name", "first_name"]),
        ("  EMAIL ADDRESS ,last_name,Name", ["email", "last_name", "first_name"]),
        ("Problem\tAddress\tLast name\tPlan", ["email", "last_name", "edition"]),
    ],
)
def test_headings_are_known_by_several_names_in_any_order(headings: str, names: list[str]) -> None:
    separator = next(mark for mark in ";\t," if mark in headings)
    [row] = parse(f"{headings}\n{separator.join(['a@b.example'] * (headings.count(separator) + 1))}\n")
    assert {name for name, cell in row.cells.items() if cell} == set(names)


def test_without_headings_the_columns_stand_as_in_the_template() -> None:
    rows = parse("ann@b.example,Ann,Smith\n\nben@b.example,,Jones,,,no")
    assert [(row.number, row.cells["last_name"], row.cells["activate"]) for row in rows] == [
        (1, "Smith", ""),
        (3, "Jones", "no"),
    ]


def test_a_line_break_in_a_cell_does_not_end_its_row() -> None:
    first, second = parse('Email,Last name\na@b.example,"Two\nlines"\nc@d.example,X\n')
    assert (first.cells["last_name"], second.number) == ("Two\nlines", 3)


def test_older_programs_of_windows() -> None:
    assert decoded("Zoë;Müller".encode("cp1252")) == "Zoë;Müller"


def test_no_more_than_a_megabyte() -> None:
    with pytest.raises(Unreadable, match="larger than 1 MB"):
        read(b"x" * (MOST_BYTES + 1))


def test_the_samples_of_the_template_are_rows_of_it() -> None:
    assert [len(row) for row in SAMPLES] == [len(HEADINGS)] * len(SAMPLES)


def test_a_made_password_has_each_kind_of_letter_and_runs_in_no_spreadsheet() -> None:
    made = {imports.generated() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 16
        assert not exports.is_risky(password)
        assert all(set(kind) & set(password) for kind in imports._KINDS)


def test_made_passwords_are_of_the_letters_that_the_forms_use() -> None:
    script = (Path(__file__).resolve().parents[3] / "static/js/portal.js").read_text()
    assert all(f'"{kind}"' in script for kind in imports._KINDS)
