"""What happens when two do it at once: real threads, each with a database connection of its own."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.db import IntegrityError, connection, transaction

from provisioning import ledger, mirror, readings
from provisioning.models import Action, Mailbox, Reading
from tests.integration.engine.asking import suspend
from tests.integration.engine.conftest import World
from tests.integration.factories import make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


def at_once(calls: list[Callable[[], T]]) -> list[T]:
    """Each in a thread of its own, all let go at the same moment."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            gate.wait(10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(20) for future in [pool.submit(run, call) for call in calls]]


@contextmanager
def elsewhere(act: Callable[[], Any]) -> Iterator[None]:
    """Another connection has done `act` and not committed yet; it commits when the block ends."""
    done, go_on = threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                go_on.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        assert done.wait(10)
        try:
            yield
        finally:
            go_on.set()
        future.result(10)


@pytest.fixture
def world(api: Any, transactional_db: None) -> World:
    return World(api.url, "legacy")


def test_a_double_click_is_one_action(world: World) -> None:
    submission = uuid.uuid4()
    rows = at_once([lambda: suspend(world.mailbox, submission=submission) for _ in range(6)])
    assert len({row.pk for row in rows}) == 1
    assert Action.objects.get().events.count() == 1


def test_two_people_at_once_are_one_action_or_two_in_order(world: World) -> None:
    at_once([lambda: suspend(world.mailbox) for _ in range(4)])
    assert len(ledger.claim_submits(world.connection.pk, 10)) == 1
    assert ledger.claim_submits(world.connection.pk, 10) == []


def test_no_two_drivers_claim_the_same_row(world: World) -> None:
    for mailbox in [make_mailbox(world.domain) for _ in range(40)]:
        suspend(mailbox)

    def claim() -> list[int]:
        found: list[int] = []
        while rows := ledger.claim_submits(world.connection.pk, 3):
            found += [row.pk for row in rows]
        return found

    claimed = Counter(pk for found in at_once([claim] * 4) for pk in found)
    assert set(claimed.values()) == {1}
    assert Action.objects.filter(state="sending", attempt=1).count() == 40 == len(claimed)


def test_actions_on_one_object_are_sent_in_order_however_many_drivers_there_are(world: World) -> None:
    asked = [suspend(world.mailbox)]
    for _ in range(3):
        Action.objects.create(
            connection=world.connection, ou=world.company, operation="mailbox.activate", kind="mailbox",
            guid=world.mailbox.guid, title="t", lock_key=asked[0].lock_key, submission=uuid.uuid4(),
            next_at=asked[0].next_at,
        )  # fmt: skip
    order: list[int] = []
    for _ in range(4):
        rounds = at_once([lambda: ledger.claim_submits(world.connection.pk, 5)] * 3)
        (row,) = [row for rows in rounds for row in rows]
        order.append(row.pk)
        ledger.fail(row, "conflict", "Not now.", [])
    assert order == sorted(order)


def test_an_older_row_that_becomes_visible_late_does_not_break_the_driver(world: World) -> None:
    older, younger = suspend(world.mailbox), suspend(make_mailbox(world.domain))
    Action.objects.filter(pk=older.pk).update(next_at=None)
    with ThreadPoolExecutor(1) as pool:
        with elsewhere(lambda: ledger.claim_submits(world.connection.pk, 1)):
            # To that other driver the older row of the same object was not to be seen.
            Action.objects.filter(pk=older.pk).update(lock_key=younger.lock_key, next_at=younger.next_at)
            claimed = pool.submit(_claim_and_close, world.connection.pk)
            until(somebody_waits_for_a_lock)
        assert claimed.result(10) == []
    assert {row.pk: row.state for row in Action.objects.all()} == {older.pk: "queued", younger.pk: "sending"}


def _claim_and_close(connection_id: int) -> list[Action]:
    try:
        return ledger.claim_submits(connection_id, 5)
    finally:
        connection.close()


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_of_two_who_settle_at_once_is_told_so(world: World) -> None:
    suspend(world.mailbox)
    (row,) = ledger.claim_submits(world.connection.pk, 1)
    ledger.unconfirmed(row, "cut_off", "The line broke.")

    def settle(how: Callable[..., None], *args: Any) -> str:
        try:
            how(row, *args, by=None)
        except ledger.Refused as refused:
            return str(refused)
        return ""

    told = at_once([lambda: settle(ledger.settle_applied, ""), lambda: settle(ledger.settle_not_applied)])
    assert sorted(told) == ["", "It has been settled meanwhile."]


def test_a_thing_wanted_by_many_at_once_is_read_once(world: World) -> None:
    at_once([lambda: readings.want("mailbox", world.mailbox.guid, ou=world.company) for _ in range(6)])
    assert Reading.objects.count() == 1
    claimed = at_once([lambda: readings.claim(world.connection.pk, 5)] * 3)
    assert sum(map(len, claimed)) == 1


def test_two_who_write_a_new_thing_at_once_leave_one_row(world: World) -> None:
    def write() -> None:
        seen = mirror.Seen(
            "mailbox", "new-guid", {"email": "a@b.example", "state": "active"}, world.mailbox.as_at
        )
        mirror.write(seen, mirror.Home(world.connection, world.company, world.domain))

    at_once([write] * 5)
    assert Mailbox.objects.filter(guid="new-guid").count() == 1


def test_the_database_refuses_a_second_thing_in_flight_whoever_tries(world: World) -> None:
    first, second = suspend(world.mailbox), suspend(make_mailbox(world.domain))
    Action.objects.filter(pk=second.pk).update(lock_key=first.lock_key)

    def send(action: Action) -> bool:
        try:
            return bool(Action.objects.filter(pk=action.pk).update(state="sending"))
        except IntegrityError:
            return False

    assert sorted(at_once([lambda: send(first), lambda: send(second)])) == [False, True]
