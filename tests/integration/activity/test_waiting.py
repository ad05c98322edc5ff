"""The action's page for one that waits: what is before it, what is usual here, when it counts as stuck."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.activity.waiting import seconds
from provisioning import heartbeats, ledger
from provisioning.models import OU, Action, Connection, Heartbeat, Mailbox
from provisioning.services import mailboxes, teardown
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def mailbox(root: OU) -> Mailbox:
    return make_mailbox(make_domain(make_ou(parent=root, title="Acme")), "ann")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def ask(mailbox: Mailbox, operation: str = "mailbox.suspend", by: Any = None) -> Action:
    return mailboxes.change_state(mailbox, operation, by=by, submission=uuid.uuid4())


def text_of(client: Client, action: Action) -> str:
    answer = client.get(reverse("activity:detail", args=[action.pk]))
    return " ".join(answer.content.decode().split())


def test_a_queued_one_says_what_is_before_it_for_the_same_object(
    client: Client, mailbox: Mailbox, support: Any
) -> None:
    ask(mailbox)
    ask(mailbox, "mailbox.close")
    last = ask(mailbox, "mailbox.close", by=support)
    other = make_mailbox(mailbox.domain, "bob")
    alone = ask(other)
    behind = Action.objects.filter(lock_key=last.lock_key, pk__lt=last.pk).count()
    assert f"{behind} before it for this mailbox." in text_of(client, last)
    assert "Nothing is before it" in text_of(client, alone)


def test_a_queued_one_behind_a_broken_connection_is_not_said_to_wait_for_a_worker(
    client: Client, mailbox: Mailbox, support: Any
) -> None:
    action = ask(mailbox)
    assert "as soon as a worker is free" in text_of(client, action)
    Connection.objects.filter(pk=action.connection_id).update(broken_since=timezone.now())
    assert "it is sent once SYNAQ answers again" in text_of(client, action)


def test_what_is_usual_here_is_said_once_enough_have_ended(
    client: Client, mailbox: Mailbox, support: Any
) -> None:
    first = ask(mailbox)
    assert "Not enough of this kind have been done here" in text_of(client, first)
    end(first)
    for number in range(5):
        end(ask(make_mailbox(mailbox.domain, f"m{number}")))
    now = ask(make_mailbox(mailbox.domain, "last"))
    assert "At SYNAQ usually 0.0 s, 95 of 100 within 0.0 s (the last 6 here)." in text_of(client, now)
    assert "It took 0." in text_of(client, first)


def test_one_that_waits_says_from_when_it_counts_as_stuck_and_then_that_it_is(
    client: Client, mailbox: Mailbox, support: Any
) -> None:
    ask(mailbox)
    (action,) = ledger.claim_submits(mailbox.connection_id, 10)
    ledger.accepted(action, path="/a", remote_id="1", guid=action.guid, done=False, status=202)
    assert "It counts as stuck from" in text_of(client, action)
    Action.objects.filter(pk=action.pk).update(accepted_at=timezone.now() - timedelta(minutes=6))
    body = text_of(client, action)
    assert "It takes longer than it should." in body
    assert "It counts as stuck since" in body


def test_the_page_does_not_change_merely_because_time_passes(
    client: Client, mailbox: Mailbox, support: Any
) -> None:
    action = ask(mailbox)
    url = reverse("activity:detail", args=[action.pk])
    first: Any = client.get(url)
    second: Any = client.get(url)
    assert first.context["live_vals"] == second.context["live_vals"]


def test_one_of_a_batch_leads_to_it(client: Client, mailbox: Mailbox, support: Any) -> None:
    batch = teardown.start(mailbox, by=support, submission=uuid.uuid4(), reason="")
    action = Action.objects.get(batch=batch)
    assert reverse("batches:detail", args=[batch.pk]) in text_of(client, action)


def test_lengths_of_time_are_said_as_people_say_them() -> None:
    assert [seconds(n) for n in (0.84, 12.4, 185, 7200)] == ["0.8 s", "12 s", "3 min", "2 h"]


@pytest.mark.parametrize("role", ["support", "owner"])
def test_while_every_worker_is_silent_each_page_says_so_and_so_does_what_waits(
    client: Client, root: OU, mailbox: Mailbox, role: str
) -> None:
    client.force_login(make_person(role, root))
    action, words = ask(mailbox), "Nothing is sent to SYNAQ now."
    assert words not in text_of(client, action), "none was ever heard of"
    heartbeats.give("worker", "here")
    assert words not in text_of(client, action)
    Heartbeat.objects.update(at=Now() - timedelta(minutes=5))
    text = text_of(client, action)
    assert words in text
    assert "it is sent once a worker is back" in text
    assert ("What is wrong" in text) == (role == "owner")
