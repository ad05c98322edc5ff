from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provisioning.models import OU, Domain
from provisioning.services import domains
from tests.integration.factories import make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

LIST = "/domains/"


def names(client: Client, **query: str) -> list[str]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return [row["domain"].name for row in answer.context["rows"]]


def test_only_what_is_in_scope_and_still_there(client: Client, acme: OU, support: Any) -> None:
    make_domain(acme, "b.example")
    make_domain(acme, "a.example")
    make_domain(acme, "gone.example", gone_at=timezone.now())
    make_domain(make_ou(parent=make_ou()), "other.example")
    assert names(client) == ["a.example", "b.example"]


def test_search_by_beginning_in_any_letters_and_by_guid(client: Client, acme: OU, support: Any) -> None:
    make_domain(acme, "acme.example")
    guid = make_domain(acme, "xn--mnchen-3ya.example").guid
    assert names(client, q="ACM") == ["acme.example"]
    assert names(client, q="Mün") == ["xn--mnchen-3ya.example"]
    assert names(client, q=guid) == ["xn--mnchen-3ya.example"]
    assert names(client, q="%") == []
    assert names(client, q="\x00ac\u200bme") == ["acme.example"]


def test_filters_stand_as_chips_each_with_its_way_off(client: Client, acme: OU, support: Any) -> None:
    make_domain(acme, "stale.example", state="stale")
    make_domain(acme, "active.example")
    assert names(client, state="stale", company=acme.guid) == ["stale.example"]
    answer = client.get(LIST, {"state": "stale", "company": acme.guid})
    assert [(chip["label"], chip["value"]) for chip in answer.context["chips"]] == [
        ("State", "stale"),
        ("Company", "Acme"),
    ]
    assert answer.context["chips"][0]["url"] == f"/domains/?company={acme.guid}"
    assert names(client, state="nonsense") == []


def test_a_domain_is_seen_from_the_click_on(client: Client, acme: OU, support: Any) -> None:
    domains.create_domain(acme, by=support, name="soon.example", submission=uuid.uuid4())
    body = client.get(LIST).content.decode()
    assert "soon.example" in body
    assert "hx-trigger" in body
    assert "soon.example" not in client.get(LIST, {"q": "other"}).content.decode()


def test_a_row_with_an_open_action_shows_it(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, package=make_package(acme), state="inactive")
    domains.provision_domain(domain, by=support, submission=uuid.uuid4())
    body = client.get(LIST).content.decode()
    assert "Queued" in body
    assert "hx-trigger" in body


def test_pages_of_fifty(client: Client, acme: OU, support: Any) -> None:
    for number in range(53):
        make_domain(acme, f"d{number:03}.example")
    first = client.get(LIST)
    assert len(first.context["rows"]) == 50
    second = client.get(first.context["page"].next_url)
    assert [row["domain"].name for row in second.context["rows"]] == [
        "d050.example",
        "d051.example",
        "d052.example",
    ]
    assert client.get(second.context["page"].prev_url).context["rows"][0]["domain"].name == "d000.example"


def test_empty_pages_say_what_comes_next(client: Client, root: OU, support: Any) -> None:
    assert "No domains yet" in client.get(LIST).content.decode()
    assert "Clear the search" in client.get(LIST, {"q": "x"}).content.decode()


def test_a_thousand_domains_cost_as_many_queries_as_ten(client: Client, acme: OU, support: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        return len(queries)

    package = make_package(acme)
    for _ in range(10):
        make_domain(acme, package=package)
    few = cost()
    model = Domain.objects.first()
    assert model
    facts = {"connection": acme.connection, "ou": acme, "state": "active", "as_at": timezone.now()}
    Domain.objects.bulk_create(Domain(guid=f"g{n}", name=f"x{n}.example", **facts) for n in range(990))
    assert cost() == few


def test_a_person_without_domains_gets_no_list(client: Client, root: OU) -> None:
    client.force_login(make_person("company_admin", root))
    assert client.get(LIST).status_code == 404


def test_a_rows_menu_leads_to_what_its_state_allows(client: Client, root: OU, acme: OU, support: Any) -> None:
    def labels() -> list[str]:
        (row,) = client.get("/domains/").context["rows"]
        return [item["label"] for item in row["menu"]]

    domain = make_domain(acme, "acme.example")
    assert labels() == ["Link to a package", "Close", "Delete"]
    Domain.objects.update(state="closed")
    assert labels() == ["Link to a package", "Activate", "Delete"]
    assert f"Actions for {domain.name}" in client.get("/domains/").content.decode()
    client.force_login(make_person("auditor", root))
    assert labels() == []
