"""What holds for every page: sign-in, policy, headers, theme, health, and a database that is away."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from portal import checks, views
from portal.access import PUBLIC
from portal.middleware import states_policy
from tests.integration.factories import PASSWORD, make_ou, make_person

pytestmark = pytest.mark.django_db


def test_every_route_states_its_policy() -> None:
    found = dict(checks.routes())
    assert len(found) > 20
    assert checks.every_route_states_its_policy(None) == []


def test_a_view_without_a_policy_is_told_from_one_with() -> None:
    assert states_policy(views.home)
    assert not states_policy(lambda _: None)


def test_a_stranger_is_sent_to_sign_in_from_every_page(client: Client) -> None:
    for path, pattern in checks.routes():
        if getattr(pattern.callback, "policy", PUBLIC) == PUBLIC or "<" in path:
            continue
        answer = client.get(f"/{path}")
        assert answer.status_code == 302, path
        assert answer["Location"].startswith(reverse("account_login")), path


def test_signing_in_leads_to_the_first_page_of_the_role(client: Client) -> None:
    root = make_ou()
    for role, first in (
        ("support", "attention:list"),
        ("finance", "usage:list"),
        ("company_admin", "mailboxes:list"),
    ):
        person = make_person(role, root)
        answer = client.post(reverse("account_login"), {"login": person.email.upper(), "password": PASSWORD})
        assert answer.status_code == 302
        assert client.get("/")["Location"] == reverse(first)
        client.post(reverse("account_logout"))


def test_a_wrong_password_says_so_and_names_nobody(client: Client) -> None:
    person = make_person("support", make_ou())
    for login in (person.email, "nobody@example.test"):
        answer = client.post(reverse("account_login"), {"login": login, "password": "wrong"})
        assert answer.status_code == 200
        assert "do not belong together" in answer.content.decode()


def test_nobody_signs_up(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404


def test_a_person_without_a_membership_is_told_so(client: Client) -> None:
    root = make_ou()
    person = make_person("support", root)
    person.memberships.all().delete()
    client.force_login(person)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "no access" in answer.content.decode().lower()
    assert client.get(reverse("ous:list")).status_code == 404


def test_every_page_carries_the_strict_policy_of_content(client: Client) -> None:
    client.force_login(make_person("support", make_ou()))
    answer = client.get(reverse("activity:list"))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    body = answer.content.decode()
    assert "<style" not in body
    assert "style=" not in body
    assert "onclick" not in body
    assert "<script>" not in body


def test_the_theme_is_kept_and_leads_back_only_to_us(client: Client) -> None:
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "/activity/"})
    assert (answer.status_code, answer["Location"], client.cookies["theme"].value) == (
        303,
        "/activity/",
        "dark",
    )
    answer = client.post(reverse("theme"), {"theme": "light", "next": "https://evil.example/"})
    assert answer["Location"] == reverse("home")
    assert client.post(reverse("theme"), {"theme": "<b>"}).status_code == 404


def test_a_database_that_is_away_gets_a_clear_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("server closed the connection: secret-host")

    client.force_login(make_person("support", make_ou()))
    monkeypatch.setattr("portal.listing.page", away)
    answer = client.get(reverse("activity:list"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "secret-host" not in answer.content.decode()


def test_a_missing_page_is_our_own(client: Client) -> None:
    answer = client.get("/nothing/here/")
    assert answer.status_code == 404
    assert "Mailroom" in answer.content.decode()
