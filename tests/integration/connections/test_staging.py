"""Staging says so: on every page, on the pages of what is on it, and in lists where it stands beside production."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import Membership, Person
from provisioning.models import OU, Action, Batch, Connection, Mailbox
from tests.integration.factories import (
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_package,
    make_person,
)

pytestmark = pytest.mark.django_db
MARK, LINE, PILL = "staging-mark", "This is on staging", "</span>Staging</span>"


def reseller(stage: str) -> OU:
    """A reseller with one of everything that a list shows."""
    root = make_ou(make_connection(stage=stage), title=f"{stage} reseller")
    fill(root)
    return root


def fill(root: OU) -> None:
    company = make_ou(parent=root, title=f"Acme {root.title}")
    package = make_package(company)
    mailbox = make_mailbox(make_domain(company, package=package), account_locked=True)
    make_batch(company, kind="selection", target_kind="mailbox")
    make_batch(root, kind="new_customer")
    make_action(mailbox)


def make_batch(ou: OU, **fields: str) -> None:
    Batch.objects.create(title=f"Some of {ou.title}", ou=ou, submission=uuid.uuid4(), **fields)


def make_action(mailbox: Mailbox) -> None:
    about = {"kind": "mailbox", "guid": mailbox.guid, "lock_key": mailbox.guid, "title": mailbox.email}
    Action.objects.create(
        connection=mailbox.connection,
        ou=mailbox.ou,
        operation="mailbox.suspend",
        submission=uuid.uuid4(),
        **about,
    )


@pytest.fixture
def staging(db: None) -> OU:
    return reseller("staging")


@pytest.fixture
def person(staging: OU) -> Person:
    return make_person("support", staging)


@pytest.fixture
def both(client: Client, staging: OU, person: Person) -> Client:
    """Somebody of two resellers, one of them on staging."""
    Membership.objects.create(person=person, ou=reseller("production"), role="support")
    client.force_login(person)
    return client


LISTS = ["ous", "packages", "domains", "mailboxes", "batches", "activity", "customers", "attention"]


def pills(client: Client, path: str) -> int:
    """How many of a page's rows say that they are on staging."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode().count(PILL)


def list_of(noun: str) -> str:
    return reverse(f"{noun}:list")


def test_every_page_says_that_something_is_on_staging_and_its_own_page_that_it_is(
    client: Client, staging: OU
) -> None:
    client.force_login(make_person("support", staging))
    thing, elsewhere = reverse("ous:detail", args=[staging.guid]), list_of("domains")
    assert LINE in client.get(thing).content.decode()
    assert MARK in client.get(elsewhere).content.decode()
    assert LINE not in client.get(elsewhere).content.decode()
    Connection.objects.update(stage="production")
    for path in (thing, elsewhere):
        assert "staging" not in client.get(path).content.decode().replace("staging reseller", "").lower()


@pytest.mark.parametrize("noun", LISTS)
def test_a_list_of_both_marks_what_is_on_staging(both: Client, noun: str) -> None:
    shown = 2 if noun == "attention" else 1  # a locked mailbox, and what is in flight for it
    assert pills(both, list_of(noun)) == shown


@pytest.mark.parametrize("noun", LISTS)
def test_a_list_in_which_all_is_on_staging_does_not_repeat_it(
    client: Client, person: Person, noun: str
) -> None:
    client.force_login(person)
    assert pills(client, list_of(noun)) == 0


@pytest.mark.parametrize("noun", LISTS)
def test_marking_costs_no_query_a_row(both: Client, staging: OU, noun: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            pills(both, list_of(noun))
        return len(queries)

    asked()  # what is read once for all is read now
    before = asked()
    fill(staging)
    assert asked() == before


def test_search_marks_it_too(both: Client, staging: OU) -> None:
    assert pills(both, f"{reverse('search:all')}?q=Acme") == 1


def test_what_is_in_flight_for_a_thing_on_staging_is_not_marked_again_on_its_page(
    both: Client, staging: OU
) -> None:
    mailbox = Mailbox.objects.get(connection=staging.connection)
    assert pills(both, reverse("mailboxes:detail", args=[mailbox.guid])) == 0


def test_another_resellers_staging_is_nobody_elses_business(client: Client, staging: OU) -> None:
    client.force_login(make_person("support", reseller("production")))
    assert MARK not in client.get(list_of("domains")).content.decode()
