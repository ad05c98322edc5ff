"""The usage page: figures and totals as the database has them, how sure they are, and nobody else's."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import Person
from portal.billing.models import PriceBook
from portal.usage.asked import in_address, previous
from provisioning import usage
from provisioning.models import Action, AuditEntry, Batch, MonthlyFigure, UsageRun
from tests.integration.factories import make_mailbox, make_ou, make_person
from tests.integration.usage.world import BASIC, PREMIUM, World, count, moment, this_month

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def finance(world: World) -> Person:
    return make_person("finance", world.sub)


@pytest.fixture
def reader(client: Client, finance: Person) -> Client:
    client.force_login(finance)
    return client


def said(client: Client, path: str) -> str:
    """The page's words without its markup's blanks."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def file_of(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/usage/?export=csv{query}")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_totals_and_rows_are_those_of_the_database_and_of_ones_own_scope(
    reader: Client, world: World
) -> None:
    matrix = reader.get("/usage/").context["matrix"]
    own = MonthlyFigure.objects.filter(month=this_month(), ou__path__startswith=world.sub.path)
    sums = dict(own.values_list("edition").annotate(total=Sum("count")))
    assert {
        column.code: cell.count for column, cell in zip(matrix.columns, matrix.totals, strict=True)
    } == sums
    assert [(row.ou, row.total.count, row.total.against) for row in matrix.rows] == [
        (world.company, 15, "+5"),
        (world.second, 35, "−5"),
    ]
    assert (matrix.total.count, matrix.total.before, matrix.missing) == (50, 50, 0)
    for path in ("/usage/", "/usage/months/", "/usage/?export=csv"):
        answer = reader.get(path)
        body = answer.getvalue() if not answer.streaming else b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert b"Gamma" not in body
        assert b"7,077" not in body
        assert b"7077" not in body


@pytest.mark.parametrize("where", ["companies/{0.foreign.guid}", "domains/{0.foreign_domain.guid}"])
def test_what_is_behind_anothers_figures_is_not_found(reader: Client, world: World, where: str) -> None:
    assert reader.get(f"/usage/{where.format(world)}/").status_code == 404


def test_finance_begins_with_this_months_usage(reader: Client) -> None:
    assert reader.get("/").headers["Location"] == "/usage/"


def test_a_domain_that_nobody_counted_is_said_to_be_missing_and_is_no_nought(
    reader: Client, world: World
) -> None:
    MonthlyFigure.objects.filter(domain=world.second_domain, month=this_month()).delete()
    page = said(reader, "/usage/")
    assert "1 domain not counted" in page
    assert "at least" in page
    assert "not known" in page
    matrix = reader.get("/usage/").context["matrix"]
    beta = matrix.rows[1]
    assert (beta.total.count, beta.missing, beta.total.against) == (None, 1, "was 40")
    assert "Not all of it is known." in said(reader, f"/usage/companies/{world.second.guid}/")
    assert "Not counted in this month" in said(reader, f"/usage/domains/{world.second_domain.guid}/")
    (row,) = [row for row in file_of(reader) if row["Company"] == "Beta Bakers"]
    assert (row["In use"], row["Domains not counted"], row["Edition"]) == ("", "1", BASIC)


def test_old_data_is_said_to_be_stale(reader: Client, world: World) -> None:
    old = timezone.now() - timedelta(days=30)
    MonthlyFigure.objects.filter(domain=world.domain, month=this_month(), edition=BASIC).update(
        data_as_at=old
    )
    row = reader.get("/usage/").context["matrix"].rows[0]
    assert [(cell.count, cell.stale) for cell in row.cells] == [(12, 1), (3, 0)]
    assert "stale" in said(reader, f"/usage/companies/{world.company.guid}/")
    assert file_of(reader)[0]["Stale figures"] == "1"


def test_every_figure_says_how_it_was_obtained(reader: Client, world: World) -> None:
    for domain, why, by in (
        (world.domain, "night", None),
        (world.second_domain, "person", make_person("support", world.sub)),
    ):
        batch = Batch.objects.create(kind="usage", title="Run", ou=world.root, submission=f"{domain.pk:032x}")
        UsageRun.objects.create(connection=domain.connection, why=why, by=by, batch=batch, day=this_month())
        action = Action.objects.create(
            connection=domain.connection, ou=domain.ou, kind="domain", guid=domain.guid, state="finished", by=by,
            operation="domain.usage", ended_at=timezone.now(), batch=batch, submission=f"{domain.pk + 9999:032x}",
            lock_key=f"domain:{domain.guid}",
        )  # fmt: skip
        body = {"state": "FINISHED", "edition_usage_reports": [{"edition_code": BASIC, "count": 9}]}
        usage.take_in(domain, body, source=usage.SUMMARY, received_at=timezone.now(), action=action)
    alpha, beta = reader.get("/usage/").context["matrix"].rows
    assert alpha.obtained.how == "nightly run"
    assert beta.obtained.how == "asked for by Support"
    assert "received" in said(
        reader, f"/usage/companies/{world.company.guid}/"
    )  # SYNAQ did not say as at when


def test_filters_narrow_figures_and_stand_as_chips(reader: Client, world: World) -> None:
    def rows(query: str) -> list[tuple[str, int]]:
        matrix = reader.get(f"/usage/?{query}").context["matrix"]
        return [(row.ou.title[:5], row.total.count) for row in matrix.rows]

    assert rows("q=bak") == [("Beta ", 35)]
    assert rows(f"company={world.company.guid}") == [("Alpha", 15)]
    assert rows(f"edition={PREMIUM}") == [("Alpha", 3)]
    assert rows("domain=beta") == [("Beta ", 35)]
    assert rows("product=SYN-CMS") == [("Alpha", 15), ("Beta ", 35)]
    assert rows("product=SYN-PIN") == []
    assert rows(f"under={world.sub.guid}") == [("Alpha", 15), ("Beta ", 35)]
    before = previous(this_month())
    assert rows(f"month={in_address(before)}") == [("Alpha", 10), ("Beta ", 40)]
    assert f"Remove filter Edition {PREMIUM}" in said(reader, f"/usage/?edition={PREMIUM}&q=al")


@pytest.mark.parametrize(
    "query",
    ["month=2026-13", "month=9999-01", "month=%00", "compare=x", "under=%00", "company=nobody", "q=%00%ff",
     "domain=%27%3B", "edition=%00", "product=unknown", "months=1000", "after=x", "export=exe"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_still_shows_a_page(reader: Client, query: str) -> None:
    assert reader.get(f"/usage/?{query}").status_code == 200
    assert reader.get(f"/usage/months/?{query}").status_code == 200


def test_costs_are_shown_and_what_has_no_price_is_unpriced_and_not_free(reader: Client, world: World) -> None:
    book = PriceBook.objects.create(ou=world.sub, name="Book", valid_from="2020-01-01", tax_rate=15)
    book.prices.create(edition=BASIC, unit=Decimal("2.50"))
    matrix = reader.get("/usage/").context["matrix"]
    assert matrix.money.charges["ZAR"].net == Decimal("117.50")
    assert sum(row.money.charges["ZAR"].net for row in matrix.rows) == Decimal("117.50")
    assert matrix.money.unpriced == 1
    page = said(reader, f"/usage/companies/{world.company.guid}/")
    assert "30.00" in page
    assert "unpriced" in page
    rows = {(row["Company"], row["Edition"]): row for row in file_of(reader)}
    assert rows["Alpha Attorneys", BASIC]["Net"] == "30.00"
    assert (rows["Alpha Attorneys", PREMIUM]["Currency"], rows["Alpha Attorneys", PREMIUM]["Net"]) == (
        "unpriced",
        "",
    )


def test_files_hold_every_customer_and_are_written_into_the_trail(reader: Client, world: World) -> None:
    world.company.title = "=cmd|' /C calc'!A0"
    world.company.save()
    rows = file_of(reader)
    assert {(row["Company"], row["In use"]) for row in rows} == {
        ("'=cmd|' /C calc'!A0", "12"), ("'=cmd|' /C calc'!A0", "3"), ("Beta Bakers", "35"),
    }  # fmt: skip
    workbook: Any = reader.get("/usage/?export=xlsx")
    assert b"".join(workbook.streaming_content).startswith(b"PK")
    assert AuditEntry.objects.filter(kind="exported").count() == 2


def test_odd_reports_and_hostile_words_are_told_of_and_break_nothing(reader: Client, world: World) -> None:
    count(world.domain, timezone.now(), **{"<b>CLM</b>": 2, "basic": -5})
    page = said(reader, "/usage/")
    assert "<b>CLM" not in page
    assert "&lt;b&gt;CLM" in page
    behind = said(reader, f"/usage/domains/{world.domain.guid}/")
    assert "no number of things" in behind
    assert "<b>CLM" not in behind
    assert "odd report" in said(reader, f"/usage/companies/{world.company.guid}/")


def test_billable_mailboxes_are_named_and_linked_only_for_who_may_see_them(
    reader: Client, world: World
) -> None:
    box = make_mailbox(world.domain, "anna")
    line = {"edition_code": BASIC, "count": 1, "billable_mailboxes": [box.email], "warning": "Nearly full"}
    usage.take_in(world.domain, {"usage": [line]}, source=usage.DETAILED, received_at=moment(this_month()))
    path = f"/usage/domains/{world.domain.guid}/"
    assert box.email in said(reader, path)
    assert f"/mailboxes/{box.guid}/" not in said(reader, path)
    reader.force_login(make_person("support", world.sub))
    assert f"/mailboxes/{box.guid}/" in said(reader, path)
    assert "Nearly full" in said(reader, path)


def test_a_month_that_nobody_counted_is_a_gap_and_one_counted_in_part_says_so(
    reader: Client, world: World
) -> None:
    first = previous(previous(previous(this_month())))
    count(world.domain, first, premium=4)
    trend = reader.get("/usage/months/").context["trend"]
    series = {one.code: one.counts[-4:] for one in trend.series}
    # Alpha's report of the first named no Basic; nobody counted Alpha in the second; Beta was not there before the third
    assert series == {BASIC: [0, None, 50, 47], PREMIUM: [4, None, 0, 3]}
    assert trend.missing[-4:] == [0, 1, 0, 0]
    assert "1 domain not in" in said(reader, "/usage/months/")
    assert '"trend-data"' in said(reader, f"/usage/companies/{world.company.guid}/?months=24")


def test_the_queries_are_the_same_however_many_customers_there_are(reader: Client, world: World) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert reader.get(path).status_code == 200
        return len(found)

    paths = ("/usage/", "/usage/months/", f"/usage/companies/{world.company.guid}/")
    few = {path: queries(path) for path in paths}
    for number in range(12):
        company, domain = world.customer(world.sub, f"Customer {number}", f"c{number}.example")
        count(domain, basic=number + 1)
        del company
    assert {path: queries(path) for path in paths} == few


def test_support_has_a_selection_counted_and_finance_is_told_why_it_does_not(
    reader: Client, world: World
) -> None:
    assert "Asking SYNAQ to count is for support." in said(reader, "/usage/")
    assert reader.get("/usage/collect/").status_code == 404
    assert reader.post("/usage/collect/").status_code == 404
    reader.force_login(make_person("support", world.sub))
    page = reader.get("/usage/collect/?q=alpha")
    assert [share.domains for share in page.context["shares"]] == [[world.domain]]
    form = {"submission": str(page.context["mark"])}
    for _ in range(2):  # a double click is one run
        assert reader.post("/usage/collect/?q=alpha", form).headers["Location"] == "/usage/?q=alpha"
    run = UsageRun.objects.get()
    assert run.batch is not None
    assert [step.guid for step in run.batch.steps.all()] == [world.domain.guid]
    page_of_run = reader.get("/usage/").context["latest"]
    assert [(one.total, one.is_moving) for one in page_of_run] == [(1, True)]


def test_a_run_is_shown_as_far_as_it_is_of_ones_own_customers(reader: Client, world: World) -> None:
    reader.force_login(make_person("support", world.root))
    reader.post("/usage/collect/")
    run = UsageRun.objects.get()
    reader.force_login(make_person("finance", world.sub))
    (shown,) = reader.get("/usage/runs/").context["rows"]
    assert (shown.total, shown.batch_url) == (2, "")
    Action.objects.filter(guid=world.domain.guid).update(
        state="failed", ended_at=timezone.now(), words="No such store.", next_at=None
    )
    page = said(reader, f"/usage/runs/{run.pk}/")
    assert "alpha.example" in page
    assert "gamma" not in page
    assert "No such store." not in page
    reader.force_login(make_person("finance", make_ou()))
    assert reader.get(f"/usage/runs/{run.pk}/").status_code == 404
    assert reader.get("/usage/").context["latest"] == []
