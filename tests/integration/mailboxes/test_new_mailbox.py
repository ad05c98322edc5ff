"""Making a mailbox: the form, what it refuses, and what it asks for."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger, secrets
from provisioning.models import OU, Action, Domain, DomainLink
from tests.integration.factories import (
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_package,
    make_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def domain(acme: OU) -> Domain:
    editions = ("SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH")
    return make_domain(acme, "acme.example", make_package(acme, editions=editions))


def url(domain: Domain) -> str:
    return reverse("mailboxes:new", args=[domain.guid])


def filled(**fields: str) -> dict[str, str]:
    return {
        "email_local": "ann",
        "last_name": "Smith",
        "password": "Sample123$",
        "at_once": "on",
        "submission": str(uuid.uuid4()),
        **fields,
    }


def test_a_mailbox_is_asked_for_with_what_was_typed(client: Client, domain: Domain, support: Any) -> None:
    data = filled(
        email_local=" ann.smith ",
        first_name="Ann",
        display_name="Ann  Smith",
        package_edition_code="SYN-CM-PREM-25-ARCH",
        password=" Sample 123$ ",
    )
    answer = client.post(url(domain), data)
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.guid, action.title) == (
        "mailbox.create",
        domain.guid,
        "ann.smith@acme.example",
    )
    assert action.payload == {
        "email_local": "ann.smith",
        "first_name": "Ann",
        "last_name": "Smith",
        "display_name": "Ann Smith",
        "package_edition_code": "SYN-CM-PREM-25-ARCH",
        "provision_immediately": True,
    }
    assert secrets.unseal(action.sealed) == {"password": " Sample 123$ "}


def test_without_provisioning_and_with_the_default_edition_nothing_more_is_sent(
    client: Client, domain: Domain, support: Any
) -> None:
    data = filled()
    del data["at_once"]
    client.post(url(domain), data)
    assert Action.objects.get().payload == {"email_local": "ann", "last_name": "Smith"}


def test_on_a_current_connection_the_plain_password_is_gone(client: Client) -> None:
    root = make_ou(make_connection("current"))
    company = make_ou(parent=root)
    domain = make_domain(company, package=make_package(company, "CLM-STD"))
    client.force_login(make_person("support", root))
    client.post(url(domain), filled())
    sealed = secrets.unseal(Action.objects.get().sealed)
    assert list(sealed) == ["ssha_password"]
    assert "Sample123$" not in str(sealed)


def test_the_editions_are_those_of_the_packages_that_hold_mailboxes(
    client: Client, acme: OU, domain: Domain, support: Any
) -> None:
    securemail = make_package(acme, "SYN-PIN-SEC", ("SYN-PIN-SEC-BOTH",))
    DomainLink.objects.create(domain=domain, package=securemail, as_at=timezone.now())
    body = client.get(url(domain)).content.decode()
    assert "SYNAQ’s default: SYN-CMS-BASIC-02" in body
    assert "SYN-CM-PREM-25-ARCH" in body
    assert "SYN-PIN-SEC-BOTH" not in body
    assert client.post(url(domain), filled(package_edition_code="SYN-PIN-SEC-BOTH")).status_code == 422


def test_editions_of_two_packages_are_grouped(client: Client, acme: OU, domain: Domain, support: Any) -> None:
    continuity = make_package(acme, "CT-STD", ("CT-STD-1",), name="Continuity")
    DomainLink.objects.create(domain=domain, package=continuity, as_at=timezone.now())
    assert '<optgroup label="Continuity">' in client.get(url(domain)).content.decode()


def test_where_no_edition_is_known_its_code_can_be_typed(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "bare.example")
    client.post(url(domain), filled(package_edition_code="NEW-EDITION"))
    assert Action.objects.get().payload["package_edition_code"] == "NEW-EDITION"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ann smith", "An address has no blanks."),
        ("ann@other.example", "Type only the part before the @"),
        ("", "Type the part before the @."),
        (".ann", "A dot stands between two other characters"),
        ("a..b", "A dot stands between two other characters"),
        ("ann,bob", ", cannot stand in an address."),
        ("<ann>", "&lt; cannot stand in an address."),
        ("a" * 65, "At most 64 characters before the @."),
        ("é" * 33, "At most 64 characters before the @."),
        ("an\x00n", "Null characters are not allowed."),
        ("an\x1bn", "cannot be typed"),
    ],
)
def test_an_address_that_cannot_be_is_refused_kindly(
    client: Client, domain: Domain, support: Any, typed: str, sentence: str
) -> None:
    answer = client.post(url(domain), filled(email_local=typed, last_name="<b>Smith"))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body or "cannot be typed" in body
    assert "&lt;b&gt;Smith" in body
    assert "Sample123$" not in body
    assert not Action.objects.exists()


@pytest.mark.parametrize("local", ["o'neil", "a+b", "_x", "a{b}", "jörg", "-dash", "ann@ACME.example"])
def test_unusual_addresses_are_left_to_synaq(
    client: Client, domain: Domain, support: Any, local: str
) -> None:
    assert client.post(url(domain), filled(email_local=local)).status_code == 303
    assert Action.objects.get().payload["email_local"] == local.partition("@")[0]


@pytest.mark.parametrize("password", ["", "Short1$", "x" * 256, "Sample\t123$"])
def test_a_password_that_synaq_would_refuse(
    client: Client, domain: Domain, support: Any, password: str
) -> None:
    answer = client.post(url(domain), filled(password=password))
    assert answer.status_code == 422
    assert 'value="ann"' in answer.content.decode()
    assert "type it again" in answer.content.decode()
    assert not Action.objects.exists()


def test_an_address_that_exists_already(client: Client, domain: Domain, support: Any) -> None:
    make_mailbox(domain, "Ann")
    answer = client.post(url(domain), filled())
    assert "ann@acme.example exists already." in answer.content.decode()
    assert not Action.objects.exists()


def test_a_form_sent_twice_asks_once(client: Client, domain: Domain, support: Any) -> None:
    data = filled()
    first, second = client.post(url(domain), data), client.post(url(domain), data)
    make_mailbox(domain, "ann")  # done meanwhile: the late sending is no fault
    late = client.post(url(domain), data)
    assert first["Location"] == second["Location"] == late["Location"]
    assert Action.objects.count() == 1


def test_what_synaq_refused_comes_back_without_the_password(
    client: Client, domain: Domain, support: Any
) -> None:
    client.post(url(domain), filled(first_name="Ann", package_edition_code="SYN-CM-PREM-25-ARCH"))
    action = Action.objects.get()
    errors = [
        {"field": "email_local", "message": "<Taken>."},
        {"field": "mailbox.password", "message": "Too weak."},
        {"field": "", "message": "And more."},
    ]
    ledger.fail(action, "invalid", "Validation Failed", errors, status=400)
    answer = client.get(url(domain), {"again": action.pk})
    form, body = answer.context["form"], answer.content.decode()
    assert form.errors == {"email_local": ["<Taken>."], "password": ["Too weak."], "__all__": ["And more."]}
    assert 'value="Ann"' in body
    assert "Sample123$" not in body
    assert form["at_once"].value()
    assert form["package_edition_code"].value() == "SYN-CM-PREM-25-ARCH"


def test_a_domain_that_is_not_in_service_says_so(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "new.example", make_package(acme), state="inactive")
    assert "No mailbox can be made here now." in client.get(url(domain)).content.decode()
    answer = client.post(url(domain), filled())
    assert answer.status_code == 422
    assert "inactive now" in answer.content.decode()
    assert not Action.objects.exists()


def test_a_domain_whose_packages_hold_no_mailboxes_says_so(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, package=make_package(acme, "SYN-PIN-SEC"))
    assert "holds mailboxes" in client.get(url(domain)).content.decode()


def test_a_company_admin_makes_mailboxes_and_sees_no_domain_page(
    client: Client, acme: OU, domain: Domain
) -> None:
    client.force_login(make_person("company_admin", acme))
    chosen = client.get(reverse("mailboxes:choose"))
    assert (chosen.status_code, chosen["Location"]) == (302, url(domain))
    body = client.get(url(domain)).content.decode()
    assert reverse("domains:detail", args=[domain.guid]) not in body
    assert client.post(url(domain), filled()).status_code == 303


@pytest.mark.parametrize("role", ["auditor", "finance", "company_helpdesk", "support_nobill"])
def test_a_role_without_the_permission_finds_no_form(
    client: Client, root: OU, domain: Domain, role: str
) -> None:
    client.force_login(make_person(role, root))
    assert client.get(url(domain)).status_code == 404
    assert client.post(url(domain), filled()).status_code == 404
    assert not Action.objects.exists()


def test_a_stranger_finds_no_form(client: Client, root: OU, domain: Domain) -> None:
    client.force_login(make_person("owner", make_ou(parent=root)))
    assert client.post(url(domain), filled()).status_code == 404


def test_only_domains_that_can_take_a_mailbox_are_to_choose(
    client: Client, root: OU, acme: OU, domain: Domain, support: Any
) -> None:
    make_domain(acme, "inactive.example", state="inactive")
    make_domain(acme, "gone.example", gone_at=timezone.now())
    make_domain(acme, "strange.example", state="brand new")
    make_domain(make_ou(parent=make_ou()), "other.example")
    where = reverse("mailboxes:choose")
    names = [row.name for row in client.get(where).context["rows"]]
    assert names == ["acme.example", "strange.example"]
    assert [row.name for row in client.get(where, {"q": "STR"}).context["rows"]] == ["strange.example"]
    assert "Clear the search" in client.get(where, {"q": "zzz"}).content.decode()


def test_with_no_domain_in_service_the_way_there_is_told(client: Client, support: Any) -> None:
    assert "No domain is in service yet" in client.get(reverse("mailboxes:choose")).content.decode()
