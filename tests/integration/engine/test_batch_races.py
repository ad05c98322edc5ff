"""Two at once on one batch, each with a database connection of its own: no step is opened twice, none is forgotten."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import batches, elapsed, ledger, mirror, outcomes, schedule, teardown
from provisioning.batches import Wish
from provisioning.ledger import Refused
from provisioning.models import Action, Batch, Scheduled
from provisioning.operations import Ask, operation_of
from provisioning.services import activity, scheduled
from provisioning.services import batches as services
from provisioning.synaq import Meaning, SynaqError
from provisioning.turns import Ended, Held, Job, Trouble
from tests.integration.engine.conftest import World
from tests.integration.engine.test_races import at_once, elsewhere, somebody_waits_for_a_lock, until
from tests.integration.factories import make_domain, make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 6
ROUNDS = 4  # what is decided by the moment is tried more than once


@pytest.fixture
def world(api: Any, transactional_db: None) -> World:
    return World(api.url, "legacy")


def batch_of(world: World, boxes: int = MANY) -> Batch:
    """The deletion of so many mailboxes, and in a second rank the domain's services."""
    domain = make_domain(world.company, package=world.package)
    wishes = [
        Wish("mailbox.delete", "mailbox", box.guid, box.email)
        for box in [make_mailbox(domain) for _ in range(boxes)]
    ]
    wishes.append(Wish("domain.delete", "domain", domain.guid, domain.name, rank=1))
    return batches.start("teardown", "x", world.company, wishes, by=None, submission=uuid.uuid4())


def claimed(batch: Batch, most: int = MANY) -> list[Action]:
    rows = ledger.claim_submits(batch.ou.connection_id, 100)
    ours = [row for row in rows if row.batch_id == batch.pk]
    for row in ours[most:]:
        ledger.put_off(row, timezone.now(), "", "")
    return ours[:most]


def job_of(action: Action) -> Job:
    client: Any = None  # the outcome is told, nobody is asked
    return Job(action, operation_of(action), client, Ask(action.guid, {}, {}), elapsed.now())


def accepted(batch: Batch, most: int = MANY) -> list[Action]:
    """So many of its steps, as taken on by SYNAQ."""
    rows = claimed(batch, most)
    for row in rows:
        ledger.accepted(row, path="", remote_id="", guid="", done=True, status=204)
    return rows


def ends(action: Action) -> Callable[[], None]:
    """Written down by a driver: it is gone."""
    seen = mirror.Seen("mailbox", action.guid, None, timezone.now())
    return lambda: outcomes.record(job_of(action), Ended((seen,)))


def is_refused(action: Action) -> Callable[[], None]:
    error = SynaqError(Meaning.CONFLICT, "Not now.", status=409)
    return lambda: outcomes.record(job_of(action), Trouble(error))


def is_put_off(action: Action) -> Callable[[], None]:
    return lambda: outcomes.record(job_of(action), Held("Not in time."))


def told(call: Callable[[], Any]) -> Callable[[], str]:
    """What the person who does it is told."""

    def tell() -> str:
        try:
            call()
        except Refused as refused:
            return str(refused)
        return ""

    return tell


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def is_whole(batch: Batch) -> None:
    """Each step has one action that counts, and no two actions of one attempt were made."""
    open_ones = Action.objects.filter(batch=batch, state__in=Action.OPEN)
    per_thing = Counter((row.operation, row.guid) for row in open_ones)
    assert set(per_thing.values()) <= {1}
    assert {row.pk for row in open_ones} <= set(batch.steps.values_list("action", flat=True))


def stopped(world: World) -> Batch:
    """One that has stopped at its first step, the others taken back."""
    batch = batch_of(world)
    is_refused(claimed(batch, 1)[0])()
    assert fresh(batch).state == "stopped"
    assert not Action.objects.filter(batch=batch, state__in=Action.OPEN).exists()
    return fresh(batch)


# --- outcomes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("_", range(ROUNDS))
def test_all_steps_of_a_rank_that_end_at_once_open_the_next_rank_once(world: World, _: int) -> None:
    batch = batch_of(world)
    at_once([ends(row) for row in accepted(batch)])
    assert Counter(batch.actions.values_list("operation", "state")) == {
        ("mailbox.delete", "finished"): MANY,
        ("domain.delete", "queued"): 1,
    }
    is_whole(batch)


def test_an_end_that_is_not_committed_yet_is_not_overlooked_by_the_last(world: World) -> None:
    batch = batch_of(world, 2)
    first, second = accepted(batch)
    with ThreadPoolExecutor(1) as pool:
        with elsewhere(ends(first)):
            last = pool.submit(at_once, [ends(second)])
            until(somebody_waits_for_a_lock)
            assert not batch.actions.filter(operation="domain.delete").exists()
        last.result(10)
    assert batch.actions.filter(operation="domain.delete").count() == 1


def test_the_last_two_steps_at_once_end_the_batch_once(world: World) -> None:
    for _ in range(ROUNDS):
        boxes = [make_mailbox(world.domain) for _ in range(2)]
        wishes = [Wish("mailbox.delete", "mailbox", box.guid, box.email) for box in boxes]
        batch = batches.start("teardown", "x", world.company, wishes, by=None, submission=uuid.uuid4())
        at_once([ends(row) for row in accepted(batch)])
        assert (fresh(batch).state, fresh(batch).ended_at is not None) == ("finished", True)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_end_and_a_refusal_at_once_stop_it_and_nothing_follows(world: World, _: int) -> None:
    batch = batch_of(world, 3)
    good, bad = claimed(batch, 2)
    ledger.accepted(good, path="", remote_id="", guid="", done=True, status=204)
    at_once([ends(good), is_refused(bad)])
    assert fresh(batch).state == "stopped"
    states = Counter(batch.actions.values_list("state", flat=True))
    assert states == {"finished": 1, "failed": 1, "cancelled": 1}
    ahead = batch.steps.filter(action=None)
    assert sorted(ahead.values_list("operation", flat=True)) == ["domain.delete", "mailbox.delete"]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_the_sweep_and_an_outcome_at_once_open_the_next_rank_once(world: World, _: int) -> None:
    batch = batch_of(world, 1)
    (last,) = accepted(batch)
    at_once([ends(last), batches.sweep, batches.sweep, lambda: batches.advance(batch.pk)])
    batches.sweep()
    assert batch.actions.filter(operation="domain.delete").count() == 1
    assert fresh(batch).state == "running"
    is_whole(batch)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_what_is_put_off_while_the_batch_stops_is_not_sent_any_more(world: World, _: int) -> None:
    batch = batch_of(world, 3)
    bad, *others = claimed(batch, 3)
    at_once([is_refused(bad), *(is_put_off(row) for row in others)])
    assert fresh(batch).state == "stopped"
    assert ledger.claim_submits(world.connection.pk, 100) == []
    assert batch.steps.filter(action=None).count() == 3


# --- people ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("_", range(ROUNDS))
def test_resume_pressed_by_several_at_once_asks_once_and_the_others_are_told(world: World, _: int) -> None:
    batch = stopped(world)
    said = at_once([told(lambda: services.resume(batch, by=None))] * 4)
    assert Counter(said) == {"": 1, "It is not stopped: somebody has resumed or ended it meanwhile.": 3}
    assert Action.objects.filter(batch=batch, state="queued").count() == MANY
    is_whole(batch)


def test_resume_twice_takes_in_what_came_meanwhile_once(world: World) -> None:
    batch = teardown.start(world.domain, by=None, submission=uuid.uuid4())
    for _ in range(2):
        late = make_mailbox(world.domain)
        more = teardown.still_missing(batch, world.domain)  # both have looked before either began
        for _ in range(2):
            is_refused(claimed(batch, 1)[0])()
            batches.resume(batch, by=None, more=more)
        assert batch.steps.filter(guid=late.guid).count() == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_resume_and_abandon_at_once_leave_it_abandoned_with_nothing_to_send(world: World, _: int) -> None:
    batch = stopped(world)
    resume, abandon = (lambda: services.resume(batch, by=None)), (lambda: services.abandon(batch, by=None))
    said = at_once([told(resume), told(abandon)])
    assert said[1] == ""
    assert said[0] in ("", "It is not stopped: somebody has resumed or ended it meanwhile.")
    assert fresh(batch).state == "abandoned"
    assert ledger.claim_submits(world.connection.pk, 100) == []


@pytest.mark.parametrize("_", range(ROUNDS))
def test_abandoned_while_outcomes_come_in_it_opens_and_sends_nothing_more(world: World, _: int) -> None:
    batch = batch_of(world)
    one, two, three = claimed(batch, 3)
    ledger.accepted(one, path="", remote_id="", guid="", done=True, status=204)
    calls = [told(lambda: services.abandon(batch, by=None)), ends(one), is_refused(two), is_put_off(three)]
    at_once(calls)
    assert fresh(batch).state == "abandoned"
    assert ledger.claim_submits(world.connection.pk, 100) == []
    assert not batch.actions.filter(operation="domain.delete").exists()


@pytest.mark.parametrize("_", range(ROUNDS))
def test_abandoned_while_a_driver_claims_each_row_is_either_sent_or_taken_back(world: World, _: int) -> None:
    batch = batch_of(world)
    ids = at_once(
        [lambda: {row.pk for row in ledger.claim_submits(world.connection.pk, 2)}] * 2
        + [lambda: services.abandon(batch, by=None) or set()]  # type: ignore[func-returns-value]
    )
    taken = set().union(*ids)
    states = dict(batch.actions.values_list("pk", "state"))
    assert {states[pk] for pk in taken} <= {"sending"}
    assert {state for pk, state in states.items() if pk not in taken} <= {"cancelled"}


@pytest.mark.parametrize("_", range(ROUNDS))
def test_cancelling_a_step_in_the_moment_of_its_outcome_locks_nobody_up(world: World, _: int) -> None:
    batch = batch_of(world, 2)
    (sent,) = claimed(batch, 1)
    waits = batch.actions.get(state="queued")
    cancels = [told(lambda row=row: activity.cancel(row, by=None)) for row in (sent, waits)]  # type: ignore[misc]
    said = at_once([is_refused(sent), *cancels])
    assert str(said[1]).startswith("It can no longer be cancelled")
    assert fresh(batch).state == "stopped"
    assert not Action.objects.filter(batch=batch, state__in=Action.OPEN).exists()


def test_two_who_begin_the_removal_of_one_thing_begin_one_batch(world: World) -> None:
    begun = at_once([lambda: teardown.start(world.company, by=None, submission=uuid.uuid4()).pk] * 4)
    assert len(set(begun)) == 1
    assert Batch.objects.count() == Action.objects.count() == 1


# --- set for a date -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_deletion_that_is_due_is_begun_by_one_driver_or_cancelled_and_never_both(
    world: World, _: int
) -> None:
    due = timezone.now() + timedelta(days=30)
    row = scheduled.schedule_deletion(world.mailbox, by=None, due_at=due, submission=uuid.uuid4())
    Scheduled.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    said = at_once([schedule.sweep, schedule.sweep, told(lambda: scheduled.cancel(row, by=None))])
    row.refresh_from_db()
    assert Batch.objects.count() == (row.batch is not None) == (said[2] != "")
    assert (row.cancelled_at is None) == (row.batch is not None)
