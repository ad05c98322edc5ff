"""The loop itself: it stops when told, shares the work, and is not stopped by an odd row or a restart around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from provisioning import breaker, ledger, outcomes, pool, runner, slots, turns
from provisioning.models import Action
from provisioning.services import activity
from provisioning.services.common import Refused
from tests.integration.engine.asking import Rounds, fresh, new_mailbox, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, says
from tests.integration.factories import make_mailbox

ROOT = Path(__file__).resolve().parents[3]
real = pytest.mark.django_db(transaction=True)
quick = pytest.mark.django_db
REFUSED = says(409, {"code": 409, "message": "No."})
DRIVE = """
import signal, sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from provisioning import runner, tasks
signal.signal(signal.SIGTERM, lambda *_: tasks._stop())
print("driving", flush=True)
print(runner.drive(lambda: bool(tasks._stopping.value), works_for=60), flush=True)
"""


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


@pytest.fixture
def slowly(api: FakeApi) -> Iterator[threading.Event]:
    """POSTs are received at once, and refused when the event is set."""
    go_on = threading.Event()

    def answer(peer: Any) -> None:
        go_on.wait(20)
        REFUSED(peer)

    api.on("POST", "/", answer)
    yield go_on
    go_on.set()


# --- stopping and sharing


@real
def test_told_to_stop_it_ends_what_is_under_way_and_begins_nothing(
    api: FakeApi, slowly: threading.Event
) -> None:
    world = World(api.url, "legacy")
    boxes = [make_mailbox(world.domain) for _ in range(settings.RUNNER_THREADS + 5)]
    actions = [suspend(box) for box in boxes]
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVE, str(connection.settings_dict["NAME"])],
        cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        until(lambda: api.count("POST") == settings.RUNNER_THREADS)
        process.send_signal(signal.SIGTERM)
        slowly.set()
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert out.split() == ["driving", str(settings.RUNNER_THREADS)]
    states = [fresh(action).state for action in actions]
    assert states.count("failed") == settings.RUNNER_THREADS == api.count("POST")
    assert states.count("queued") == 5


@real
def test_drivers_side_by_side_send_nothing_twice(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RUNNER_SLOTS", 3)
    api.on("POST", "/", REFUSED)
    world = World(api.url, "legacy")
    for _ in range(30):
        suspend(make_mailbox(world.domain))
    stop = lambda: not Action.objects.filter(state__in=Action.OPEN).exists()  # noqa: E731

    def drive(_: int) -> int:
        try:
            return runner.drive(stop, works_for=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(drive, range(3)))
    assert (sum(shares) >= 30, api.count("POST")) == (True, 30)  # and what they were refused on is read again
    assert len({request.path for request in api.requests if request.method == "POST"}) == 30
    salts = [request.headers["synaq-api-salt"] for request in api.requests]
    assert len(set(salts)) == len(salts)


@real
def test_there_are_so_many_slots_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RUNNER_SLOTS", 1)

    def taken_elsewhere() -> int | None:
        try:
            return slots.take()
        finally:
            connection.close()

    slot = slots.take()
    assert slot == 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(taken_elsewhere).result() is None
        slots.release(slot)
        assert pool.submit(taken_elsewhere).result() == 0
        assert pool.submit(taken_elsewhere).result() == 0, "a driver that dies lets go of its slot"


@real
def test_a_killed_driver_leaves_what_it_was_sending_unconfirmed_and_the_rest_queued(
    api: FakeApi, slowly: threading.Event
) -> None:
    world = World(api.url, "legacy")
    actions = [suspend(make_mailbox(world.domain)) for _ in range(settings.RUNNER_THREADS + 3)]
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVE, str(connection.settings_dict["NAME"])],
        cwd=ROOT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: api.count("POST") == settings.RUNNER_THREADS)
    finally:
        process.kill()
        process.wait()
    Action.objects.filter(state="sending").update(next_at=Action.objects.earliest("asked_at").asked_at)
    assert ledger.give_up_lost() == settings.RUNNER_THREADS
    slowly.set()
    states = [fresh(action).state for action in actions]
    assert states.count("unconfirmed") == settings.RUNNER_THREADS
    assert states.count("queued") == 3


# --- what surrounds it breaks


@quick
def test_an_outcome_is_kept_while_the_database_restarts(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", "/", REFUSED)
    action = suspend(world.mailbox)
    record, away = outcomes.record, iter([True, True, False])

    def sometimes(job: turns.Job, outcome: turns.Outcome) -> None:
        if next(away):
            raise OperationalError("terminating connection due to administrator command")
        record(job, outcome)

    monkeypatch.setattr(outcomes, "record", sometimes)
    monkeypatch.setattr(connection, "close", lambda: None)
    driver = runner.Driver(lambda: fresh(action).state == "failed")
    driver.run(10)
    assert (fresh(action).state, api.count("POST")) == ("failed", 1)


@quick
def test_a_database_that_is_away_with_nothing_under_way_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(breaker, "usable", away)
    with pytest.raises(OperationalError):
        runner.Driver(lambda: False).run(10)


@real
def test_a_driver_whose_slot_went_with_its_connection_takes_one_again_before_it_begins_anything(
    api: FakeApi, world: World, settings: Any
) -> None:
    settings.RUNNER_SLOTS = 1
    slot = slots.take()
    driver = runner.Driver(lambda: False, slot)
    driver.under_way[0] = cast("Any", SimpleNamespace(behind=False))

    def away() -> int:
        raise OperationalError

    later = time.monotonic() + 60
    assert driver._may_begin(later)
    driver._guarded(away)
    assert slots.taken() == 0, "the connection that held it is closed"
    with other_connection() as other:
        other.execute("SELECT pg_advisory_lock(%s, 0)", [slots.KIND])
        assert not driver._may_begin(later), "another drives in its place"
    assert driver._may_begin(later)
    assert (slots.taken(), driver.slot) == (1, slot)
    driver.let_go()
    assert slots.taken() == 0


@contextmanager
def other_connection() -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        yield other


@quick
def test_calls_under_way_keep_their_leases(
    api: FakeApi, world: World, slowly: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RENEW_EVERY", 0.0)
    action = suspend(world.mailbox)
    driver = Rounds()
    driver._begin()
    Action.objects.update(next_at=fresh(action).asked_at, lease_until=fresh(action).asked_at)
    driver._renew()
    assert ledger.give_up_lost() == 0
    slowly.set()
    while driver.under_way:
        driver._write_down()
    assert fresh(action).state == "failed"


@quick
def test_ends_that_nobody_looks_at_are_written_with_those_that_follow_while_there_is_much_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver, busy = runner.Driver(lambda: False), [99]
    monkeypatch.setattr(pool, "of_this_process", lambda: SimpleNamespace(busy=lambda: busy[0]))
    scheduled, clicked = (cast("Any", (SimpleNamespace(behind=behind), None)) for behind in (True, False))
    driver._told = [scheduled]
    assert driver._may_wait()
    assert driver._write_down() == 0
    driver._told = [scheduled, clicked]
    assert not driver._may_wait()
    driver._told, busy[0] = [scheduled], 1
    assert not driver._may_wait()
    busy[0], driver._wrote_at = 99, driver._wrote_at - 2 * runner.ENDS_FOR
    assert not driver._may_wait()


@quick
def test_a_driver_without_scheduled_work_looks_for_it_ever_less_often(world: World) -> None:
    driver, pauses = runner.Driver(lambda: False), []
    row = world.mailbox.connection
    for _ in range(5):
        driver._nothing_behind.clear()  # as if the pause were over
        driver._begin_on(row)
        pauses.append(driver._looked_behind[row.pk])
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (runner.BEHIND_FIRST, runner.BEHIND_EVERY)


@quick
def test_when_its_time_is_over_it_takes_clicks_and_nothing_else_while_calls_are_under_way(
    api: FakeApi, world: World
) -> None:
    api.on("POST", "/", REFUSED)
    scheduled, clicked = suspend(world.mailbox), suspend(make_mailbox(world.domain))
    Action.objects.filter(pk=scheduled.pk).update(priority=2)
    driver, over = runner.Driver(lambda: False), time.monotonic() - 0.1
    assert not driver._may_begin(over), "nothing is under way: it ends"
    call = SimpleNamespace(connection_id=world.connection.pk, behind=True, sends=False)
    driver.under_way[0] = cast("Any", call)
    assert driver._may_begin(over)
    driver._begin_on(world.mailbox.connection)
    while len(driver.under_way) > 1:
        driver._write_down()
    assert (fresh(scheduled).state, fresh(clicked).state) == ("queued", "failed")
    assert not driver._may_begin(over - runner.WINDS_DOWN), "not for ever"


# --- odd rows


def make_odd(action: Action, **facts: Any) -> Action:
    Action.objects.filter(pk=action.pk).update(**facts)
    return action


@quick
@pytest.mark.parametrize(
    ("facts", "meaning"),
    [
        ({"operation": "mailbox.levitate"}, "fault"),
        ({"sealed": "gAAAAA-of-another-key"}, "sealed"),
        ({"operation": "package.create", "payload": {}}, "fault"),
        ({"operation": "domain.create", "payload": {"domain_name": {1: 2}}, "guid": ""}, "fault"),
    ],
    ids=["unknown operation", "sealed with another key", "nothing in it", "no target"],
)
def test_an_odd_row_fails_kindly_and_stops_no_other(
    api: FakeApi, world: World, facts: dict[str, Any], meaning: str
) -> None:
    api.on("POST", f"/mailboxes/{world.mailbox.guid}", REFUSED)
    odd = make_odd(suspend(make_mailbox(world.domain)), **facts)
    sound = suspend(world.mailbox)
    assert Rounds().take() >= 1
    assert (fresh(sound).state, fresh(sound).meaning) == ("failed", "conflict")
    assert (fresh(odd).state, fresh(odd).meaning) == ("failed", meaning)
    assert "Nothing was sent" in fresh(odd).words
    assert api.count("POST") == 1


@quick
def test_a_row_of_an_older_version_that_is_on_its_way_is_followed_to_its_end(
    api: FakeApi, world: World
) -> None:
    api.on("POST", "/", says(202, location="/api/v1/mailboxes/m/actions/7"))
    api.on("GET", "/mailboxes/", says(200, {"state": "suspended"}))
    api.on("GET", "/actions/7", says(200, {"state": "finished"}))
    action = suspend(world.mailbox)
    Rounds().take()
    make_odd(action, operation="mailbox.levitate")
    work()
    assert fresh(action).state == "finished"


@quick
def test_a_row_of_an_older_version_that_is_unconfirmed_waits_for_a_person(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(500, "<html>"))
    action = suspend(world.mailbox)
    Rounds().take()
    make_odd(action, operation="mailbox.levitate")
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)
    with pytest.raises(Refused, match="does not know"):
        activity.submit_again(make_odd_failed(fresh(action)), by=None, submission=uuid.uuid4())


def make_odd_failed(action: Action) -> Action:
    ledger.fail(action, "conflict", "No.", [])
    return fresh(action)


@quick
def test_an_unconfirmed_row_whose_secret_cannot_be_opened_is_not_called_failed(
    api: FakeApi, world: World
) -> None:
    api.on("POST", "/", says(500, "<html>"))
    action = new_mailbox(world.domain)
    Rounds().take()
    make_odd(action, sealed="gAAAAA-of-another-key")
    work()
    assert fresh(action).state == "unconfirmed"


@quick
def test_a_mistake_after_something_may_have_gone_out_is_not_called_failed(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", "/", says(202, location="/api/v1/mailboxes/m/actions/7"))

    def broken(*_: Any, **__: Any) -> None:
        raise AttributeError("a mistake in reading the answer")

    monkeypatch.setattr("provisioning.synaq.transport._answer", broken)
    action = suspend(world.mailbox)
    Rounds().take()
    assert (fresh(action).state, fresh(action).meaning) == ("unconfirmed", "fault")
    assert api.count("POST") == 1


@quick
def test_a_row_that_cannot_be_written_down_stops_no_other(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on("POST", "/", REFUSED)
    odd, sound = suspend(make_mailbox(world.domain)), suspend(world.mailbox)
    record = outcomes.record

    def picky(job: turns.Job, outcome: turns.Outcome) -> None:
        if job.action.pk == odd.pk:
            raise RuntimeError("odd")
        record(job, outcome)

    monkeypatch.setattr(outcomes, "record", picky)
    Rounds().take()
    assert (fresh(odd).state, fresh(sound).state) == ("sending", "failed")
