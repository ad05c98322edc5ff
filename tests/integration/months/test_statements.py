"""What customers get: page, CSV, PDF and workbook say the same, to the cent."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from portal.billing import closing, corrections, statements
from portal.billing.models import Adjustment, Line
from portal.billing.pricing import ZERO
from provisioning.models import OU, AuditEntry
from tests.integration.factories import make_domain, make_ou, make_person
from tests.integration.months.conftest import EDITION, OCTOBER, Tree, shut, text_of
from tests.integration.prices.test_sums import make_book, make_figure

pytestmark = pytest.mark.django_db
D = Decimal


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_statement_as_a_page_a_csv_and_a_pdf(finance: Client, tree: Tree) -> None:
    make_figure(tree.domains["acme"], 3, OCTOBER, "=NEVER+PRICED")
    OU.objects.filter(pk=tree.acme.pk).update(title="=Žluťoučký & Ωμέγα <b>Привет</b>")
    closed = shut(tree)
    page = text_of(finance.get(tree.url("statement", tree.acme.guid)))
    assert "133.40" in page
    assert "Unpriced" in page
    assert closed.hash in page
    sheet = body_of(finance.get(tree.url("statement_file", tree.acme.guid, "csv"))).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [(row["Edition"], row["Number"], row["Net"], row["With tax"]) for row in rows] == [
        ("'=NEVER+PRICED", "3", "", ""), (EDITION, "12", "116.00", "133.40"),
    ]  # fmt: skip
    assert rows[0]["Company"].startswith("'=")
    assert rows[0]["Priced"] == "unpriced"
    answer = finance.get(tree.url("statement_file", tree.acme.guid, "pdf"))
    assert answer["Content-Type"] == "application/pdf"
    said = pdf_text(body_of(answer))
    for words in (
        "=Žluťoučký & Ωμέγα <b>Привет</b>",
        "133.40",
        "unpriced",
        "October 2026",
        "Page 1 of 1",
        closed.hash[:20],
    ):
        assert words in said
    assert {entry.new["format"] for entry in AuditEntry.objects.filter(kind="exported")} == {
        "csv-excel",
        "pdf",
    }


def test_a_long_statement_has_page_numbers_and_says_what_letters_it_lacks(
    finance: Client, tree: Tree
) -> None:
    for number in range(60):
        make_figure(tree.domains["acme"], number, OCTOBER, f"EDITION-{number:02}")
    OU.objects.filter(pk=tree.acme.pk).update(title="邮件 Ltd\u202e\x07")
    said = pdf_text(body_of(finance.get(tree.url("statement_file", tree.acme.guid, "pdf"))))
    assert "Page 1 of 4" in said or "Page 1 of 3" in said or "Page 1 of 5" in said
    assert "?? Ltd" in said
    assert "stands for a letter that this file cannot show" in said
    assert "Draft of a statement" in said


def test_the_workbook_has_all_lines_and_sums_as_numbers(finance: Client, tree: Tree) -> None:
    own = shut(tree, tree.sub)
    shut(tree)
    book = openpyxl.load_workbook(io.BytesIO(body_of(finance.get(tree.url("workbook")))))
    assert book.sheetnames == ["Lines", "Sums", "About"]
    net = statements.HEADINGS.index("Net")
    assert sum(D(str(row[net])) for row in book["Lines"].iter_rows(min_row=2, values_only=True)) == D("186")
    sums = list(book["Sums"].iter_rows(min_row=2, values_only=True))
    assert sums[-1][:5] == ("All companies", "ZAR", 186, 27.9, 213.9)
    facts = [row[1] for row in book["About"].iter_rows(values_only=True)]
    assert own.hash in facts
    assert "closed" in facts


def test_files_of_an_open_month_are_drafts(finance: Client, tree: Tree) -> None:
    answer = finance.get(tree.url("statement_file", tree.acme.guid, "csv"))
    assert "draft" in answer["Content-Disposition"]
    assert "A draft." in text_of(finance.get(tree.url("statement", tree.acme.guid)))
    assert finance.get(tree.url("statement_file", tree.acme.guid, "exe")).status_code == 404


def test_a_statement_of_a_company_elsewhere_is_not_found(client: Client, tree: Tree) -> None:
    client.force_login(make_person("finance", tree.sub))
    assert client.get(tree.url("statement", tree.below.guid, ou=tree.sub)).status_code == 200
    assert client.get(tree.url("statement", tree.acme.guid, ou=tree.sub)).status_code == 404


# --- to the cent --------------------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=0, max_value=999, places=4)
companies = st.lists(
    st.fixed_dictionaries(
        {
            "own": st.none() | st.sampled_from(["EUR", "ZAR"]),
            "unit": amounts,
            "minimum": st.decimals(min_value=0, max_value=500, places=2),
            "tier": st.tuples(st.integers(2, 20), amounts),
            "tax": st.decimals(min_value=0, max_value=30, places=3),
            "counts": st.lists(st.integers(0, 60), min_size=1, max_size=3),
            "change": st.none() | st.integers(-60, 60),
        }
    ),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=companies, unit=amounts)
def test_page_files_and_database_agree_to_the_cent(client: Client, plan: list[Any], unit: Decimal) -> None:
    reseller = make_ou()
    make_book(reseller, str(unit), tax_rate=D(15))
    for number, one in enumerate(plan):
        company = make_ou(parent=reseller, title=f"Company {number}")
        if one["own"]:
            book = make_book(company, str(one["unit"]), currency=one["own"], tax_rate=one["tax"])
            price = book.prices.get()
            price.tiers.create(first=one["tier"][0], unit=one["tier"][1])
            book.prices.update(minimum=one["minimum"])
        for count in one["counts"]:
            make_figure(make_domain(company), count, OCTOBER)
    person = make_person("finance", reseller)
    _correct(reseller, person, plan)
    shown = closing.draft(reseller, OCTOBER)
    closing.close(reseller, OCTOBER, by=person, note="x", seen=shown.mark)
    client.force_login(person)
    for company in OU.objects.filter(parent=reseller):
        _agree(client, reseller, company)
    _whole_agrees(client, reseller)


def _correct(reseller: OU, person: Any, plan: list[Any]) -> None:
    """An earlier month is closed, and corrected, so that this one carries amounts above and below nothing."""
    earlier = OCTOBER.replace(month=9)
    shown = closing.draft(reseller, earlier)
    closed = closing.close(reseller, earlier, by=person, note="x", seen=shown.mark)
    for company, one in zip(OU.objects.filter(parent=reseller).order_by("pk"), plan, strict=True):
        if one["change"]:
            corrections.add(
                closed, company, by=person, edition=EDITION, count=one["change"], net=D(one["change"]) / 100,
                currency=one["own"] or "ZAR", tax_rate=one["tax"], reason="x",
            )  # fmt: skip


def _agree(client: Client, reseller: OU, company: OU) -> None:
    lines = Line.objects.filter(ou=company, closed__month=OCTOBER)
    kept = {
        code: sum((line.net + line.tax for line in lines if line.currency == code), ZERO)  # type: ignore[operator]
        for code in set(lines.exclude(net=None).values_list("currency", flat=True))
    }
    address = f"/months/{reseller.guid}/2026-10/{company.guid}/"
    page = text_of(client.get(address))
    rows = list(csv.DictReader(io.StringIO(body_of(client.get(f"{address}csv/")).decode("utf-8-sig"))))
    paper = pdf_text(body_of(client.get(f"{address}pdf/")))
    for code, gross in kept.items():
        assert f"{gross:,}" in page
        assert f"{code} {gross:,}" in paper
        assert sum((D(row["With tax"]) for row in rows if row["Currency"] == code), ZERO) == gross
        assert sum((D(row["Net"]) + D(row["Tax"]) for row in rows if row["Currency"] == code), ZERO) == gross


def _whole_agrees(client: Client, reseller: OU) -> None:
    lines = list(Line.objects.filter(closed__ou=reseller, closed__month=OCTOBER))
    totals = closing.totals(lines)
    page = text_of(client.get(f"/months/{reseller.guid}/2026-10/"))
    book = openpyxl.load_workbook(
        io.BytesIO(body_of(client.get(f"/months/{reseller.guid}/2026-10/workbook/")))
    )
    told = {
        row[1]: D(str(row[4])).quantize(D("0.01"))
        for row in book["Sums"].iter_rows(min_row=2, values_only=True)
        if row[0] == "All companies" and row[1]
    }
    assert told == {code: one.gross for code, one in totals.items()}
    assert all(f"{one.gross:,}" in page for one in totals.values())
    assert Adjustment.objects.filter(closed__ou=reseller, line=None).count() == 0
