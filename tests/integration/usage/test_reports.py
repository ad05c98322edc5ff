"""Usage reports: kept once and for ever, counted in the month of their data, never guessed."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from provisioning import usage
from provisioning.models import Domain, MonthlyFigure, UsageCount, UsageReport
from tests.integration.factories import make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BASIC, PREMIUM = "SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"
NOVEMBER, OCTOBER = date(2026, 11, 1), date(2026, 10, 1)


@pytest.fixture
def domain() -> Domain:
    company = make_ou(parent=make_ou(title="Reseller"), title="Acme")
    return make_domain(company, "acme.example", make_package(company, editions=(BASIC, PREMIUM)))


def body(counts: Any, as_at: str | None = "2026-11-20 02:10:00+0200", **facts: Any) -> dict[str, Any]:
    lines = counts
    if isinstance(counts, dict):
        lines = [{"edition_code": code, "count": count} for code, count in counts.items()]
    report = {"state": "FINISHED", "data_as_at": as_at, "edition_usage_reports": lines, **facts}
    return {"domain": {"guid": "G", "domain_usage_report": report}}


def take_in(domain: Domain, counts: Any, as_at: str | None = "2026-11-20 02:10:00+0200", **facts: Any) -> Any:
    at = facts.pop("received_at", NOW)
    return usage.take_in(domain, body(counts, as_at, **facts), source=usage.SUMMARY, received_at=at)


def figures(domain: Domain, month: date = NOVEMBER) -> dict[str, int]:
    return dict(MonthlyFigure.objects.filter(domain=domain, month=month).values_list("edition", "count"))


@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: {"domain": body}])
@pytest.mark.parametrize("said", [{}, {"domain_usage_report": None}])
def test_a_domain_that_shows_no_report_has_none(domain: Domain, wrap: Any, said: dict[str, Any]) -> None:
    shown = wrap({"domain_name": domain.name, "state": "active", **said})
    assert usage.take_in(domain, shown, source=usage.SUMMARY, received_at=NOW) is None
    assert not UsageReport.objects.exists()


def test_a_report_is_kept_with_what_it_says_and_counted_in_its_month(domain: Domain) -> None:
    report = take_in(domain, {BASIC: 5, PREMIUM: 2})
    assert report.data_as_at == datetime(2026, 11, 20, 0, 10, tzinfo=UTC)
    assert (report.ou, report.problems, report.raw["state"]) == (domain.ou, [], "FINISHED")
    assert dict(report.counts.values_list("edition", "product")) == {BASIC: "SYN-CMS", PREMIUM: "SYN-CMS"}
    figure = MonthlyFigure.objects.get(edition=BASIC)
    assert (figure.month, figure.count, figure.ou, figure.report) == (NOVEMBER, 5, domain.ou, report)
    assert (figure.data_as_at, figure.received_at) == (report.data_as_at, NOW)


def test_the_same_report_read_again_is_the_same_one(domain: Domain) -> None:
    first = take_in(domain, {BASIC: 5})
    assert take_in(domain, {BASIC: 5}, received_at=NOW + timedelta(hours=3)) == first
    assert take_in(domain, {BASIC: 6}) != first
    assert UsageReport.objects.count() == 2


def test_history_is_never_changed_nor_removed(domain: Domain) -> None:
    take_in(domain, {BASIC: 5})
    for rows in (UsageReport.objects.all(), UsageCount.objects.all()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows._raw_delete(rows.db)
    with pytest.raises(DatabaseError), transaction.atomic():
        UsageCount.objects.update(count=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        UsageReport.objects.update(problems=[])
    assert UsageCount.objects.get().count == 5


REPORTS: list[tuple[Any, str | None]] = [
    ({BASIC: 5, PREMIUM: 1}, "2026-11-02 02:10:00+0200"),
    ({BASIC: 6}, "2026-11-12 02:10:00+0200"),
    ({BASIC: -1, PREMIUM: 4}, "2026-11-15 02:10:00+0200"),
    ("rubbish", "2026-11-20 02:10:00+0200"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_the_months_figure_is_of_the_last_data_whatever_comes_in_first(
    domain: Domain, order: tuple[int, ...]
) -> None:
    for place in order:
        take_in(domain, *REPORTS[place])
    assert figures(domain) == {BASIC: 6, PREMIUM: 4}, "an odd count leaves the older figure, with its age"
    ages = MonthlyFigure.objects.filter(domain=domain).values_list("edition", "data_as_at")
    assert {code: at.day for code, at in ages if at} == {BASIC: 12, PREMIUM: 15}


def test_an_older_report_that_comes_late_changes_nothing(domain: Domain) -> None:
    take_in(domain, {BASIC: 7}, "2026-11-20 02:10:00+0200")
    take_in(domain, {BASIC: 2, PREMIUM: 9}, "2026-11-10 02:10:00+0200")
    assert figures(domain) == {BASIC: 7, PREMIUM: 0}, "by the twentieth none of Premium was in use"


def test_an_edition_that_is_in_use_no_more_is_none_and_not_missing(domain: Domain) -> None:
    take_in(domain, {BASIC: 7, PREMIUM: 1}, "2026-11-10 02:10:00+0200")
    take_in(domain, {BASIC: 7}, "2026-11-20 02:10:00+0200")
    assert figures(domain) == {BASIC: 7, PREMIUM: 0}


def test_nothing_in_use_at_all_is_a_figure(domain: Domain) -> None:
    take_in(domain, {})
    assert figures(domain) == {BASIC: 0}, "the default edition's"


@pytest.mark.parametrize("lines", [None, "none", 7, [None, "x", {"count": 4}]])
def test_what_cannot_be_read_is_kept_and_never_counted_as_none(domain: Domain, lines: Any) -> None:
    report = take_in(domain, lines)
    assert report.raw["edition_usage_reports"] == lines
    assert report.problems
    assert not report.counts.exists()
    assert figures(domain) == {}


def test_a_month_begins_by_the_portals_clock(domain: Domain) -> None:
    take_in(domain, {BASIC: 1}, "2026-10-31T21:59:59Z")
    take_in(domain, {BASIC: 2}, "2026-10-31T22:00:00Z")
    assert (figures(domain, OCTOBER), figures(domain)) == ({BASIC: 1}, {BASIC: 2})


@pytest.mark.parametrize("as_at", [None, "2031-01-01 00:00:00+0200", "soon"])
def test_without_a_date_that_can_be_the_time_of_receipt_counts(domain: Domain, as_at: str | None) -> None:
    report = take_in(domain, {BASIC: 3}, as_at)
    assert (report.data_as_at, len(report.problems)) == (None, 1)
    assert (figures(domain), MonthlyFigure.objects.get().data_as_at) == ({BASIC: 3}, None)
    later = NOW + timedelta(days=40)
    assert take_in(domain, {BASIC: 3}, as_at, received_at=later) == report, (
        "a domain still shows what it showed"
    )


def test_details_that_say_no_date_are_of_the_month_in_which_they_were_read(domain: Domain) -> None:
    lines = [
        {"edition_code": PREMIUM, "count": 1, "billable_mailboxes": ["ann@acme.example"], "warning": "Late."}
    ]
    facts: dict[str, Any] = {"source": usage.DETAILED}
    first = usage.take_in(domain, lines, received_at=NOW, **facts)
    assert first is not None
    assert usage.take_in(domain, lines, received_at=NOW + timedelta(days=1), **facts) == first
    assert usage.take_in(domain, lines, received_at=NOW + timedelta(days=30), **facts) != first
    count = first.counts.get()
    assert (count.mailboxes, count.warning) == ([{"email": "ann@acme.example", "guid": ""}], "Late.")
    take_in(domain, {BASIC: 4}, "2026-11-22 02:10:00+0200")
    assert figures(domain) == {BASIC: 4, PREMIUM: 1}, (
        "details come after the report, and leave what they do not name"
    )


def test_an_edition_that_the_portal_does_not_know_is_counted_and_told(domain: Domain) -> None:
    report = take_in(domain, {"CLM-BETA-7": 3})
    assert "CLM-BETA-7 is an edition of no package" in report.problems[0]
    assert figures(domain) == {"CLM-BETA-7": 3}


def test_hostile_reports_break_neither_the_database_nor_the_page(domain: Domain, client: Client) -> None:
    client.force_login(make_person("support", domain.ou.parent or domain.ou))
    hostile = "<script>alert(1)</script>"
    lines = [
        {"edition_code": f"{hostile}\x00\ud800", "count": 3, "warning": hostile, "password": "hunter2"},
        {"edition_code": "x" * 5000, "count": hostile, "billable_mailboxes": [hostile, None, {"email": 7}]},
    ]
    report = take_in(domain, lines, problem=hostile, note={"password": "hunter2"})
    assert "hunter2" not in json.dumps(report.raw)
    usage.take_in(domain, lines, source=usage.DETAILED, received_at=NOW)
    page = client.get(reverse("domains:detail", args=[domain.guid])).content.decode()
    assert "<script>alert" not in page
    assert "The last report is odd." in page
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    before = figures(domain)
    assert take_in(domain, deep, received_at=NOW + timedelta(hours=1)).problems
    assert figures(domain) == before


def test_the_page_shows_what_changed_and_what_is_behind_it(domain: Domain, client: Client) -> None:
    client.force_login(make_person("support", domain.ou.parent or domain.ou))
    take_in(domain, {BASIC: 1_203}, "2026-11-10 02:10:00+0200")
    take_in(domain, {BASIC: 1_200, PREMIUM: 2}, "2026-11-20 02:10:00+0200")
    behind = [
        {"edition_code": PREMIUM, "count": 2, "billable_mailboxes": ["ann@acme.example", "ben@acme.example"]}
    ]
    usage.take_in(domain, behind, source=usage.DETAILED, received_at=NOW)
    page = client.get(reverse("domains:detail", args=[domain.guid])).content.decode()
    for words in ("1,200", "-3", "new", "ann@acme.example", "2 mailboxes behind it", "Earlier reports"):
        assert words in page, words


def test_the_page_costs_the_same_however_long_the_history(
    domain: Domain, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(make_person("support", domain.ou.parent or domain.ou))
    for day in range(1, 21):
        take_in(domain, {BASIC: day}, f"2026-11-{day:02} 02:10:00+0200")
    address = reverse("domains:detail", args=[domain.guid])
    client.get(address)
    with django_assert_max_num_queries(60):
        client.get(address)
