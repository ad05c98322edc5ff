"""The page of one OU."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Reading
from provisioning.services import domains, packages
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    raw = {
        "vat_numer": "987654320",
        "phone_number": None,
        "physical_address": {
            "line_1": "20 Long Street",
            "city": "Cape Town",
            "postal_code": 8001,
            "country": "ZA",
        },
    }
    return make_ou(parent=root, title="Acme <Ltd>", raw=raw)


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def page_of(client: Client, ou: OU, **extra: Any) -> Any:
    return client.get(reverse("ous:detail", args=[ou.guid]), **extra)


def test_a_company_shows_who_it_is_and_where(client: Client, acme: OU, support: Any) -> None:
    body = page_of(client, acme).content.decode()
    for text in (
        "Acme &lt;Ltd&gt;",
        "987654320",
        "20 Long Street",
        "Cape Town 8001",
        "South Africa",
        acme.guid,
    ):
        assert text in body
    assert "<Ltd>" not in body


@pytest.mark.parametrize("raw", [{}, {"physical_address": "nowhere"}, {"vat_numer": {"x": 1}}, [], "text"])
def test_an_odd_answer_breaks_nothing(client: Client, root: OU, support: Any, raw: Any) -> None:
    assert page_of(client, make_ou(parent=root, raw=raw)).status_code == 200


def test_a_new_company_is_led_to_a_package(client: Client, acme: OU, support: Any) -> None:
    body = page_of(client, acme).content.decode()
    assert "Sell a package" in body
    assert "the package comes first" in body
    assert "Mailboxes by edition" not in body


def test_a_company_with_a_package_is_led_to_a_domain(client: Client, acme: OU, support: Any) -> None:
    make_package(acme)
    body = page_of(client, acme).content.decode()
    assert "Sell a package" not in body
    assert "Add a domain" in body
    assert reverse("domains:new", args=[acme.guid]) in body


def test_a_company_that_is_set_up_is_led_nowhere(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme, name="CloudMail")
    domain = make_domain(acme, "acme.example", package)
    for state, locked in (("active", False), ("active", True), ("suspended", False)):
        make_mailbox(domain, state=state, account_locked=locked, edition_code="SYN-CMS-BASIC-02")
    make_mailbox(domain, edition_code="")
    page = page_of(client, acme)
    editions = {row["code"]: row for row in page.context["editions"]}
    assert editions["SYN-CMS-BASIC-02"]["total"] == 3
    assert editions["SYN-CMS-BASIC-02"]["locked"] == 1
    assert editions["SYN-CMS-BASIC-02"]["states"] == [("active", 2), ("suspended", 1)]
    assert editions[""]["total"] == 1
    body = page.content.decode()
    assert "acme.example" in body
    assert "Edition not known" in body


def test_an_old_company_is_read_anew_when_its_page_is_opened(client: Client, root: OU, support: Any) -> None:
    old = make_ou(parent=root, as_at=timezone.now() - timedelta(hours=1))
    page_of(client, old, **HTMX)
    assert not Reading.objects.exists()
    assert "being read from SYNAQ" in page_of(client, old).content.decode()
    assert Reading.objects.get().guid == old.guid


def test_an_address_that_cannot_be_one_is_not_found(client: Client, support: Any) -> None:
    for address in ("/companies/%00/", "/companies/%F0%28%8C%28/", "/packages/a%00b/", "/packages/new/%00/"):
        assert client.get(address).status_code == 404


def test_what_is_being_made_is_shown_until_it_has_ended(client: Client, acme: OU, support: Any) -> None:
    package = packages.create_package(
        acme, by=support, code="SYN-CMS", name="CloudMail", editions=[], submission=uuid.uuid4()
    )
    domain = domains.create_domain(acme, by=support, name="new.example", submission=uuid.uuid4())
    page = page_of(client, acme)
    assert 'hx-trigger="every 1s"' in page.content.decode()
    assert [row["target"] for row in page.context["asked_packages"]] == ["CloudMail"]
    assert [row["target"] for row in page.context["asked_domains"]] == ["new.example"]
    vals = json.loads(page.context["live_vals"])
    assert client.get(page.wsgi_request.path, vals, **HTMX).status_code == 204
    ledger.fail(package, "refused", "No.", [])
    ledger.cancel(domain, by=support)
    after = client.get(page.wsgi_request.path, vals, **HTMX)
    assert 'hx-trigger="every' not in after.content.decode()
    assert "New package CloudMail: Failed." in after["HX-Trigger"]


def test_a_stranger_finds_no_company(client: Client, acme: OU) -> None:
    client.force_login(make_person("owner", make_ou()))
    assert page_of(client, acme).status_code == 404
    assert client.post(reverse("ous:refresh", args=[acme.guid])).status_code == 404
    assert not Reading.objects.exists()


def test_an_auditor_sees_all_and_is_offered_nothing(client: Client, root: OU, acme: OU) -> None:
    client.force_login(make_person("auditor", root))
    body = page_of(client, acme).content.decode()
    assert "Domains" in body
    assert "New package" not in body
    assert "New domain" not in body
    assert "Sell a package" not in body


def test_support_without_billing_sells_nothing(client: Client, root: OU, acme: OU) -> None:
    client.force_login(make_person("support_nobill", root))
    body = page_of(client, acme).content.decode()
    assert "New domain" in body
    assert "New package" not in body


def test_finance_sees_neither_domains_nor_mailboxes(client: Client, root: OU, acme: OU) -> None:
    make_mailbox(make_domain(acme, "hidden.example", make_package(acme)))
    client.force_login(make_person("finance", root))
    body = page_of(client, acme).content.decode()
    assert "hidden.example" not in body
    assert "Mailboxes by edition" not in body


def test_refresh_asks_for_a_reading_of_all_that_is_shown(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, package=make_package(acme))
    url = reverse("ous:refresh", args=[acme.guid])
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 303
    assert {reading.kind for reading in Reading.objects.all()} == {"ou", "package", "domain"}
    body = page_of(client, acme).content.decode()
    assert "being read from SYNAQ" in body
    assert 'hx-trigger="every 1s"' in body
    Reading.objects.update(due_at=None, trouble="No answer <yet>.")
    after = page_of(client, acme).content.decode()
    assert 'hx-trigger="every' not in after
    assert "No answer &lt;yet&gt;." in after
    assert domain.name in after


def test_a_company_that_synaq_no_longer_knows_says_so(client: Client, root: OU, support: Any) -> None:
    body = page_of(client, make_ou(parent=root, gone_at=timezone.now())).content.decode()
    assert "SYNAQ no longer knows it." in body
    assert "New package" not in body


def test_a_reseller_shows_what_is_directly_below(client: Client, root: OU, acme: OU, support: Any) -> None:
    below = make_ou(parent=root, title="Below", type=OU.Type.SUBRESELLER)
    make_ou(parent=below, title="Further down")
    page = page_of(client, root)
    assert [row["ou"].title for row in page.context["rows"]] == ["Acme <Ltd>", "Below"]
    assert f"{reverse('ous:new')}?parent={root.guid}" in page.content.decode()
    assert "Further down" in page_of(client, below).content.decode()


def test_the_way_to_a_reseller_is_shown_only_to_those_who_may_go_it(
    client: Client, root: OU, acme: OU, support: Any
) -> None:
    assert ("The Reseller", reverse("ous:detail", args=[root.guid])) in page_of(client, acme).context[
        "crumbs"
    ]
    client.force_login(make_person("support", acme))
    assert len(page_of(client, acme).context["crumbs"]) == 1
