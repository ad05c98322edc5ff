"""A lost phone: an owner resets the factor, the person sets up another."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, TestCase, override_settings

from portal.accounts import factors
from portal.accounts.models import Person
from provisioning.models import OU, AuditEntry
from tests.integration.accounts import steps
from tests.integration.factories import make_person


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


@pytest.fixture
def person(reseller: OU) -> Person:
    found = make_person("support", reseller, "support@example.test")
    steps.add_app(found)
    steps.add_codes(found)
    return found


def reset(person: Person, by: Person) -> None:
    with (
        TestCase.captureOnCommitCallbacks(execute=True),
        override_settings(PORTAL_URL="https://portal.example"),
    ):
        factors.reset(person, by=by, reason="Phone stolen")


def test_nothing_of_the_old_factor_opens_any_more(client: Client, person: Person, owner: Person) -> None:
    client.force_login(person)
    reset(person, owner)
    assert steps.factors(person) == []
    assert not steps.is_signed_in(client)
    assert steps.sign_in(client, person)["Location"] == "/"


def test_whoever_must_have_one_sets_it_up_at_the_next_sign_in(
    client: Client, person: Person, owner: Person
) -> None:
    reset(person, owner)
    with override_settings(SECOND_FACTOR_ROLES=["support"]):
        steps.sign_in(client, person)
        assert client.get("/companies/")["Location"] == "/accounts/second-factor/"


def test_the_trail_tells_who_did_it_and_why(person: Person, owner: Person) -> None:
    reset(person, owner)
    entry = AuditEntry.objects.get(kind="factor_reset")
    assert (entry.by, entry.object_guid, entry.reason) == (owner, str(person.pk), "Phone stolen")
    assert entry.ou == person.memberships.get().ou
    assert entry.old == {"second factor": "authenticator app, recovery codes", "open sessions": 0}


def test_the_person_is_told_by_mail_who_did_it(person: Person, owner: Person) -> None:
    reset(person, owner)
    assert mail.outbox[0].to == [person.email]
    assert "Owner has reset your second factor" in mail.outbox[0].body
    assert "https://portal.example/accounts/login/" in mail.outbox[0].body


def test_whoever_runs_the_server_may_do_it_too(person: Person) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        factors.reset(person, by=None, reason="The only owner lost it")
    assert "Whoever runs the portal has reset your second factor" in mail.outbox[0].body
    assert AuditEntry.objects.get(kind="factor_reset").by is None


def test_others_keep_theirs(person: Person, owner: Person) -> None:
    steps.add_app(owner)
    reset(person, owner)
    assert steps.factors(owner) == ["totp"]


def test_nothing_is_told_of_a_reset_that_did_not_happen(
    person: Person, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portal.accounts.factors.audit.record", fail)
    with pytest.raises(RuntimeError):
        reset(person, owner)
    assert steps.factors(person) == ["recovery_codes", "totp"]
    assert mail.outbox == []
