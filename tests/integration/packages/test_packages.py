"""The list of packages, and the page of one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Package, Reading
from provisioning.services import domains, packages
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Ltd")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def codes(client: Client, **query: str) -> list[str]:
    page = client.get(reverse("packages:list"), query)
    assert page.status_code == 200
    return [row["package"].code for row in page.context["rows"]]


def page_of(client: Client, package: Package, **extra: Any) -> Any:
    return client.get(reverse("packages:detail", args=[package.guid]), **extra)


@pytest.mark.parametrize("term", ["SYN-CM", "syn-cms", "cloud", "mail", "acme", "ltd"])
def test_code_name_and_company_find_a_package(client: Client, acme: OU, support: Any, term: str) -> None:
    make_package(acme, name="Cloud Mail")
    make_package(make_ou(parent=acme.parent, title="Beta"), code="AR-SEC", name="Archive")
    assert codes(client, q=term) == ["SYN-CMS"]


def test_a_guid_finds_a_package(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme)
    make_package(acme, code="AR-SEC")
    assert codes(client, q=package.guid.upper()) == ["SYN-CMS"]


@pytest.mark.parametrize("term", ["%", "_", "\\", "(", "z\x00", "x" * 5000])
def test_odd_searches_find_nothing_and_break_nothing(
    client: Client, acme: OU, support: Any, term: str
) -> None:
    make_package(acme)
    assert codes(client, q=term) == []


def test_packages_of_one_company(client: Client, acme: OU, support: Any) -> None:
    make_package(acme)
    make_package(make_ou(parent=acme.parent), code="AR-SEC")
    page = client.get(reverse("packages:list"), {"company": acme.guid})
    assert [row["package"].code for row in page.context["rows"]] == ["SYN-CMS"]
    assert page.context["chips"][0]["value"] == "Acme Ltd"
    assert reverse("packages:new", args=[acme.guid]) in page.content.decode()


def test_nothing_of_another_reseller_is_listed_or_shown(client: Client, support: Any) -> None:
    package = make_package(make_ou(parent=make_ou(), title="Stranger"))
    assert codes(client) == []
    assert codes(client, q=package.guid) == []
    assert page_of(client, package).status_code == 404
    assert client.post(reverse("packages:refresh", args=[package.guid])).status_code == 404


def test_a_package_is_shown_from_the_click_until_it_exists(client: Client, acme: OU, support: Any) -> None:
    action = packages.create_package(
        acme, by=support, code="SYN-CMS", name="CloudMail", editions=[], submission=uuid.uuid4()
    )
    page = client.get(reverse("packages:list"))
    assert [row["target"] for row in page.context["asked"]] == ["CloudMail"]
    assert 'hx-trigger="every 1s"' in page.content.decode()
    ledger.cancel(action, by=support)
    after = client.get(reverse("packages:list"), {"open": str(action.pk), "v": "old"}, **HTMX)
    assert 'hx-trigger="every' not in after.content.decode()
    assert "CloudMail: Cancelled." in after["HX-Trigger"]


def test_a_package_shows_its_editions_with_the_mailboxes_on_each(
    client: Client, acme: OU, support: Any
) -> None:
    package = make_package(acme, editions=("BASIC", "PREM"), name="Cloud <Mail>")
    domain = make_domain(acme, "acme.example", package)
    for edition in ("BASIC", "BASIC", "PREM", ""):
        make_mailbox(domain, edition_code=edition)
    make_mailbox(make_domain(acme), edition_code="BASIC")
    make_mailbox(domain, edition_code="BASIC", gone_at=timezone.now())
    page = page_of(client, package)
    assert {row["edition"].code: row["mailboxes"] for row in page.context["editions"]} == {
        "BASIC": 2,
        "PREM": 1,
    }
    assert page.context["without_edition"] == 1
    body = page.content.decode()
    assert "acme.example" in body
    assert "Cloud &lt;Mail&gt;" in body
    assert f"{reverse('domains:new', args=[acme.guid])}?package={package.guid}" in body


def test_a_domain_being_made_under_it_is_shown(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme)
    domains.create_domain_in_package(
        package, by=support, name="new.example", at_once=False, submission=uuid.uuid4()
    )
    page = page_of(client, package)
    assert [row["target"] for row in page.context["asked"]] == ["new.example"]
    assert 'hx-trigger="every 1s"' in page.content.decode()


def test_a_package_in_a_state_that_nobody_told_us_of_is_shown(client: Client, acme: OU, support: Any) -> None:
    body = page_of(client, make_package(acme, state="<b>hibernating</b>")).content.decode()
    assert "&lt;b&gt;hibernating&lt;/b&gt;" in body


def test_an_auditor_is_offered_nothing(client: Client, root: OU, acme: OU) -> None:
    client.force_login(make_person("auditor", root))
    assert "New domain" not in page_of(client, make_package(acme)).content.decode()


def test_finance_sees_packages_without_domains_and_mailboxes(client: Client, root: OU, acme: OU) -> None:
    package = make_package(acme)
    make_mailbox(make_domain(acme, "hidden.example", package))
    client.force_login(make_person("finance", root))
    for body in (
        page_of(client, package).content.decode(),
        client.get(reverse("packages:list")).content.decode(),
    ):
        assert "hidden.example" not in body
        assert "Mailboxes</th>" not in body


def test_refresh_asks_for_a_reading_and_the_page_waits_for_it(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme)
    url = reverse("packages:refresh", args=[package.guid])
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 303
    assert Reading.objects.get().guid == package.guid
    assert 'hx-trigger="every 1s"' in page_of(client, package).content.decode()
    Reading.objects.update(due_at=None)
    assert 'hx-trigger="every' not in page_of(client, package).content.decode()


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse("packages:list")).status_code == 200
    return len(seen)


def test_a_thousand_packages_take_no_more_queries_than_ten(client: Client, acme: OU, support: Any) -> None:
    for _ in range(10):
        make_domain(acme, package=make_package(acme))
    few = queries(client)
    now = timezone.now()
    Package.objects.bulk_create(
        Package(connection=acme.connection, ou=acme, code="SYN-CMS", guid=f"p-{n}", as_at=now)
        for n in range(1000)
    )
    assert queries(client) == few
