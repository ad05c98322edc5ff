"""Price books on their pages: kept, refused in a sentence, read from files, seen in scope alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.billing.models import ClosedMonth, PriceBook
from provisioning.models import OU, AuditEntry
from tests.integration.factories import make_ou, make_package, make_person
from tests.integration.prices.test_sums import EDITION, make_book

pytestmark = pytest.mark.django_db
D = Decimal
TEXT = {"name": "Prices 2027", "currency": "ZAR", "tax_rate": "15,5", "valid_from": "2027-01-01"}


@pytest.fixture
def reseller() -> OU:
    return make_ou(title="Reseller")


@pytest.fixture
def finance(client: Client, reseller: OU) -> Client:
    client.force_login(make_person("finance", reseller))
    return client


def filled(ou: OU, *rows: tuple[str, str, str, str], **said: Any) -> dict[str, Any]:
    columns = zip(*rows, strict=True) if rows else [(), (), (), ()]
    names = ("row_edition", "row_unit", "row_minimum", "row_tiers")
    return {**TEXT, "ou": ou.guid} | dict(zip(names, map(list, columns), strict=True)) | said


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_a_book_is_made_in_one_form_and_shown_with_what_it_leaves_unpriced(
    finance: Client, reseller: OU
) -> None:
    make_package(make_ou(parent=reseller), editions=(EDITION, "NO-PRICE-YET"))
    page = text_of(finance.get(reverse("prices:new")))
    assert EDITION in page
    assert "NO-PRICE-YET" in page
    rows = ((EDITION, "12,50", "100", "11: 9,5"), ("NO-PRICE-YET", "", "", ""), ("<b>odd</b>", "1", "", ""))
    answer = finance.post(reverse("prices:new"), filled(reseller, *rows))
    book = PriceBook.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == reverse("prices:detail", args=[book.pk])
    assert (book.currency, book.tax_rate, book.valid_to) == ("ZAR", D("15.5"), None)
    price = book.prices.get(edition=EDITION)
    assert (price.unit, price.minimum) == (D("12.5"), D(100))
    assert [(tier.first, tier.unit) for tier in price.tiers.all()] == [(11, D("9.5"))]
    page = text_of(finance.get(answer["Location"]))
    assert "NO-PRICE-YET" in page
    assert "Not in use here" in page
    assert "<b>odd</b>" not in page
    assert book.name in text_of(finance.get(reverse("prices:list")))


def test_a_change_is_in_the_trail_with_old_and_new(finance: Client, reseller: OU) -> None:
    book = make_book(reseller, "10")
    url = reverse("prices:edit", args=[book.pk])
    assert finance.get(url).status_code == 200
    assert finance.post(url, filled(reseller, (EDITION, "11", "", ""))).status_code == 303
    entry = AuditEntry.objects.get(kind="setting")
    assert entry.old["prices"] == f"{EDITION}: 10.00"
    assert entry.new["prices"] == f"{EDITION}: 11.00"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"valid_to": "2026-12-31"}, "ends before it begins"),
        ({"tax_rate": "101"}, "100 per cent at most"),
        ({"tax_rate": "-1"}, "cannot be negative"),
        ({"currency": "XXX"}, "Select a valid choice"),
        ({"valid_from": "1066-01-01"}, "between 2000 and 2100"),
        ({"valid_from": ""}, "This field is required"),
        ({"row_unit": ["-3"]}, "Row 1, Unit price: An amount cannot be negative"),
        ({"row_tiers": ["x"]}, "Row 1, Tiers: Write tiers as"),
    ],
)
def test_what_cannot_be_taken_is_said_and_stays_in_the_form(
    finance: Client, reseller: OU, said: dict[str, Any], sentence: str
) -> None:
    answer = finance.post(reverse("prices:new"), filled(reseller, ("KEPT-IN-FORM", "12.34", "", ""), **said))
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "KEPT-IN-FORM" in text_of(answer)
    assert not PriceBook.objects.exists()


def test_an_overlap_names_the_other_book_and_may_end_it(finance: Client, reseller: OU) -> None:
    other = make_book(reseller, name="The present one")
    asked = filled(reseller, (EDITION, "1", "", ""), currency="EUR")
    answer = finance.post(reverse("prices:new"), asked)
    assert answer.status_code == 422
    assert "“The present one” (ZAR) holds" in text_of(answer)
    assert finance.post(reverse("prices:new"), asked | {"end_other": "on"}).status_code == 303
    other.refresh_from_db()
    assert other.valid_to == date(2026, 12, 31)


def test_another_currency_than_above_is_allowed_and_said(finance: Client, reseller: OU) -> None:
    make_book(reseller, name="General")
    book = make_book(make_ou(parent=reseller), currency="EUR")
    page = text_of(finance.get(reverse("prices:detail", args=[book.pk])))
    assert "stands in for “General” in ZAR" in page


def test_a_book_of_a_closed_month_stays_as_it_is_and_can_be_copied_and_ended(
    finance: Client, reseller: OU
) -> None:
    book = make_book(reseller)
    person = make_person("owner", reseller)
    ClosedMonth.objects.create(ou=reseller, month=date(2026, 9, 1), closed_by=person, hash="0" * 64)
    answer = finance.post(
        reverse("prices:edit", args=[book.pk]),
        filled(reseller, (EDITION, "0", "", ""), valid_from="2026-01-01"),
    )
    assert answer.status_code == 422
    assert "hold from 1 October 2026 on" in text_of(answer)
    assert book.prices.get().unit == D(10)
    end = reverse("prices:end", args=[book.pk])
    assert "at the earliest" in text_of(finance.post(end, {"valid_to": "2026-08-31"}))
    assert finance.post(end, {"valid_to": "2026-10-31"}).status_code == 303
    page = text_of(finance.get(f"{reverse('prices:new')}?copy={book.pk}"))
    assert EDITION in page
    assert 'value="10.00"' in page


def test_a_file_is_looked_at_before_it_is_kept(finance: Client, reseller: OU) -> None:
    file = SimpleUploadedFile("p.csv", "\ufeffEdition;Price\nGOOD;1,5\nBAD;cheap\n".encode())
    answer = finance.post(reverse("prices:new"), filled(reseller) | {"file": file})
    page = text_of(answer)
    assert answer.status_code == 200
    assert "Row 3, Unit price: “cheap” is no amount" in page
    assert 'value="1,5"' in page
    assert "not in use here" in page
    assert not PriceBook.objects.exists()
    book = SimpleUploadedFile("p.xlsx", b"PK\x03\x04")
    refused = finance.post(reverse("prices:new"), filled(reseller) | {"file": book})
    assert refused.status_code == 422
    assert "This is a workbook" in text_of(refused)


def test_the_export_comes_back_as_the_same_prices(finance: Client, reseller: OU) -> None:
    book = make_book(reseller, "1234.5")
    book.prices.create(edition="=cmd|' /C calc'!A0", unit=D(2))
    url = reverse("prices:export", args=[book.pk])
    data = b"".join(finance.get(url).streaming_content)  # type: ignore[attr-defined]
    assert b"'=cmd" in data
    page = text_of(
        finance.post(
            reverse("prices:edit", args=[book.pk]),
            filled(reseller) | {"file": SimpleUploadedFile("p.csv", data)},
        )
    )
    assert 'value="1234.50"' in page
    assert 'value="=cmd|' in page
    assert AuditEntry.objects.filter(kind="exported").exists()


@pytest.mark.parametrize("role", ["company_admin", "support", "finance", "auditor"])
def test_strangers_and_those_who_may_not_get_404(client: Client, reseller: OU, role: str) -> None:
    own, foreign = make_book(reseller), make_book(make_ou())
    client.force_login(make_person(role, reseller))
    sees, changes = role != "company_admin", role == "finance"
    for name in ("detail", "export", "edit", "end"):
        may = changes if name in ("edit", "end") else sees
        assert client.get(reverse(f"prices:{name}", args=[own.pk])).status_code == (200 if may else 404)
        assert client.get(reverse(f"prices:{name}", args=[foreign.pk])).status_code == 404
    assert client.get(f"{reverse('prices:new')}?copy={foreign.pk}").status_code == 404
    if changes:
        answer = client.post(reverse("prices:new"), filled(foreign.ou, (EDITION, "1", "", "")))
        assert answer.status_code == 422
        assert PriceBook.objects.count() == 2


def test_a_form_that_comes_back_grows_no_longer_and_begins_with_the_reseller(
    finance: Client, reseller: OU
) -> None:
    make_ou(parent=reseller, title="A comes first by name")
    fresh = finance.get(reverse("prices:new"))
    assert fresh.context["form"].fields["ou"].queryset.first() == reseller
    rows = (("A", "1", "", ""), ("", "", "", ""), ("B", "wrong", "", ""), *[("", "", "", "")] * 5)
    answer = finance.post(reverse("prices:new"), filled(reseller, *rows))
    assert "Row 3, Unit price" in text_of(answer)
    assert [row.cells["edition"] for row in answer.context["rows"]] == ["A", "", "B", *[""] * 5]


def test_the_list_counts_each_book_s_prices_and_says_what_is_shown(finance: Client, reseller: OU) -> None:
    book = make_book(reseller)
    book.prices.create(edition="OTHER", unit=D(1))
    shown = " ".join(text_of(finance.get(reverse("prices:list"))).split())
    assert '<td data-label="Prices" class="num">2</td>' in shown
    row = (EDITION, "10", "", "")
    url = reverse("prices:edit", args=[book.pk])
    assert finance.post(url, filled(reseller, row, shown_to_customer="on")).status_code == 303
    book.refresh_from_db()
    assert book.shown_to_customer
    entry = AuditEntry.objects.get(kind="setting")
    assert (entry.old["shown_to_customer"], entry.new["shown_to_customer"]) == ("False", "True")
