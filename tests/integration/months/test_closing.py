"""A month is closed once, as it was shown, for good; whoever closes first has a company's month."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from portal.billing import books, canonical, closing
from portal.billing.closing import Refused
from portal.billing.models import Adjustment, ClosedCompany, ClosedMonth, Line
from portal.prices import keeping
from provisioning.models import AuditEntry, MonthlyFigure, UsageReport
from tests.integration.factories import make_domain, make_ou, make_person
from tests.integration.months.conftest import EDITION, OCTOBER, SEPTEMBER, Tree, shut, text_of
from tests.integration.prices.test_sums import make_book, make_figure

pytestmark = pytest.mark.django_db
D = Decimal


def test_finance_closes_a_month_and_finds_figures_prices_and_hash_on_it(finance: Client, tree: Tree) -> None:
    page = text_of(finance.get(tree.url("detail")))
    assert "Close the month" in page
    form = finance.get(tree.url("close"))
    assert form.status_code == 200
    answer = finance.post(tree.url("close"), {"seen": form.context["made"].mark, "reason": ""})
    assert answer.status_code == 303
    closed = ClosedMonth.objects.get()
    assert (closed.ou, closed.month, closed.closed_by) == (tree.reseller, OCTOBER, tree.farouk)
    lines = list(closed.lines.values_list("company", "count", "net", "tax", "currency"))
    # 12 of Acme's two domains: ten at 10, two at 8; each line rounded once, its tax likewise
    assert lines == [
        ("Acme", 12, D("116.00"), D("17.40"), "ZAR"),
        ("Below", 5, D("50.00"), D("7.50"), "ZAR"),
        ("Beta", 2, D("20.00"), D("3.00"), "ZAR"),
    ]
    acme = closed.lines.first()
    assert acme is not None
    assert [(row["domain"], row["count"]) for row in acme.how["domains"]] == [
        ("acme.example", 8),
        ("shop.example", 4),
    ]
    assert (acme.how["unit"], acme.how["tiers"]) == ("10.0000", [[11, "8.0000"]])
    page = text_of(finance.get(tree.url("detail") + "?check=1"))
    assert closed.hash in page
    assert "The hash agrees" in page
    assert "Close the month" not in page
    assert "213.90" in page
    entry = AuditEntry.objects.get(kind="month_closed")
    assert (entry.by, entry.ou, entry.new["ZAR"]) == (tree.farouk, tree.reseller, "186.00 and 27.90 tax")


def test_a_month_closed_twice_is_a_clear_sentence_and_no_second_closing(finance: Client, tree: Tree) -> None:
    seen = closing.draft(tree.reseller, OCTOBER).mark
    shut(tree)
    answer = finance.post(tree.url("close"), {"seen": seen, "reason": "Once more"})
    assert answer.status_code == 422
    assert f"October 2026 was closed already, by {tree.farouk}" in text_of(answer)
    assert ClosedMonth.objects.count() == 1
    with pytest.raises(Refused, match="closed already"):
        closing.close(tree.reseller, OCTOBER, by=tree.farouk, note="", seen=seen)


def test_what_is_amiss_is_said_and_has_to_be_understood(finance: Client, tree: Tree) -> None:
    make_figure(make_domain(tree.beta, "unknown.example"), 1, SEPTEMBER)
    make_figure(tree.domains["beta"], 3, OCTOBER, "NEVER-PRICED")
    MonthlyFigure.objects.filter(domain=tree.domains["acme"]).update(data_as_at="2026-10-02T00:00:00Z")
    make_odd(tree)
    form = finance.get(tree.url("close"))
    page = text_of(form)
    for said in (
        "1 domain without a figure", "unknown.example", "1 company with figures that are old", "1 line without a price",
        "Beta: NEVER-PRICED", "1 domain whose report has something odd in it",
    ):  # fmt: skip
        assert said in page
    seen = form.context["made"].mark
    for missing in ({"reason": "Known"}, {"understood": "on"}):
        assert finance.post(tree.url("close"), {"seen": seen, **missing}).status_code == 422
    assert not ClosedMonth.objects.exists()
    sound = {"seen": seen, "understood": "on", "reason": "Beta is billed by hand"}
    assert finance.post(tree.url("close"), sound).status_code == 303
    assert ClosedMonth.objects.get().note == "Beta is billed by hand"
    unpriced = Line.objects.get(edition="NEVER-PRICED")
    assert (unpriced.net, unpriced.tax, unpriced.currency) == (None, None, "")
    assert "1 line, in none of these sums" in text_of(finance.get(tree.url("detail")))


def make_odd(tree: Tree) -> None:
    domain = tree.domains["below"]
    report = UsageReport.objects.create(
        connection=domain.connection, domain=domain, ou=domain.ou, source="summary", digest="odd",
        problems=["The count of SYN-X is -4, which is no number of things."],
    )  # fmt: skip
    MonthlyFigure.objects.filter(domain=domain).update(report=report)


def test_what_changed_since_it_was_looked_at_is_looked_at_once_more(finance: Client, tree: Tree) -> None:
    seen = closing.draft(tree.reseller, OCTOBER).mark
    MonthlyFigure.objects.filter(domain=tree.domains["beta"]).update(count=3)
    answer = finance.post(tree.url("close"), {"seen": seen, "reason": ""})
    assert answer.status_code == 422
    assert "Something has changed since you looked" in text_of(answer)
    again = answer.context["made"].mark
    assert finance.post(tree.url("close"), {"seen": again, "reason": ""}).status_code == 303
    assert Line.objects.get(company="Beta").count == 3


def test_a_month_to_come_is_refused_and_one_that_runs_wants_a_reason(tree: Tree) -> None:
    with pytest.raises(Refused, match="January 2999 has not begun"):
        closing.close(tree.reseller, date(2999, 1, 1), by=tree.farouk, note="", seen="")
    this = books.today().replace(day=1)
    assert closing.draft(tree.reseller, this).warnings[0].kind == "not_over"
    with pytest.raises(Refused, match="Say why"):
        shut(tree, month=this, note="")


def test_a_company_is_no_place_to_close(tree: Tree) -> None:
    with pytest.raises(Refused, match="for a reseller or a sub-reseller"):
        closing.close(tree.acme, OCTOBER, by=tree.farouk, note="", seen="")


# --- nested -------------------------------------------------------------------------------------------------------------


def test_what_the_sub_reseller_closed_is_not_closed_again_above(finance: Client, tree: Tree) -> None:
    own = shut(tree, tree.sub)
    whole = shut(tree)
    assert set(own.lines.values_list("company", flat=True)) == {"Below"}
    assert set(whole.lines.values_list("company", flat=True)) == {"Acme", "Beta"}
    page = text_of(finance.get(tree.url("detail")))
    assert own.hash in page  # both closings are told, and the sums are of both
    assert "213.90" in page
    assert ClosedCompany.objects.filter(month=OCTOBER).count() == 3


def test_what_was_closed_above_is_closed_for_the_sub_reseller_who_sees_their_own_of_it(
    client: Client, tree: Tree
) -> None:
    closed = shut(tree)
    client.force_login(make_person("finance", tree.sub))
    with pytest.raises(Refused, match="closed already for every company"):
        closing.close(tree.sub, OCTOBER, by=tree.farouk, note="", seen="")
    page = text_of(client.get(tree.url("detail", ou=tree.sub)))
    assert "57.50" in page
    assert "Acme" not in page
    assert closed.hash not in page  # whose closing it is, is none of their business
    assert "Closed elsewhere" in text_of(client.get(reverse("months:list")))
    assert client.get(tree.url("detail")).status_code == 404


def test_without_any_company_there_is_nothing_to_close() -> None:
    with pytest.raises(Refused, match="no company"):
        closing.close(make_ou(), OCTOBER, by=make_person("owner", make_ou()), note="", seen="")


# --- kept by the database -----------------------------------------------------------------------------------------------


def test_nothing_of_a_closed_month_can_be_changed_or_removed(tree: Tree) -> None:
    closed = shut(tree)
    Adjustment.objects.create(closed=closed, ou=tree.acme, edition=EDITION, count=1, reason="One more")
    for rows, change in (
        (ClosedMonth.objects, {"note": "x"}), (ClosedCompany.objects, {"month": SEPTEMBER}), (Line.objects, {"net": 1}),
        (Adjustment.objects, {"net": 1}),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.all()._raw_delete(rows.db)
    one = Adjustment.objects.get()
    first, second = closed.lines.all()[:2]
    Adjustment.objects.filter(pk=one.pk).update(line=first)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Adjustment.objects.filter(pk=one.pk).update(line=second)


def test_whoever_gets_round_the_database_is_found_by_the_hash(
    finance: Client, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = shut(tree)
    assert canonical.agrees(closed)
    call_command("verify_months", month="2026-10")
    assert f"agrees  {closed.hash}" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_line DISABLE TRIGGER billing_line_append_only")
        cursor.execute("UPDATE billing_line SET net = net - 1 WHERE position = 1")
        cursor.execute("ALTER TABLE billing_line ENABLE TRIGGER billing_line_append_only")
    assert not canonical.agrees(closed)
    with pytest.raises(CommandError, match="1 of the closed months"):
        call_command("verify_months")
    assert "The hash does not agree" in text_of(finance.get(tree.url("detail") + "?check=1"))


def test_prices_of_a_closed_month_stay_as_they_are(tree: Tree) -> None:
    shut(tree)
    book = tree.reseller.price_books.get()
    with pytest.raises(keeping.Refused, match="October 2026 is closed with this book"):
        keeping.keep(book, [], by=tree.farouk)
    overlapping = make_book(tree.acme, "1", date(2026, 11, 1))
    overlapping.pk, overlapping.valid_from, overlapping.currency = None, date(2026, 10, 15), "EUR"
    with pytest.raises(keeping.Refused, match="October 2026 is closed already"):
        keeping.keep(overlapping, [], by=tree.farouk)


@pytest.mark.django_db(transaction=True)
def test_two_who_close_at_once_make_one_closing(tree: Tree) -> None:
    seen = closing.draft(tree.reseller, OCTOBER).mark
    together, told = threading.Barrier(2), []

    def press() -> None:
        try:
            together.wait(10)
            closing.close(tree.reseller, OCTOBER, by=tree.farouk, note="", seen=seen)
            told.append("closed")
        except Refused as error:
            told.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told, key=len)[0] == "closed"
    assert "was closed already" in sorted(told, key=len)[1]
    assert (ClosedMonth.objects.count(), Line.objects.count()) == (1, 3)


# --- who ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sees", "closes"), [("owner", 200, 200), ("support", 200, 404), ("auditor", 200, 404)]
)
def test_who_sees_months_and_who_closes_them(
    client: Client, tree: Tree, role: str, sees: int, closes: int
) -> None:
    client.force_login(make_person(role, tree.reseller))
    assert client.get(tree.url("detail")).status_code == sees
    assert client.get(tree.url("close")).status_code == closes


def test_whose_scope_is_a_company_sees_no_month(client: Client, tree: Tree) -> None:
    shut(tree)
    client.force_login(make_person("finance", tree.acme))
    assert "Months are closed for a reseller" in text_of(client.get(reverse("months:list")))
    for address in (
        tree.url("detail"),
        tree.url("close"),
        tree.url("statement", tree.acme.guid),
        tree.url("workbook"),
    ):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "0000-01", "x", "2026-10x", "2999-01"])
def test_what_is_no_month_is_not_found(finance: Client, tree: Tree, month: str) -> None:
    assert finance.get(f"/months/{tree.reseller.guid}/{month}/").status_code == 404


def test_the_list_costs_the_same_for_many_months(
    finance: Client, tree: Tree, django_assert_max_num_queries: Any
) -> None:
    shut(tree)
    for number in range(1, 9):
        make_figure(tree.domains["acme"], 1, date(2026, number, 1), f"E{number}")
    with django_assert_max_num_queries(36):
        page = text_of(finance.get(reverse("months:list")))
    assert "January 2026" in page
    assert "Ready to close" not in page.split("October 2026")[1].split("</tr>")[0]
    assert page.count("</tr>") == 12
