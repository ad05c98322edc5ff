"""The rules that the database itself keeps, whoever writes."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from provisioning.models import Action, Event
from tests.integration.engine.conftest import World

pytestmark = pytest.mark.django_db

ENDED = ("finished", "failed", "cancelled")
ALLOWED = {
    ("queued", "sending"), ("queued", "cancelled"), ("queued", "failed"),
    ("sending", "waiting"), ("sending", "queued"), ("sending", "failed"), ("sending", "unconfirmed"),
    ("waiting", "finished"), ("waiting", "failed"), ("waiting", "unconfirmed"),
    ("unconfirmed", "waiting"), ("unconfirmed", "queued"), ("unconfirmed", "failed"),
}  # fmt: skip
PAIRS = [pair for pair in itertools.product(Action.State.values, repeat=2) if pair[0] != pair[1]]


def row(world: World, state: str = "queued", **facts: Any) -> Action:
    ended = timezone.now() if state in ENDED else None
    given = {"lock_key": str(uuid.uuid4()), "ended_at": ended, "state": state, **facts}
    return Action.objects.create(
        connection=world.connection, ou=world.company, operation="mailbox.suspend", kind="mailbox", guid="g",
        title="t", submission=uuid.uuid4(), **given,
    )  # fmt: skip


def change(action: Action, **facts: Any) -> None:
    with transaction.atomic():
        Action.objects.filter(pk=action.pk).update(**facts)


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_only_the_ledgers_own_transitions_are_possible(world: World, before: str, after: str) -> None:
    action = row(world, before)
    facts = {"state": after, "ended_at": action.ended_at or (timezone.now() if after in ENDED else None)}
    if (before, after) in ALLOWED:
        change(action, **facts)
        return
    with pytest.raises(IntegrityError):
        change(action, **facts)


def test_no_state_is_made_up(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(world, "done")


@pytest.mark.parametrize("state", ["sending", "waiting", "unconfirmed"])
def test_one_object_has_one_thing_in_flight(world: World, state: str) -> None:
    row(world, state, lock_key="mailbox:1")
    row(world, lock_key="mailbox:1")
    with pytest.raises(IntegrityError), transaction.atomic():
        row(world, "sending", lock_key="mailbox:1")
    row(world, "sending", lock_key="mailbox:2")


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_holds_no_secret(world: World, state: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(world, state, sealed="sealed")


@pytest.mark.parametrize("state", ENDED)
def test_the_time_of_the_end_is_fixed(world: World, state: str) -> None:
    action = row(world, state)
    with pytest.raises(IntegrityError):
        change(action, ended_at=timezone.now())
    with pytest.raises(IntegrityError):
        change(action, ended_at=None, state="queued")


@pytest.mark.parametrize("state", ["queued", "sending", "waiting", "unconfirmed"])
def test_what_is_open_has_no_end(world: World, state: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(world, state, ended_at=timezone.now())


def test_what_has_ended_has_an_end(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(world, "finished", ended_at=None)


def test_history_is_only_added_to(world: World) -> None:
    event = Event.objects.create(action=row(world), kind="asked")
    for sql in ("UPDATE provisioning_event SET text = 'x'", "DELETE FROM provisioning_event"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{sql} WHERE id = %s", [event.pk])


def test_an_action_is_never_removed(world: World) -> None:
    action = row(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Action.objects.filter(pk=action.pk)._raw_delete("default")
    assert Action.objects.filter(pk=action.pk).exists()


def test_a_form_is_submitted_once(world: World) -> None:
    same = row(world).submission
    with pytest.raises(IntegrityError), transaction.atomic():
        Action.objects.filter(pk=row(world).pk).update(submission=same)
