"""Signing in with a password: who gets in, what others learn, and how often it may be tried."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings

from portal.accounts.models import Person
from provisioning.models import OU, AuditEntry
from tests.integration.accounts import steps
from tests.integration.factories import PASSWORD, make_ou, make_person

ROOT = Path(__file__).resolve().parents[3]
MISMATCH = "do not belong together"
TOO_MANY = "Too many tries"


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


def test_signing_in_makes_a_new_session_and_is_told(client: Client, owner: Person) -> None:
    client.get(steps.LOGIN)
    session = client.session
    session["planted"] = "by whoever gave them the cookie"
    session.save()
    before = str(session.session_key)
    answer = steps.sign_in(client, owner)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.session.session_key != before
    assert not client.session.exists(before)
    entry = AuditEntry.objects.get()
    assert (entry.kind, entry.by, entry.text) == ("sign_in", owner, "With password.")
    assert entry.ou == owner.memberships.get().ou


def test_letter_case_of_the_address_does_not_matter(client: Client, owner: Person) -> None:
    client.post(steps.LOGIN, {"login": owner.email.upper(), "password": PASSWORD})
    assert steps.is_signed_in(client)


def test_signing_out_is_told_and_ends_the_session(signed_in: Client, owner: Person) -> None:
    key = str(signed_in.session.session_key)
    signed_in.post("/accounts/logout/")
    assert not signed_in.session.exists(key)
    assert not steps.is_signed_in(signed_in)
    assert steps.kinds(owner) == ["sign_in", "sign_out"]


def _words(answer: Any) -> str:
    """The page as a stranger sees it, without what is new on each."""
    text = answer.content.decode()
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)
    return re.sub(r'value="[^"]*@[^"]*"', "", text)


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: Client, owner: Person) -> None:
    left = make_person("support", owner.memberships.get().ou, "left@example.test")
    Person.objects.filter(pk=left.pk).update(is_active=False)
    answers = [
        client.post(steps.LOGIN, {"login": email, "password": "not their password"})
        for email in (owner.email, "nobody@example.test", left.email)
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert MISMATCH in _words(answers[0])
    assert len({_words(answer) for answer in answers}) == 1


def test_an_unknown_address_costs_as_much_work_as_a_known_one(
    client: Client, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        worked.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
    work = []
    for email in (owner.email, "nobody@example.test"):
        worked.clear()
        client.post(steps.LOGIN, {"login": email, "password": "not their password"})
        work.append(len(worked))
    assert work[0] == work[1] > 0


def test_who_has_left_is_not_let_in(client: Client, owner: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    answer = steps.sign_in(client, owner)
    assert "account is closed" in client.get(answer["Location"]).content.decode()
    assert not steps.is_signed_in(client)


def test_the_trail_tells_of_whom_a_try_was_but_not_what_was_typed(client: Client, owner: Person) -> None:
    client.post(steps.LOGIN, {"login": owner.email, "password": "hunter2hunter2"})
    client.post(steps.LOGIN, {"login": "typed-in-the-wrong@field.test", "password": "hunter2hunter2"})
    known, unknown = AuditEntry.objects.order_by("pk")
    assert (known.kind, known.by, known.object_guid) == ("sign_in_failed", None, str(owner.pk))
    assert known.ou == owner.memberships.get().ou
    assert (unknown.kind, unknown.ou, unknown.object_title) == ("sign_in_failed", None, "Nobody")
    kept = str(list(AuditEntry.objects.values()))
    assert "hunter2" not in kept
    assert "wrong@field" not in kept


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
    ],
)
def test_signing_in_leads_to_no_other_site(client: Client, owner: Person, to: str) -> None:
    assert steps.sign_in(client, owner, next=to)["Location"] == "/"


def test_signing_in_leads_on_to_the_page_that_was_asked_for(client: Client, owner: Person) -> None:
    asked = client.get("/companies/?q=a")
    assert asked["Location"] == "/accounts/login/?next=/companies/%3Fq%3Da"
    assert steps.sign_in(client, owner, next="/companies/?q=a")["Location"] == "/companies/?q=a"


# --- limits


def _fail(client: Client, email: str, times: int, address: str = "10.0.0.1") -> str:
    data = {"login": email, "password": "not their password"}
    answers = [client.post(steps.LOGIN, data, REMOTE_ADDR=address) for _ in range(times)]
    return answers[-1].content.decode()


def test_an_account_is_tried_five_times_from_wherever(client: Client, owner: Person) -> None:
    for number in range(5):
        assert MISMATCH in _fail(client, owner.email, 1, f"10.0.0.{number}")
    assert TOO_MANY in _fail(client, owner.email.upper(), 1, "10.0.0.9")
    assert TOO_MANY in steps.sign_in(client, owner).content.decode(), (
        "the right password too: nothing is learnt"
    )


def test_an_unknown_address_is_limited_alike(client: Client, owner: Person) -> None:
    assert MISMATCH in _fail(client, "nobody@example.test", 5)
    assert TOO_MANY in _fail(client, "nobody@example.test", 1)


def test_one_machine_is_limited_over_all_accounts_and_others_are_not(client: Client, owner: Person) -> None:
    for number in range(30):
        _fail(client, f"somebody-{number}@example.test", 1, "127.0.0.1")
    assert TOO_MANY in steps.sign_in(client, owner).content.decode()
    data = {"login": owner.email, "password": PASSWORD}
    assert client.post(steps.LOGIN, data, REMOTE_ADDR="10.0.0.2").status_code == 302


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_a_proxy_the_callers_address_counts_and_not_what_they_claim(
    client: Client, owner: Person
) -> None:
    for number in range(31):
        data = {"login": f"somebody-{number}@example.test", "password": "not their password"}
        claimed = f"192.0.2.{number}, 10.0.0.1"  # the last one is the proxy's word
        answer = client.post(steps.LOGIN, data, headers={"x-forwarded-for": claimed})
    assert TOO_MANY in answer.content.decode()


def test_many_made_up_addresses_do_not_push_the_counts_out(client: Client, owner: Person) -> None:
    _fail(client, owner.email, 5)
    for number in range(400):
        cache.set(f"flood-{number}", True, 300)
    assert TOO_MANY in _fail(client, owner.email, 1)


@pytest.mark.django_db(transaction=True)
def test_the_count_outlives_a_restart() -> None:
    cache.clear()
    person = make_person("owner", make_ou(), "restart@example.test")
    assert MISMATCH in _fail(Client(), person.email, 5, "127.0.0.1")
    script = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        f"data = {{'login': {person.email!r}, 'password': {PASSWORD!r}}}\n"
        "print(Client().post('/accounts/login/', data).content.decode())"
    )
    db = connection.settings_dict
    url = f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert TOO_MANY in said.stdout


def test_a_page_for_whoever_asks_too_often(client: Client, owner: Person) -> None:
    with override_settings(ACCOUNT_RATE_LIMITS={"login": "2/m/ip"}):
        answers = [_post_empty(client) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].content.decode()


def _post_empty(client: Client) -> Any:
    return client.post(steps.LOGIN, {})


def test_a_company_of_strangers_learns_nothing_from_the_sign_in_page(client: Client, reseller: OU) -> None:
    text = client.get(steps.LOGIN).content.decode()
    assert reseller.title not in text
