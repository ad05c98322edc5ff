"""Sign-in through an OpenID Connect issuer: it vouches for an address, and only people who are here already get in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client, override_settings

from portal.accounts.models import Person
from provisioning.models import AuditEntry
from tests.integration.accounts import steps
from tests.integration.accounts.issuer import CLIENT, Issuer
from tests.integration.factories import PASSWORD

BEGIN, BACK = "/accounts/oidc/", "/accounts/oidc/sso/callback/"
NO_ACCOUNT = "leads to no account here"
NO_ANSWER = "does not answer as it should"


@pytest.fixture
def issuer(owner: Person) -> Iterator[Issuer]:
    cache.clear()
    running = Issuer()
    with override_settings(**running.settings()):
        yield running
    running.close()


def begin(client: Client, **query: str) -> dict[str, str]:
    """What the issuer is asked."""
    answer = client.get(BEGIN, query)
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def come_back(client: Client, state: str) -> Any:
    return client.get(BACK, {"code": "a-code", "state": state})


def sign_in(client: Client, **query: str) -> Any:
    return come_back(client, begin(client, **query)["state"])


def said(client: Client, answer: Any) -> str:
    assert answer["Location"] == steps.LOGIN
    text: str = client.get(answer["Location"]).content.decode()
    return text


def test_without_an_issuer_there_is_no_such_door(client: Client, db: None) -> None:
    assert client.get(BEGIN).status_code == 404
    assert client.get(BACK).status_code == 404
    assert "/accounts/oidc/" not in client.get(steps.LOGIN).content.decode()


def test_the_sign_in_page_offers_it_and_keeps_where_one_wanted_to_go(client: Client, issuer: Issuer) -> None:
    page = client.get(steps.LOGIN, {"next": "/companies/?q=a"}).content.decode()
    assert "Sign in with Acme ID" in page
    assert 'href="/accounts/oidc/?next=/companies/%3Fq%3Da"' in page


def test_it_is_asked_with_a_state_and_a_challenge_of_this_browser(client: Client, issuer: Issuer) -> None:
    asked = begin(client)
    assert asked["client_id"] == CLIENT
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://testserver{BACK}"
    come_back(client, asked["state"])
    assert issuer.asked[0]["code_verifier"]


def test_who_is_vouched_for_and_known_is_signed_in(client: Client, issuer: Issuer, owner: Person) -> None:
    client.get(steps.LOGIN)
    issuer.claims["email"] = owner.email.upper()
    assert sign_in(client, next="/companies/")["Location"] == "/companies/"
    assert steps.is_signed_in(client)
    entry = AuditEntry.objects.get(kind="sign_in")
    assert (entry.by, entry.text) == (owner, "With single sign-on.")


def test_nobody_is_made_nothing_is_linked_and_the_password_stays(
    client: Client, issuer: Issuer, owner: Person
) -> None:
    sign_in(client)
    assert not SocialAccount.objects.exists()
    assert Person.objects.count() == 1
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@example.test"},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email": ""},
        {"email": None},
    ],
)
def test_who_is_unknown_or_not_vouched_for_is_not(
    client: Client, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims |= claims
    assert NO_ACCOUNT in said(client, sign_in(client))
    assert not steps.is_signed_in(client)
    assert Person.objects.count() == 1
    entry = AuditEntry.objects.get(kind="sign_in_failed")
    assert "nobody@" not in str(entry.__dict__)


def test_who_has_left_hears_the_same(client: Client, issuer: Issuer, owner: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    assert NO_ACCOUNT in said(client, sign_in(client))
    assert not steps.is_signed_in(client)


@pytest.mark.parametrize(
    "signed", [{"sub": "somebody-else"}, {"aud": "another-client"}, {"iss": "https://evil.example"}]
)
def test_a_token_about_somebody_or_something_else_is_refused(
    client: Client, issuer: Issuer, signed: dict[str, str]
) -> None:
    issuer.signed = signed
    sign_in(client)
    assert not steps.is_signed_in(client)


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(client: Client, issuer: Issuer) -> None:
    state = begin(Client())["state"]
    assert come_back(client, state).status_code == 401
    assert come_back(client, "made-up").status_code == 401
    assert client.get(BACK).status_code == 401
    assert not steps.is_signed_in(client)


def test_an_answer_is_taken_once(client: Client, issuer: Issuer) -> None:
    state = begin(client)["state"]
    come_back(client, state)
    client.post("/accounts/logout/")
    assert come_back(client, state).status_code == 401
    assert not steps.is_signed_in(client)


def test_the_session_is_a_new_one(client: Client, issuer: Issuer) -> None:
    state = begin(client)["state"]
    before = str(client.session.session_key)
    come_back(client, state)
    assert client.session.session_key != before
    assert not client.session.exists(before)


def test_the_second_factor_is_asked_all_the_same(client: Client, issuer: Issuer, owner: Person) -> None:
    seed = steps.add_app(owner)
    assert sign_in(client)["Location"] == "/accounts/second-factor/sign-in/"
    assert not steps.is_signed_in(client)
    client.post("/accounts/second-factor/sign-in/", {"code": steps.code(seed)})
    assert steps.is_signed_in(client)


def test_whoever_must_have_one_sets_it_up(client: Client, issuer: Issuer) -> None:
    with override_settings(SECOND_FACTOR_ROLES=["owner"]):
        sign_in(client)
        assert client.get("/companies/")["Location"] == "/accounts/second-factor/"


def test_it_is_a_fresh_proof_and_cannot_be_turned_into_a_link(
    client: Client, issuer: Issuer, owner: Person
) -> None:
    client.force_login(owner)
    asked = client.get(BEGIN, {"process": "connect", "next": "/companies/"})
    state = parse_qs(urlsplit(asked["Location"]).query)["state"][0]
    assert come_back(client, state)["Location"] == "/companies/"
    assert not SocialAccount.objects.exists()
    assert client.get("/accounts/second-factor/app/add/").status_code == 200


def test_who_has_only_the_issuer_proves_it_there_before_a_factor_is_added(
    client: Client, issuer: Issuer, owner: Person
) -> None:
    owner.set_unusable_password()
    owner.save()
    client.force_login(owner)
    assert client.get("/accounts/second-factor/app/add/")["Location"].startswith(BEGIN)
    sign_in(client)
    assert client.get("/accounts/second-factor/app/add/").status_code == 200


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(client: Client, issuer: Issuer, to: str) -> None:
    assert sign_in(client, next=to)["Location"] == "/"


def test_an_issuer_that_fails_is_told_kindly(client: Client, issuer: Issuer) -> None:
    state = begin(client)["state"]
    issuer.status = 500
    assert NO_ANSWER in said(client, client.get(BEGIN))
    assert come_back(client, state).status_code in (302, 401)
    assert not steps.is_signed_in(client)


def test_an_issuer_that_is_away_is_told_kindly(client: Client, issuer: Issuer) -> None:
    with override_settings(**{**issuer.settings(), "SOCIALACCOUNT_PROVIDERS": _away()}):
        assert NO_ANSWER in said(client, client.get(BEGIN))


def _away() -> dict[str, object]:
    from portal.env import oidc_provider

    return oidc_provider("http://127.0.0.1:9", "Acme ID", CLIENT, "x")


def test_who_cancels_there_is_back_at_the_sign_in(client: Client, issuer: Issuer) -> None:
    state = begin(client)["state"]
    answer = client.get(BACK, {"error": "access_denied", "state": state}, follow=True)
    assert answer.request["PATH_INFO"] == steps.LOGIN


def test_another_issuers_callback_is_not_there(client: Client, issuer: Issuer) -> None:
    assert client.get("/accounts/oidc/other/callback/").status_code == 404
