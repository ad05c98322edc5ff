"""Adding a domain: three ways, and what is refused before SYNAQ would."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning import ledger
from provisioning.models import OU, Action
from tests.integration.factories import (
    make_connection,
    make_domain,
    make_ou,
    make_package,
    make_person,
)

pytestmark = pytest.mark.django_db


def url(company: OU) -> str:
    return reverse("domains:new", args=[company.guid])


def filled(**fields: str) -> dict[str, str]:
    return {"domain_name": "acme.example", "way": "alone", "submission": str(uuid.uuid4()), **fields}


def test_a_domain_by_itself_is_asked_for_under_its_company(client: Client, acme: OU, support: Any) -> None:
    answer = client.post(url(acme), filled(domain_name="  ACME.Example. "))
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.guid, action.payload) == (
        "domain.create",
        acme.guid,
        {"domain_name": "acme.example"},
    )
    assert (action.title, action.by) == ("acme.example", support)


@pytest.mark.parametrize(
    ("way", "payload"),
    [
        ("under", {"domain_name": "acme.example"}),
        ("at-once", {"domain_name": "acme.example", "provision_immediately": True}),
    ],
)
def test_a_domain_under_a_package(
    client: Client, acme: OU, support: Any, way: str, payload: dict[str, Any]
) -> None:
    package = make_package(acme)
    client.post(url(acme), filled(way=f"{way}:{package.guid}"))
    action = Action.objects.get()
    assert (action.operation, action.guid, action.payload) == (
        "domain.create_in_package",
        package.guid,
        payload,
    )


def test_only_cloudmail_on_a_legacy_connection_is_offered_at_once(
    client: Client, support: Any, acme: OU
) -> None:
    cloudmail = make_package(acme)
    securemail = make_package(acme, "SYN-PIN-SEC", ("SYN-PIN-SEC-BOTH",))
    body = client.get(url(acme)).content.decode()
    assert f"at-once:{cloudmail.guid}" in body
    assert f"under:{securemail.guid}" in body
    assert f"at-once:{securemail.guid}" not in body
    answer = client.post(url(acme), filled(way=f"at-once:{securemail.guid}"))
    assert answer.status_code == 422
    assert not Action.objects.exists()


def test_on_a_current_connection_nothing_is_provisioned_at_once(client: Client) -> None:
    root = make_ou(make_connection("current"))
    company = make_ou(parent=root)
    package = make_package(company, "CLM-STD")
    client.force_login(make_person("support", root))
    body = client.get(url(company)).content.decode()
    assert f"under:{package.guid}" in body
    assert "at-once:" not in body


def test_the_package_in_the_address_is_chosen_already(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme)
    body = client.get(url(acme), {"package": package.guid}).content.decode()
    chosen = body[body.index(f'value="under:{package.guid}"') :].partition(">")[0]
    assert "checked" in chosen
    assert client.get(url(acme), {"package": "\x00nothing"}).status_code == 200


def test_letters_beyond_ascii_are_sent_in_their_ascii_form_and_both_are_told(
    client: Client, acme: OU, support: Any
) -> None:
    answer = client.post(url(acme), filled(domain_name="Bäckerei-Žluť.example"), follow=True)
    action = Action.objects.get()
    assert action.payload == {"domain_name": "xn--bckerei-lu-s5a32aqf.example"} or action.payload[
        "domain_name"
    ].startswith("xn--")
    assert f"bäckerei-žluť.example is sent as {action.title}." in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("https://acme.example", "Type only the domain, such as example.co.za."),
        ("acme.example/about", "Type only the domain, such as example.co.za."),
        ("ann@acme.example", "This looks like a mail address."),
        ("acme example.com", "A domain has no blanks"),
        ("acme", "A domain has at least one dot."),
        ("-acme.example", "cannot be part of a domain"),
        ("acme..example", "There is a dot too many."),
        ("10.0.0.1", "This looks like an IP address."),
        ("a" * 64 + ".example", "at most 63 characters"),
        (".".join(["a" * 60] * 5) + ".example", "at most 253 characters"),
        ("a\x00b.example", "Null characters are not allowed."),
        ("", "Type the domain, such as example.co.za."),
        ("<script>.example", "cannot be part of a domain"),
    ],
)
def test_what_is_no_domain_is_refused_kindly_and_stays_in_the_field(
    client: Client, acme: OU, support: Any, typed: str, sentence: str
) -> None:
    answer = client.post(url(acme), filled(domain_name=typed))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body or "cannot be typed" in body
    assert "<script>." not in body
    assert not Action.objects.exists()
    if typed.isascii() and "\x00" not in typed and "<" not in typed:
        assert f'value="{typed}"' in body or not typed


def test_a_domain_that_exists_already_is_told_with_a_link(client: Client, acme: OU, support: Any) -> None:
    known = make_domain(acme, "acme.example")
    body = client.post(url(acme), filled()).content.decode()
    assert f'<a href="{reverse("domains:detail", args=[known.guid])}">open acme.example</a>' in body
    assert not Action.objects.exists()


def test_a_domain_of_somebody_else_on_the_connection_is_told_without_a_link(client: Client, root: OU) -> None:
    mine, other = make_ou(parent=root), make_ou(parent=root, title="Secret Customer")
    known = make_domain(other, "acme.example")
    client.force_login(make_person("support", mine))
    body = client.post(url(mine), filled()).content.decode()
    assert "exists at SYNAQ already" in body
    assert known.guid not in body
    assert "Secret Customer" not in body


def test_a_form_sent_twice_asks_once(client: Client, acme: OU, support: Any) -> None:
    data = filled()
    first, second = client.post(url(acme), data), client.post(url(acme), data)
    assert first["Location"] == second["Location"]
    make_domain(acme, "acme.example")  # done meanwhile: the late second sending is still no fault
    assert client.post(url(acme), data)["Location"] == first["Location"]
    assert Action.objects.count() == 1


def test_what_synaq_refused_comes_back_beside_its_field(client: Client, acme: OU, support: Any) -> None:
    package = make_package(acme)
    client.post(url(acme), filled(way=f"at-once:{package.guid}"))
    action = Action.objects.get()
    ledger.fail(
        action,
        "invalid",
        "Validation",
        [{"field": "domain_name", "message": "Is <b>reserved</b>."}],
        status=400,
    )
    body = client.get(url(acme), {"again": action.pk}).content.decode()
    assert "Is &lt;b&gt;reserved&lt;/b&gt;." in body
    assert 'value="acme.example"' in body
    chosen = body[body.index(f'value="at-once:{package.guid}"') :].partition(">")[0]
    assert "checked" in chosen


@pytest.mark.parametrize("again", ["abc", "999999", "٣", "9" * 40, ""])
def test_an_address_that_names_no_refused_action_gives_the_empty_form(
    client: Client, acme: OU, support: Any, again: str
) -> None:
    assert client.get(url(acme), {"again": again}).status_code == 200


@pytest.mark.parametrize("role", ["auditor", "finance", "company_admin", "company_helpdesk"])
def test_a_role_without_the_permission_finds_no_form(client: Client, root: OU, acme: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    assert client.get(url(acme)).status_code == 404
    assert client.post(url(acme), filled()).status_code == 404
    assert not Action.objects.exists()


def test_a_stranger_finds_no_form(client: Client, acme: OU) -> None:
    client.force_login(make_person("support", make_ou()))
    assert client.post(url(acme), filled()).status_code == 404


def test_who_may_not_bill_makes_domains_that_stand_alone_only(client: Client, root: OU, acme: OU) -> None:
    package = make_package(acme)
    client.force_login(make_person("support_nobill", root))
    assert package.guid not in client.get(url(acme)).content.decode()
    assert client.post(url(acme), filled(way=f"under:{package.guid}")).status_code == 422
    assert client.post(url(acme), filled()).status_code == 303
