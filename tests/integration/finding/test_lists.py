"""What all lists have in common: sorting that pages, columns, files, and the same cost at any length."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provisioning.models import OU
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.finding.rows import action, many

pytestmark = pytest.mark.django_db

LISTS = ("/companies/", "/packages/", "/domains/", "/mailboxes/", "/activity/")
MAILBOXES = "/mailboxes/"


def emails(answer: Any) -> list[str]:
    return [row["mailbox"].email.partition("@")[0] for row in answer.context["rows"]]


def file_of(client: Client, path: str, **query: str) -> list[list[str]]:
    answer: Any = client.get(path, {"export": "csv", **query})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))


@pytest.mark.parametrize(
    "sort", ["address", "-address", "state", "-state", "edition", "-edition", "as_at", "-as_at"]
)
def test_each_sorting_shows_each_row_once_however_one_pages(
    client: Client, acme: OU, support: Any, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.listing.page.__kwdefaults__", {"size": 3})
    domain = make_domain(acme)
    for number in range(10):
        make_mailbox(
            domain,
            f"m{number}",
            state=("active", "closed")[number % 2],
            edition_code="ABC"[number % 3],
            as_at=timezone.now() - timedelta(seconds=number // 2),
        )
    seen, there, url = [], [], f"{MAILBOXES}?sort={sort}"
    while url:
        answer = client.get(url)
        seen += emails(answer)
        there.append(emails(answer))
        url = answer.context["page"].next_url
    assert sorted(seen) == [f"m{number}" for number in range(10)]
    back = answer.context["page"].prev_url
    while back:
        there.pop()
        answer = client.get(back)
        assert emails(answer) == there[-1]
        back = answer.context["page"].prev_url
    assert len(there) == 1


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["x", "WyJhIiwgMV0", "eyJpZCI6ICJcdTAwMDAifQ", "e30", "%00"])
def test_a_broken_cursor_is_the_first_page(
    client: Client, acme: OU, support: Any, path: str, cursor: str
) -> None:
    for sort in ("", "as_at"):
        assert client.get(path, {"after": cursor, "sort": sort}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_sorting_that_is_none_is_the_usual_one(client: Client, acme: OU, support: Any, path: str) -> None:
    for sort in ("-state", "nothing", "-"):
        assert client.get(path, {"after": "x", "sort": sort}).status_code == 200


def test_a_cursor_of_another_sorting_is_the_first_page(
    client: Client, acme: OU, support: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.listing.page.__kwdefaults__", {"size": 1})
    domain = make_domain(acme)
    for local in ("a", "b"):
        make_mailbox(domain, local)
    other = client.get(client.get(MAILBOXES).context["page"].next_url.replace("?", "?sort=as_at&"))
    assert (other.status_code, other.context["page"].prev_url) == (200, "")


def test_the_heading_says_how_it_is_sorted_and_leads_to_the_other_way(
    client: Client, acme: OU, support: Any
) -> None:
    make_mailbox(make_domain(acme))
    body = client.get(MAILBOXES, {"sort": "state", "state": "active"}).content.decode()
    assert 'aria-sort="ascending"' in body
    assert "?sort=-state&amp;state=active" in body


def test_chosen_columns_are_kept_and_can_be_taken_back(client: Client, acme: OU, support: Any) -> None:
    make_mailbox(make_domain(acme), edition_code="EDITION-X", guid="the-guid")
    answer = client.post("/columns/mailboxes/", {"column": ["guid"], "next": MAILBOXES})
    assert (answer.status_code, answer["Location"]) == (303, MAILBOXES)
    body = client.get(MAILBOXES).content.decode()
    assert "<code>the-guid</code>" in body
    assert "EDITION-X" not in body
    assert file_of(client, MAILBOXES)[0] == ["Address", "State", "Locked", "GUID"]
    client.post("/columns/mailboxes/", {"reset": "1", "next": MAILBOXES})
    assert "EDITION-X" in client.get(MAILBOXES).content.decode()


def test_choosing_columns_leads_back_only_to_us(client: Client, support: Any) -> None:
    assert client.post("/columns/mailboxes/", {"next": "https://evil.example/"}).status_code == 404
    client.cookies["columns-mailboxes"] = "<script>.address"
    assert client.get(MAILBOXES).status_code == 200


def test_a_file_holds_what_the_filters_leave_in_the_order_of_the_page(
    client: Client, acme: OU, support: Any
) -> None:
    domain = make_domain(acme, "acme.example")
    for number in range(60):
        make_mailbox(domain, f"m{number:02}", state="closed" if number == 7 else "active")
    rows = file_of(client, MAILBOXES, state="active", sort="-address")
    assert rows[0][:3] == ["Address", "Name", "State"]
    assert len(rows) == 60
    assert rows[1][0] == "m59@acme.example"
    assert not [row for row in rows if row[0].startswith("m07")]


def test_a_file_holds_nothing_that_a_spreadsheet_would_run(client: Client, root: OU, support: Any) -> None:
    evil = make_ou(parent=root, title='=HYPERLINK("http://evil","x")', client_ref="@SUM(1)")
    domain = make_domain(evil, "acme.example")
    make_mailbox(domain, "+cmd|' /C calc'!A0", display_name="-2+3", edition_code="\t=1")
    action(evil, "failed", title="=1+1", words="＝1+1")
    for path in LISTS:
        for row in file_of(client, path)[1:]:
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "＝"))], path


def test_a_file_keeps_to_the_scope_and_to_what_the_role_sees(client: Client, root: OU, acme: OU) -> None:
    other = make_ou(parent=root, title="Other")
    make_mailbox(make_domain(acme, "acme.example"), "ann")
    make_mailbox(make_domain(other, "other.example"), "bob")
    client.force_login(make_person("company_admin", acme))
    rows = file_of(client, MAILBOXES)
    assert [row[0] for row in rows[1:]] == ["ann@acme.example"]
    assert "Company" not in rows[0]
    client.force_login(make_person("finance", root))
    assert client.get(MAILBOXES, {"export": "csv"}).status_code == 404


def test_a_file_holds_no_secret(client: Client, acme: OU, support: Any) -> None:
    action(acme, "queued", sealed="sealed-secret", payload={"password": "hunter2"})
    text = str(file_of(client, "/activity/"))
    assert "sealed-secret" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize("path", LISTS)
def test_a_workbook_of_each_list(client: Client, acme: OU, support: Any, path: str) -> None:
    make_mailbox(make_domain(acme, package=make_package(acme)))
    action(acme, "finished")
    answer: Any = client.get(path, {"export": "xlsx"})
    assert b"".join(answer.streaming_content).startswith(b"PK")


@pytest.mark.parametrize("path", [*LISTS, "/attention/", "/search/?q=acme", "/bell/?since=1"])
def test_many_rows_cost_as_many_queries_as_ten(client: Client, acme: OU, support: Any, path: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    many(acme, 10, support)
    few = cost()
    many(acme, 290, support)  # more than two pages
    assert cost() == few


def test_a_long_file_costs_a_fixed_number_of_queries_a_chunk(client: Client, acme: OU, support: Any) -> None:
    many(acme, 400, support)
    for path in LISTS:
        with CaptureQueriesContext(connection) as queries:
            assert len(file_of(client, path)) > 400
        assert len(queries) < 20, path


def test_activity_can_be_narrowed_to_ones_own_to_a_company_and_to_the_last_hour(
    client: Client, root: OU, acme: OU, support: Any
) -> None:
    other = make_ou(parent=root, title="Other")
    old = timezone.now() - timedelta(days=2)
    mine = action(acme, "finished", by=support)
    action(other, "finished")
    action(acme, "finished", asked_at=old, ended_at=old)

    def found(**query: str) -> list[int]:
        return [row["id"] for row in client.get("/activity/", query).context["rows"]]

    assert found(by="me") == [mine.pk]
    assert found(company=acme.guid, age="1h") == [mine.pk]
    assert found(q=str(mine.pk)) == [mine.pk]
    assert len(found(by="x", age="y", operation="z", company="nobody")) == 3
    chips = client.get("/activity/", {"by": "me", "age": "1h"}).context["chips"]
    assert [chip["label"] for chip in chips] == ["Asked", "By"]
