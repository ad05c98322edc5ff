"""The second factor: set up, asked for at sign-in, taken once, kept sealed, and given up."""

from __future__ import annotations

import html
import re
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client, TestCase, override_settings

from portal.accounts import sealed
from portal.accounts.models import Brand, Person
from provisioning import secrets
from provisioning.models import AuditEntry
from tests.integration.accounts import steps
from tests.integration.factories import fresh

FACTOR = "/accounts/second-factor/sign-in/"
ADD = "/accounts/second-factor/app/add/"
CODES = "/accounts/second-factor/codes/"


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


def seed_on(page: Any) -> str:
    found = re.search(r"<code[^>]*>([A-Z2-7]{32})</code>", page.content.decode())
    assert found
    return found[1]


def set_up(client: Client) -> tuple[str, Any]:
    seed = seed_on(client.get(ADD))
    with TestCase.captureOnCommitCallbacks(execute=True):
        return seed, client.post(ADD, {"code": steps.code(seed)}, follow=True)


def everything_kept() -> str:
    """What the tables of people, factors and sessions hold, sessions opened."""
    told = [str(row.get_decoded()) for row in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in ("mfa_authenticator", "provisioning_auditentry", "portal_cache", "django_session"):
            cursor.execute(f"SELECT * FROM {table}")
            told += [str(row) for row in cursor.fetchall()]
    return " ".join(told)


# --- setting up


def test_an_app_is_set_up_and_its_recovery_codes_are_shown_once(signed_in: Client, owner: Person) -> None:
    _, page = set_up(signed_in)
    assert steps.factors(owner) == ["recovery_codes", "totp"]
    shown = re.findall(r"<code>(\d{8})</code>", page.content.decode())
    assert len(shown) == 10
    assert "no-store" in page["Cache-Control"]
    assert "no-store" in signed_in.get(CODES)["Cache-Control"]
    assert f"{shown[0]}%0A" in page.content.decode(), "the file to take away holds them too"
    again = signed_in.get(CODES).content.decode()
    assert not any(code in again for code in shown)
    assert "10 left" in again


@pytest.mark.django_db(transaction=True)
def test_seeds_and_codes_lie_sealed_also_before_the_app_is_confirmed(
    signed_in: Client, owner: Person
) -> None:
    seed = seed_on(signed_in.get(ADD))
    assert seed not in everything_kept()
    signed_in.post(ADD, {"code": steps.wrong(seed)})
    assert seed not in everything_kept()
    page = signed_in.post(ADD, {"code": steps.code(seed)}, follow=True).content.decode()
    kept = everything_kept()
    assert seed not in kept
    assert not any(code in kept for code in re.findall(r"<code>(\d{8})</code>", page))
    row = Authenticator.objects.get(user=owner, type="totp")
    assert secrets.unseal(row.data["secret"]) == {"factor": seed}
    assert "second_factor_seed" not in signed_in.session


def test_the_app_calls_the_portal_as_the_person_knows_it(signed_in: Client, owner: Person) -> None:
    assert "issuer=Mailroom" in signed_in.get(ADD).context["totp_url"]
    Brand.objects.create(ou=owner.memberships.get().ou, name="Acme & Sons")
    assert "issuer=Acme%20%26%20Sons" in signed_in.get(ADD).context["totp_url"]
    assert signed_in.get("/accounts/passkeys/add/").status_code == 200
    assert (
        Client().get("/accounts/passkeys/sign-in/", headers={"accept": "application/json"}).status_code == 200
    )


def test_a_wrong_code_sets_nothing_up_and_the_same_picture_stays(signed_in: Client, owner: Person) -> None:
    seed = seed_on(signed_in.get(ADD))
    answer = signed_in.post(ADD, {"code": steps.wrong(seed)})
    assert "This code is not right" in answer.content.decode()
    assert seed_on(answer) == seed
    assert steps.factors(owner) == []


def test_adding_a_factor_ends_the_sessions_that_did_not_show_it(signed_in: Client, owner: Person) -> None:
    other = Client()
    steps.sign_in(other, owner)
    set_up(signed_in)
    assert steps.is_signed_in(signed_in)
    assert not steps.is_signed_in(other)


def test_what_changed_is_told_in_the_trail_and_by_mail(signed_in: Client, owner: Person) -> None:
    with override_settings(PORTAL_URL="https://portal.example"):
        set_up(signed_in)
        mail = steps.mails(1)[0]
    added = AuditEntry.objects.filter(kind="factor_added").order_by("pk")
    assert [entry.new for entry in added] == [
        {"second factor": "authenticator app"},
        {"second factor": "recovery codes"},
    ]
    assert mail.to == [owner.email]
    assert "A second factor has been added: authenticator app." in mail.body
    assert "https://portal.example/accounts/security/" in mail.body


def test_new_recovery_codes_replace_the_old_ones(signed_in: Client, owner: Person) -> None:
    set_up(signed_in)
    old = Authenticator.objects.get(user=owner, type="recovery_codes").wrap().generate_codes()
    page = signed_in.post("/accounts/second-factor/codes/new/", follow=True).content.decode()
    new = re.findall(r"<code>(\d{8})</code>", page)
    assert len(new) == 10
    assert not set(old) & set(new)


def test_the_last_factor_takes_the_recovery_codes_with_it(signed_in: Client, owner: Person) -> None:
    set_up(signed_in)
    answer = signed_in.post("/accounts/second-factor/app/remove/")
    assert answer.status_code == 302
    assert steps.factors(owner) == []
    assert steps.kinds(owner)[-2:] == ["factor_removed", "factor_removed"]


def test_another_persons_passkey_cannot_be_named_or_removed(signed_in: Client, owner: Person) -> None:
    stranger = Person.objects.create_user("stranger@example.test")
    key = Authenticator.objects.create(user=stranger, type="webauthn", data={"name": "Theirs"})
    for what in ("edit", "remove"):
        path = f"/accounts/passkeys/{key.pk}/{what}/"
        assert signed_in.get(path).status_code == 404
        assert signed_in.post(path, {"name": "Mine"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Theirs"


# --- signing in with it


@pytest.fixture
def seed(owner: Person) -> str:
    return steps.add_app(owner)


def test_the_password_alone_opens_nothing(client: Client, owner: Person, seed: str) -> None:
    assert steps.sign_in(client, owner)["Location"] == FACTOR
    assert not steps.is_signed_in(client)
    assert client.get("/companies/")["Location"].startswith("/accounts/login/")
    assert "sign_in" not in steps.kinds(owner)


def test_the_code_opens_a_session_that_nobody_held_before(client: Client, owner: Person, seed: str) -> None:
    steps.sign_in(client, owner, next="/companies/")
    before = str(client.session.session_key)
    answer = client.post(FACTOR, {"code": steps.code(seed)})
    assert answer["Location"] == "/companies/"
    assert client.session.session_key != before
    assert not client.session.exists(before)
    assert steps.is_signed_in(client)
    assert AuditEntry.objects.get(kind="sign_in").text == "With password and authenticator app."


def test_a_code_is_taken_once(client: Client, owner: Person, seed: str) -> None:
    code = steps.code(seed)
    steps.sign_in(client, owner)
    client.post(FACTOR, {"code": code})
    other = Client()
    steps.sign_in(other, owner)
    answer = other.post(FACTOR, {"code": f" {code[:3]} {code[3:]} "})
    assert "has been used before" in answer.content.decode()
    assert not steps.is_signed_in(other)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_type_one_code_at_the_same_moment_one_gets_in(owner: Person, seed: str) -> None:
    clients, shown = [Client(), Client()], steps.code(seed)
    for client in clients:
        steps.sign_in(client, owner)
    together = threading.Barrier(2)

    def enter(client: Client) -> None:
        together.wait(10)
        client.post(FACTOR, {"code": shown})
        connection.close()

    threads = [threading.Thread(target=enter, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(steps.is_signed_in(client) for client in clients) == [False, True]


@pytest.mark.parametrize("away", [-1, 1])
def test_a_clock_that_is_half_a_minute_off_does_no_harm(
    client: Client, owner: Person, seed: str, away: int
) -> None:
    steps.sign_in(client, owner)
    client.post(FACTOR, {"code": steps.code(seed, away)})
    assert steps.is_signed_in(client)


def test_an_old_code_a_wrong_one_and_rubbish_are_refused_and_told(
    client: Client, owner: Person, seed: str
) -> None:
    steps.sign_in(client, owner)
    for code in (steps.code(seed, -10), steps.wrong(seed), "\x00", "' OR 1=1"):
        assert client.post(FACTOR, {"code": code}).status_code == 200
    assert not steps.is_signed_in(client)
    assert steps.kinds(owner).count("sign_in_failed") >= 3


def test_codes_are_tried_five_times(client: Client, owner: Person, seed: str) -> None:
    steps.sign_in(client, owner)
    for _ in range(5):
        client.post(FACTOR, {"code": steps.wrong(seed)})
    answer = client.post(FACTOR, {"code": steps.code(seed)})
    assert "Too many tries" in answer.content.decode()
    assert not steps.is_signed_in(client)


def test_a_recovery_code_opens_once(client: Client, owner: Person, seed: str) -> None:
    code = steps.add_codes(owner)[0]
    steps.sign_in(client, owner)
    client.post(FACTOR, {"code": code})
    assert steps.is_signed_in(client)
    cache.clear()  # not the memory of codes, but the codes themselves say that it is used up
    other = Client()
    steps.sign_in(other, owner)
    other.post(FACTOR, {"code": code})
    assert not steps.is_signed_in(other)


def test_the_page_of_the_factor_opens_to_nobody_without_the_password(client: Client, seed: str) -> None:
    assert client.get(FACTOR)["Location"] == "/accounts/login/"
    assert client.post(FACTOR, {"code": steps.code(seed)})["Location"] == "/accounts/login/"


def test_whoever_is_closed_out_between_password_and_code_stays_out(
    client: Client, owner: Person, seed: str
) -> None:
    steps.sign_in(client, owner)
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    client.post(FACTOR, {"code": steps.code(seed)})
    assert not steps.is_signed_in(client)


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", '{"id": "x"}', "not json", '{"response": 1}'])
@pytest.mark.parametrize("path", [FACTOR, "/accounts/passkeys/sign-in/"])
def test_rubbish_in_the_place_of_a_passkey_is_refused(
    client: Client, owner: Person, seed: str, path: str, credential: str
) -> None:
    steps.sign_in(client, owner)
    client.get(path)
    answer = client.post(path, {"credential": credential})
    assert answer.status_code in (200, 302)
    assert not steps.is_signed_in(client)


@pytest.mark.parametrize("credential", ["", "{}", "[]", '{"id": "x"}', "not json", '{"response": {}}'])
def test_rubbish_is_not_added_as_a_passkey(signed_in: Client, owner: Person, credential: str) -> None:
    signed_in.get("/accounts/passkeys/add/")
    answer = signed_in.post("/accounts/passkeys/add/", {"name": "Mine", "credential": credential})
    assert answer.status_code == 200
    assert steps.factors(owner) == []


def test_the_page_escapes_what_was_typed(client: Client, owner: Person, seed: str) -> None:
    steps.sign_in(client, owner)
    hostile = "<script>alert(1)</script>"
    text = client.post(FACTOR, {"code": hostile}).content.decode()
    assert hostile not in text
    assert html.escape(hostile) in text


# --- keys of the seal


def test_factors_open_with_the_new_key_alone_once_they_are_sealed_anew(
    client: Client, owner: Person, seed: str
) -> None:
    code = steps.add_codes(owner)[0]
    old = settings.SEAL_KEYS[0]
    new = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3MTI="
    with override_settings(SEAL_KEYS=[new, old]):
        assert sealed.reseal() == 2
        assert sealed.reseal() == 0
    with override_settings(SEAL_KEYS=[new]):
        steps.sign_in(client, owner)
        client.post(FACTOR, {"code": steps.code(seed)})
        assert steps.is_signed_in(client)
        steps.sign_in(other := Client(), owner)
        other.post(FACTOR, {"code": code})
        assert steps.is_signed_in(other)


def test_what_no_key_opens_lets_nobody_in(client: Client, owner: Person, seed: str) -> None:
    steps.sign_in(client, owner)
    with (
        override_settings(SEAL_KEYS=["bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3MTI="]),
        pytest.raises(secrets.CannotOpen),
    ):
        client.post(FACTOR, {"code": steps.code(seed)})
    assert not steps.is_signed_in(client)


def test_somebody_signed_in_by_other_means_is_asked_to_prove_it_first(client: Client, owner: Person) -> None:
    client.force_login(owner)
    answer = client.get(ADD)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert client.get(CODES).status_code == 404, "no codes yet"
    assert fresh(client).get(ADD).status_code == 200
