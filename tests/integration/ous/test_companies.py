"""The list of companies: what it finds, whom it shows it to, and what is being made."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action
from provisioning.services import mailboxes, ous
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def titles(client: Client, **query: str) -> list[str]:
    page = client.get(reverse("ous:list"), query)
    assert page.status_code == 200
    return [row["ou"].title for row in page.context["rows"]]


def ask_for(root: OU, by: Any, title: str) -> Action:
    details = {"title": title, "physical_address": ADDRESS}
    return ous.create_company(root, by=by, details=details, submission=uuid.uuid4())


def test_companies_are_listed_by_name_with_what_they_hold(client: Client, root: OU, support: Any) -> None:
    make_ou(parent=root, title="Beta")
    acme = make_ou(parent=root, title="Acme", client_ref="AC-7")
    domain = make_domain(acme, package=make_package(acme))
    for _ in range(3):
        make_mailbox(domain)
    page = client.get(reverse("ous:list"))
    rows = page.context["rows"]
    assert [row["ou"].title for row in rows] == ["Acme", "Beta"]
    assert (rows[0]["packages"], rows[0]["domains"], rows[0]["mailboxes"]) == (1, 1, 3)
    assert "AC-7" in page.content.decode()


@pytest.mark.parametrize("term", ["two", "Two oc", "ac-9", "AC-9", "ocEANS", "two\u200b", " two  oceans "])
def test_any_word_or_the_reference_finds_a_company(client: Client, root: OU, support: Any, term: str) -> None:
    make_ou(parent=root, title="The Two Oceans Trading", client_ref="AC-9")
    make_ou(parent=root, title="Another")
    assert titles(client, q=term) == ["The Two Oceans Trading"]


@pytest.mark.parametrize("term", ["ceans", "%", "_", "\\", "(", "a\x00", "[", "*", "x" * 5000])
def test_odd_searches_find_nothing_and_break_nothing(
    client: Client, root: OU, support: Any, term: str
) -> None:
    make_ou(parent=root, title="Two Oceans")
    page = client.get(reverse("ous:list"), {"q": term})
    assert page.status_code == 200
    assert not page.context["rows"]
    assert "No company matches" in page.content.decode()


def test_a_guid_finds_a_company_even_when_it_is_gone(client: Client, root: OU, support: Any) -> None:
    gone = make_ou(parent=root, title="Gone Ltd", gone_at=timezone.now())
    assert titles(client) == []
    assert titles(client, q=gone.guid.upper()) == ["Gone Ltd"]


def test_companies_of_a_sub_reseller_can_be_listed_alone(client: Client, root: OU, support: Any) -> None:
    below = make_ou(parent=root, title="Below", type=OU.Type.SUBRESELLER)
    make_ou(parent=below, title="Theirs")
    make_ou(parent=root, title="Ours")
    assert titles(client) == ["Ours", "Theirs"]
    assert titles(client, parent=below.guid) == ["Theirs"]
    assert "under Below" in client.get(reverse("ous:list")).content.decode()


def test_nothing_of_another_reseller_is_listed_or_found(client: Client, root: OU, support: Any) -> None:
    other = make_ou(parent=make_ou(), title="Stranger")
    assert titles(client) == []
    assert titles(client, q="Stranger") == []
    assert titles(client, q=other.guid) == []
    assert titles(client, parent=other.parent.guid if other.parent else "") == []


def test_finance_sees_no_column_of_what_is_closed_to_it(client: Client, root: OU) -> None:
    acme = make_ou(parent=root, title="Acme")
    make_mailbox(make_domain(acme))
    client.force_login(make_person("finance", root))
    body = client.get(reverse("ous:list")).content.decode()
    assert "Packages</th>" in body
    assert "Mailboxes</th>" not in body
    assert "New company" not in body


def test_a_company_admin_has_no_list_of_companies(client: Client, root: OU) -> None:
    client.force_login(make_person("company_admin", make_ou(parent=root)))
    assert client.get(reverse("ous:list")).status_code == 404


def test_a_company_is_shown_from_the_click_until_it_exists(client: Client, root: OU, support: Any) -> None:
    action = ask_for(root, support, "Newcomer")
    page = client.get(reverse("ous:list"))
    assert [row["target"] for row in page.context["asked"]] == ["Newcomer"]
    assert 'hx-trigger="every 1s"' in page.content.decode()
    vals = json.loads(page.context["live_vals"])
    assert client.get(reverse("ous:list"), vals, **HTMX).status_code == 204
    ledger.cancel(action, by=support)
    after = client.get(reverse("ous:list"), vals, **HTMX)
    assert 'hx-trigger="every' not in after.content.decode()
    assert "Newcomer: Cancelled." in after["HX-Trigger"]


def test_a_refused_company_stays_until_it_is_asked_for_again(client: Client, root: OU, support: Any) -> None:
    ledger.fail(ask_for(root, support, "Twice"), "refused", "No <b>such</b> luck.", [])
    page = client.get(reverse("ous:list"))
    assert [row["state"] for row in page.context["asked"]] == ["failed"]
    assert "No &lt;b&gt;such&lt;/b&gt; luck." in page.content.decode()
    ask_for(root, support, "Twice")
    assert [row["state"] for row in client.get(reverse("ous:list")).context["asked"]] == ["queued"]


def test_what_is_in_progress_for_a_company_is_counted(client: Client, root: OU, support: Any) -> None:
    acme = make_ou(parent=root, title="Acme")
    mailbox = make_mailbox(make_domain(acme))
    mailboxes.change_state(mailbox, "mailbox.suspend", by=support, submission=uuid.uuid4())
    page = client.get(reverse("ous:list"))
    assert "1 in progress" in page.content.decode()
    assert 'hx-trigger="every 1s"' in page.content.decode()


def test_a_hostile_title_is_only_text(client: Client, root: OU, support: Any) -> None:
    make_ou(parent=root, title="<script>alert(1)</script>", client_ref='"><img src=x>')
    body = client.get(reverse("ous:list")).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert "<img src=x" not in body


def queries(client: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(reverse("ous:list")).status_code == 200
    return len(seen)


def test_a_thousand_companies_take_no_more_queries_than_ten(client: Client, root: OU, support: Any) -> None:
    for number in range(10):
        make_domain(make_ou(parent=root, title=f"Few {number}"))
    few = queries(client)
    now = timezone.now()
    rows = OU.objects.bulk_create(
        OU(
            connection=root.connection,
            parent=root,
            type="company",
            title=f"Many {n:04}",
            guid=f"m-{n}",
            as_at=now,
        )
        for n in range(1000)
    )
    for row in rows:
        row.path = f"{root.path}{row.pk}."
    OU.objects.bulk_update(rows, ["path"])
    assert queries(client) == few
    page = client.get(reverse("ous:list"))
    assert len(page.context["rows"]) == 50
    second = client.get(page.context["page"].next_url)
    assert second.context["rows"][0]["ou"].title > page.context["rows"][-1]["ou"].title
