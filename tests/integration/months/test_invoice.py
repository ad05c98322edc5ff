"""The provider's invoice beside a month: what agrees, what differs, what only one side has; and files of all kinds."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from provisioning.models import AuditEntry
from tests.integration.months.conftest import EDITION, Tree, shut, text_of

pytestmark = pytest.mark.django_db


def sent(finance: Client, tree: Tree, content: bytes) -> Any:
    return finance.post(tree.url("invoice"), {"file": SimpleUploadedFile("invoice.csv", content)})


def states(answer: Any) -> dict[tuple[str, ...], str]:
    return {row.names: row.state for row, _ in answer.context["rows"]}


def test_by_company_and_edition_each_thing_is_on_both_sides_or_on_one(finance: Client, tree: Tree) -> None:
    shut(tree)
    rows = f"ACME;{EDITION};12;1.234,50\nBeta;{EDITION};3;\nSomebody Else;{EDITION};1;2,5\n"
    answer = sent(finance, tree, b"\xef\xbb\xbf" + f"Customer;SKU;Qty;Net amount\n{rows}".encode())
    assert answer.status_code == 200
    assert states(answer) == {
        ("Acme", EDITION): "agrees", ("Beta", EDITION): "differs", ("Below", EDITION): "missing there",
        ("Somebody Else", EDITION): "missing here",
    }  # fmt: skip
    assert "1,237.00" in text_of(answer)
    entry = AuditEntry.objects.get(kind="invoice_compared")
    assert entry.new["agrees"] == 1


def test_as_far_as_the_file_goes_domains_are_told_apart(finance: Client, tree: Tree) -> None:
    answer = sent(finance, tree, "domain_name\tcount\nacme.example\t8\nshop.example\t5\n".encode("utf-16"))
    assert states(answer) == {
        ("acme.example",): "agrees", ("shop.example",): "differs", ("beta.example",): "missing there",
        ("below.example",): "missing there",
    }  # fmt: skip
    assert "The month is not closed" in text_of(answer)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "There is nothing in it"),
        (b"\n\n", "There is nothing in it"),
        (b"Company,Count\n", "There is no row below the headings"),
        (b"Company,Edition\nA,B\n", "No column is called Count"),
        (b"Count\n1\n", "one of Company, Domain and Edition has to be there"),
        (b"Company,Count,Qty\nA,1,1\n", "Two columns are called Count"),
        (b"Company,Count\nA,-3\n", "Row 2, Count: a count cannot be negative"),
        (b"Company,Count\nA,1\nB,99999999999\n", "Row 3, Count: more than 10,000,000 of one thing is absurd"),
        (b"Company,Count\nA,\n", "Row 2, Count: type a number"),
        (b"Company,Count\nA,1.5\n", "Row 2, Count: “1.5” is no whole number"),
        (b"Company,Count\nA,=1+1\n", "Row 2, Count: “=1+1” is no whole number"),
        (b"Company,Count\n,1\n", "Row 2, Company: it is empty"),
        (b"Company,Count\nA,1\n a ,2\n", "Row 3, Company: the same stands in row 2"),
        (b"Company,Count,Amount\nA,1,12,50\n", "Row 2, Amount: there are more cells than columns"),
        (b'Company,Count\n"A,1\n', "A quotation mark is opened"),
        (b"PK\x03\x04", "This is a workbook"),
        (b"Company,Count\nA\x00,1\n", "This is not a text file"),
        (b"Company,Count\n" + b"x" * 1_048_576, "larger than 1 MB"),
        (b"Company,Count\n" + b"A,1\n" * 20_001, "20,000 is the most"),
    ],
    ids=range(19),
)
def test_what_cannot_be_compared_is_said_by_row_and_column(
    finance: Client, tree: Tree, content: bytes, sentence: str
) -> None:
    answer = sent(finance, tree, content)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "comparison" not in answer.context


def test_a_file_of_5_mb_is_refused_before_it_is_read(finance: Client, tree: Tree) -> None:
    answer = sent(finance, tree, b"Company,Count\n" + b"x" * 5 * 1_048_576)
    assert answer.status_code == 413
    assert "too large" in text_of(answer).lower()


def test_numbers_are_taken_as_spreadsheets_write_them_and_markup_stays_text(
    finance: Client, tree: Tree
) -> None:
    text = 'Company,Count\n<b>caf\xe9</b>,"1,234"\n\'=cmd,1 234\nThird,12.00\n'.encode("cp1252")
    answer = sent(finance, tree, text)
    found = {row.names[0]: row.theirs for row, _ in answer.context["rows"] if row.theirs is not None}
    assert found == {"<b>café</b>": 1234, "=cmd": 1234, "Third": 12}
    assert "<b>café" not in text_of(answer)


def test_without_a_file_it_is_asked_for(finance: Client, tree: Tree) -> None:
    assert finance.get(tree.url("invoice")).status_code == 200
    answer = finance.post(tree.url("invoice"), {})
    assert answer.status_code == 422
    assert "Choose the file" in text_of(answer)
