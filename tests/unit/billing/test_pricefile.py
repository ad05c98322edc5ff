"""Price files: as spreadsheets make them, as people mistype them, and back again unchanged."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import exports
from portal.billing import pricefile
from portal.billing.pricefile import Clean, Wrong, amount, check, read, tiers_in
from portal.textfiles import Unreadable

D = Decimal
codes = (
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda code: bool(code) and code.isprintable() and "\ufeff" not in code)
)
units = st.decimals(min_value=0, max_value=100_000, places=4)
tiers = st.dictionaries(st.integers(min_value=2, max_value=10_000), units, max_size=2)
prices = st.builds(
    Clean,
    edition=codes,
    unit=units,
    minimum=st.decimals(min_value=0, max_value=100_000, places=2),
    tiers=tiers.map(lambda found: tuple(sorted(found.items()))),
)


# On a busy machine the clock runs on: how long an example takes to make says nothing here.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(prices, max_size=4, unique_by=lambda price: price.edition), st.sampled_from(",;"))
def test_what_is_exported_is_read_back_as_the_same_book(book: list[Clean], mark: str) -> None:
    out = io.StringIO(newline="")
    rows = [pricefile.HEADINGS, *pricefile.file_rows(book)]
    csv.writer(out, delimiter=mark).writerows([exports.safe(cell) for cell in row] for row in rows)
    found = check(read(f"\ufeff{out.getvalue()}".encode()))
    assert [row.sentences for row in found if row.errors] == []
    assert [row.clean for row in found] == book


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,5", "12.5"),
        ("1.234,50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1 234,5", "1234.5"),
        ("0,123", "0.123"),
        ("7", "7"),
        (".5", "0.5"),
    ],
)
def test_amounts_as_spreadsheets_write_them(text: str, value: str) -> None:
    assert amount(text, 4) == D(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-1", "negative"),
        ("free", "no amount"),
        ("1,234", "may mean"),
        ("1.23456", "At most 4 decimals"),
        ("", "Type an amount"),
        ("1.2.3", "more than one decimal sign"),
        ("99999999999", "more than a price"),
        ("9" * 35, "more than a price"),
        ("9" * 10_000, "too long"),
        ("1e5", "no amount"),
        ("NaN", "no amount"),
        ("١٢", "no amount"),
    ],
)
def test_an_amount_that_cannot_be_one_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        amount(text, 4)


@pytest.mark.parametrize("text", ["9.50", "1: 3", "5: -1", "5: 1; 5: 2", "x: 1"])
def test_tiers_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Wrong):
        tiers_in(text)


def test_a_file_with_a_mark_semicolons_and_decimal_commas_names_row_and_column_of_what_is_wrong() -> None:
    text = '\ufeff"Edition";Price;Tiers\r\nA;12,50;"11: 9,5"\r\n\r\nA;3;\r\nB;cheap;\r\nC;;\r\n'
    rows = check(read(text.encode()))
    assert rows[0].clean == Clean("A", D("12.5"), D(0), ((11, D("9.5")),))
    said = [sentence for row in read_errors(text) for sentence in row]
    assert said[0].startswith("Row 4, Edition: A stands in row 2 already")
    assert said[1].startswith("Row 5, Unit price: “cheap” is no amount")
    assert said[2].startswith("Row 6, Unit price: Type an amount")


def read_errors(text: str) -> list[list[str]]:
    return [row.sentences for row in check(read(text.encode())) if row.errors]


def test_a_decimal_comma_between_commas_is_told_and_not_guessed() -> None:
    (said,) = read_errors("Edition,Unit price\nA,12,50\n")
    assert "needs quotes" in said[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing in it"),
        (b"PK\x03\x04", "workbook"),
        (b"a,b\n1,2\n", "No column is called Edition"),
        (b'Edition,Price\n"A,1\n', "quotation mark"),
        (b"Edition,Price,Unit price\nA,1,2\n", "Two columns"),
        (b"Edition,Price\n" + b"A,1\n" * 201, "201 rows"),
        (b"x" * 300_000, "larger"),
    ],
)
def test_a_file_of_which_nothing_can_be_made_says_why(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(data)
