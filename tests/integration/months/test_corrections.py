"""What changes a closed month later becomes an adjustment, and is carried into the next month that is closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.billing import canonical, closing, corrections
from portal.billing.models import Adjustment, Line
from provisioning import usage
from provisioning.models import AuditEntry, Domain
from tests.integration.factories import make_domain, make_ou
from tests.integration.months.conftest import EDITION, OCTOBER, SEPTEMBER, Tree, shut, text_of
from tests.integration.prices.test_sums import make_figure

pytestmark = pytest.mark.django_db
D = Decimal


def report_of_october(domain: Domain, count: Any, edition: str = EDITION) -> None:
    """A report that comes in now and whose data is of the last day of October."""
    body = {
        "domain_usage_report": {
            "state": "FINISHED",
            "data_as_at": "2026-10-31 23:30:00+0200",
            "edition_usage_reports": [{"edition_code": edition, "count": count}],
        }
    }
    usage.take_in(domain, body, source=usage.SUMMARY, received_at=timezone.now())


def waiting() -> list[tuple[Any, ...]]:
    rows = Adjustment.objects.filter(line=None).order_by("pk")
    return list(rows.values_list("ou__title", "domain", "count", "net", "tax", "currency"))


def test_a_later_report_makes_one_adjustment_at_the_frozen_price(tree: Tree) -> None:
    closed = shut(tree)
    assert corrections.find(tree.reseller) == 0
    report_of_october(tree.domains["acme"], 13)  # with the shop's 4 that is 17: five more, all at 8
    assert corrections.find(tree.sub) == 1  # from wherever in the tree it is looked for
    assert corrections.find(tree.reseller) == 0
    assert waiting() == [("Acme", "acme.example", 5, D("40.00"), D("6.00"), "ZAR")]
    one = Adjustment.objects.get()
    assert one.by is None
    assert one.report is not None
    assert "says 13 instead of 8 for acme.example" in one.reason
    report_of_october(tree.domains["acme"], 6)  # and back, below what was closed: 10 in all
    assert corrections.find(tree.reseller) == 1
    assert waiting()[1] == ("Acme", "acme.example", -7, D("-56.00"), D("-8.40"), "ZAR")
    assert canonical.agrees(closed)


def test_a_domain_that_was_missing_and_a_company_that_came_later_are_adjustments_too(tree: Tree) -> None:
    shut(tree)
    late = make_domain(tree.beta, "late.example")
    later = make_domain(make_ou(parent=tree.reseller, title="New"), "new.example")
    report_of_october(late, 1)
    report_of_october(later, 3)
    assert corrections.find(tree.reseller) == 2
    assert waiting() == [
        ("Beta", "late.example", 1, D("10.00"), D("1.50"), "ZAR"),
        ("New", "new.example", 3, D("30.00"), D("4.50"), "ZAR"),
    ]
    report_of_october(later, 2, "NEVER-PRICED")  # which names the other edition no more: that is none in use
    assert corrections.find(tree.reseller) == 2
    assert sorted(waiting()[2:], key=str) == [
        ("New", "new.example", -3, D("-30.00"), D("-4.50"), "ZAR"),
        ("New", "new.example", 2, None, None, ""),
    ]


def test_adjustments_are_lines_of_the_next_month_that_name_the_one_they_correct(
    finance: Client, tree: Tree
) -> None:
    shut(tree)
    report_of_october(tree.domains["below"], 2)
    corrections.find(tree.reseller)
    assert "carried into the next month" in text_of(finance.get(tree.url("detail")))
    make_figure(tree.domains["below"], 2, SEPTEMBER)
    # 20 and 3 of tax, less 30 and 4.50
    assert "-11.50" in text_of(finance.get(tree.url("detail", month=SEPTEMBER)))
    closed = shut(tree, month=SEPTEMBER)
    line = closed.lines.get(adjusts=OCTOBER)
    assert (line.company, line.domain, line.count, line.net, line.tax) == (
        "Below", "below.example", -3, D("-30.00"), D("-4.50"),
    )  # fmt: skip
    assert closing.totals(closed.lines.all())["ZAR"].gross == D("-11.50")
    assert Adjustment.objects.get().line == line
    assert canonical.agrees(closed)
    assert waiting() == []
    statement = text_of(finance.get(tree.url("statement", tree.below.guid, month=SEPTEMBER)))
    assert "Corrections of earlier months" in statement
    assert "says 2 instead of 5" in statement
    # what was carried stays known: the same difference is not found again
    assert corrections.find(tree.reseller) == 0


def test_a_person_corrects_with_a_reason_and_what_reports_say_is_not_reckoned_against_it(
    finance: Client, tree: Tree
) -> None:
    shut(tree)
    form = {
        "company": tree.acme.guid,
        "edition": EDITION,
        "count": "-2",
        "net": "",
        "currency": "ZAR",
        "tax_rate": "",
    }
    assert finance.get(tree.url("adjust")).status_code == 200
    assert finance.post(tree.url("adjust"), form).status_code == 422  # without a reason
    assert finance.post(tree.url("adjust"), {**form, "reason": "Two were ours"}).status_code == 303
    assert waiting() == [("Acme", "", -2, D("-16.00"), D("-2.40"), "ZAR")]
    entry = AuditEntry.objects.get(kind="month_adjusted")
    assert (entry.by, entry.reason, entry.new["net"]) == (tree.farouk, "Two were ours", "ZAR -16.00")
    amount = {
        **form,
        "count": "0",
        "net": "-1 234,50",
        "tax_rate": "10",
        "currency": "USD",
        "reason": "Agreed",
    }
    assert finance.post(tree.url("adjust"), amount).status_code == 303
    assert waiting()[1] == ("Acme", "", 0, D("-1234.50"), D("-123.45"), "USD")
    assert corrections.find(tree.reseller) == 0
    report_of_october(tree.domains["acme"], 9)
    corrections.find(tree.reseller)
    assert waiting()[2] == ("Acme", "acme.example", 1, D("8.00"), D("1.20"), "ZAR")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"count": "-13"}, "was charged for 12"),
        ({"count": "0"}, "That changes nothing"),
        ({"count": "many"}, "Type a whole number"),
        ({"count": "10000000"}, "less than or equal to 1000000"),
        ({"net": "12.345"}, "At most 2 decimals"),
        ({"net": "=1+1"}, "is no amount"),
        ({"net": "1,234"}, "may mean 1234 or 1.234"),
        ({"tax_rate": "101", "net": "1"}, "100 per cent at most"),
        ({"edition": "NEVER-PRICED"}, "had no price for Acme in October 2026: type the amount"),
        ({"company": "nobody"}, "Select a valid choice"),
        ({"net": "1", "currency": ""}, "Choose the currency"),
    ],
)
def test_what_is_no_correction_is_said_beside_its_field(
    finance: Client, tree: Tree, said: dict[str, str], sentence: str
) -> None:
    shut(tree)
    form = {
        "company": tree.acme.guid,
        "edition": EDITION,
        "count": "1",
        "net": "",
        "currency": "ZAR",
        "reason": "So",
    }
    answer = finance.post(tree.url("adjust"), {**form, **said})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert waiting() == []


def test_an_open_month_is_not_corrected(finance: Client, tree: Tree) -> None:
    assert finance.get(tree.url("adjust")).status_code == 404
    assert not Line.objects.exists()


def test_closing_finds_what_came_in_meanwhile_and_shows_it_first(finance: Client, tree: Tree) -> None:
    shut(tree)
    make_figure(tree.domains["acme"], 1, SEPTEMBER)
    seen = closing.draft(tree.reseller, SEPTEMBER).mark
    report_of_october(tree.domains["beta"], 4)
    sent = {"seen": seen, "reason": "Late", "understood": "on"}
    answer = finance.post(tree.url("close", month=SEPTEMBER), sent)
    assert answer.status_code == 422
    assert "Look once more" in text_of(answer)
    assert "1 adjustment among them" in text_of(answer)
    again = {**sent, "seen": answer.context["made"].mark}
    assert finance.post(tree.url("close", month=SEPTEMBER), again).status_code == 303
    assert Line.objects.get(adjusts=OCTOBER).net == D("20.00")
