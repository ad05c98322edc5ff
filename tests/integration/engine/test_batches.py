"""Batches: rank by rank, stopped by the first failure, resumed, abandoned; each step asked for exactly once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import batches, ledger, runner, schedule
from provisioning.batches import Wish
from provisioning.ledger import Refused
from provisioning.models import Action, Batch, Scheduled, Step
from provisioning.services import batches as services
from provisioning.services import mailboxes, scheduled, teardown
from provisioning.services.activity import cancel
from tests.integration.engine.asking import PASSWORD, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, says
from tests.integration.factories import make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)

CONFLICT = says(409, {"code": 409, "message": "Not now."})
GONE = says(404, {"code": 404, "message": "Not Found"})


def down(world: World, submission: uuid.UUID | None = None) -> Batch:
    return teardown.start(world.company, by=None, submission=submission or uuid.uuid4(), reason="left us")


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def opened(batch: Batch) -> list[str]:
    return list(batch.actions.order_by("id").values_list("operation", flat=True))


def all_goes_well(api: FakeApi, world: World) -> None:
    """Deletions answer 204; the domain's Delete is queued and ends well."""
    path = f"/api/v1/domains/{world.domain.guid}/actions/7"
    api.on("DELETE", "/", says(204))
    api.on("POST", "/actions", says(202, None, location=path))
    api.on("GET", "/actions/7", says(200, {"id": 7, "state": "finished", "errors": []}))
    shown = says(200, {"guid": world.package.guid, "code": "SYN-CMS", "state": "inactive"})
    api.on("GET", f"/packages/{world.package.guid}.json", shown, shown, GONE)
    domain = {"guid": world.domain.guid, "domain_name": world.domain.name}
    api.on("GET", f"/domains/{world.domain.guid}.json", says(200, {**domain, "state": "deleted"}), GONE)


def test_a_teardown_goes_from_the_mailboxes_to_the_company(api: FakeApi, world: World) -> None:
    make_mailbox(world.domain, state="inactive")
    all_goes_well(api, world)
    batch = down(world)
    assert opened(batch) == ["mailbox.delete"] * 2
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert opened(batch) == ["mailbox.delete"] * 2 + [
        "domain.delete", "domain.remove", "package.delete", "ou.delete",
    ]  # fmt: skip
    assert (api.count("DELETE"), api.count("POST")) == (5, 1)
    for thing in (world.mailbox, world.domain, world.package, world.company):
        thing.refresh_from_db()
        assert thing.gone_at is not None


def test_the_first_failure_stops_it_and_what_failed_is_asked_for_anew(api: FakeApi, world: World) -> None:
    all_goes_well(api, world)
    api.on("DELETE", "/mailboxes", CONFLICT, says(204))
    api.on("GET", "/mailboxes", says(200, {"email": world.mailbox.email, "state": "active"}), GONE)
    batch = down(world)
    work()
    assert fresh(batch).state == "stopped"
    assert "Not now." in fresh(batch).words
    assert opened(batch) == ["mailbox.delete"]
    services.resume(fresh(batch), by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert opened(batch).count("mailbox.delete") == 2


def test_what_came_meanwhile_is_taken_in_when_it_is_resumed(api: FakeApi, world: World) -> None:
    all_goes_well(api, world)
    api.on("DELETE", "/mailboxes", CONFLICT, says(204))
    api.on("GET", "/mailboxes", says(200, {"email": world.mailbox.email, "state": "active"}), GONE)
    batch = down(world)
    work()
    late = make_mailbox(world.domain)
    services.resume(fresh(batch), by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    late.refresh_from_db()
    assert late.gone_at is not None


def test_an_abandoned_one_takes_back_what_was_not_sent(world: World) -> None:
    batch = down(world)
    services.abandon(batch, by=None)
    assert (fresh(batch).state, batch.actions.get().state) == ("abandoned", "cancelled")
    with pytest.raises(Refused):
        services.resume(fresh(batch), by=None)
    with pytest.raises(Refused):
        services.abandon(fresh(batch), by=None)


def test_one_that_is_cancelled_stops_the_batch(world: World) -> None:
    batch = down(world)
    cancel(batch.actions.get(), by=None)
    assert fresh(batch).state == "stopped"


def test_the_same_form_twice_and_two_people_at_once_are_one_batch(world: World) -> None:
    mark = uuid.uuid4()
    assert down(world, mark) == down(world, mark) == down(world)
    assert Action.objects.count() == 1


def test_a_large_rank_is_opened_a_window_at_a_time(world: World) -> None:
    for _ in range(batches.WINDOW + 5):
        make_mailbox(world.domain)
    batch = down(world)
    assert batch.actions.count() == batches.WINDOW
    ledger.fail(batch.actions.order_by("id").first(), "refused", "No.", [])  # type: ignore[arg-type]
    batches.sweep()
    assert (batch.actions.count(), fresh(batch).state) == (batches.WINDOW, "running")  # others are still open


def test_a_move_that_was_missed_is_found_by_the_sweep(world: World) -> None:
    batch = down(world)
    action = batch.actions.get()
    Action.objects.filter(pk=action.pk).update(state="sending")
    Action.objects.filter(pk=action.pk).update(state="failed", ended_at=timezone.now(), words="No.")
    assert fresh(batch).state == "running"
    batches.sweep()
    batches.sweep()
    assert fresh(batch).state == "stopped"


def test_a_step_is_opened_once_however_often_it_is_tried(world: World) -> None:
    batch = down(world)
    Step.objects.filter(batch=batch, operation="mailbox.delete").update(action=None)
    batches.advance(batch.pk)
    assert batch.actions.count() == 1


def test_what_is_gone_already_is_skipped(api: FakeApi, world: World) -> None:
    world.mailbox.gone_at = timezone.now()
    world.mailbox.save()
    wish = Wish("mailbox.delete", "mailbox", world.mailbox.guid, world.mailbox.email)
    batch = batches.start("teardown", "x", world.company, [wish], by=None, submission=uuid.uuid4())
    assert (batch.state, batch.steps.get().skipped, batch.actions.count()) == ("finished", True, 0)


def test_a_plan_that_is_in_doubt_is_not_begun(world: World) -> None:
    action = mailboxes.change_state(world.mailbox, "mailbox.suspend", by=None, submission=uuid.uuid4())
    Action.objects.filter(pk=action.pk).update(state="sending")
    Action.objects.filter(pk=action.pk).update(state="unconfirmed")
    assert any("settle that first" in reason for reason in teardown.plan(world.domain).blocked)
    with pytest.raises(Refused):
        down(world)


# --- the way out of a lock ----------------------------------------------------------------------------------------------


def test_an_unlock_sends_the_password_first_and_keeps_it_nowhere(api: FakeApi, world: World) -> None:
    lock(world)
    api.on(
        "PATCH", "/mailboxes", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/1")
    )
    api.on("POST", "/actions", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/2"))
    api.on("GET", "/actions/", says(200, {"state": "finished"}))
    shown = {"email": world.mailbox.email, "state": "suspended", "account_locked": True}
    api.on(
        "GET", f"/mailboxes/{world.mailbox.guid}.json",
        says(200, shown), says(200, {**shown, "state": "active", "account_locked": False}),
    )  # fmt: skip
    batch = mailboxes.unlock(world.mailbox, by=None, password=PASSWORD, submission=uuid.uuid4())
    assert opened(batch) == ["mailbox.update"]
    work()
    assert (fresh(batch).state, opened(batch)) == ("finished", ["mailbox.update", "mailbox.unlock"])
    patch = next(request for request in api.requests if request.method == "PATCH")
    assert patch.body == {"mailbox": {"password": PASSWORD}}
    assert not Step.objects.exclude(sealed="").exists()
    assert not Action.objects.exclude(sealed="").exists()


def test_a_password_that_was_refused_must_be_typed_again(api: FakeApi, world: World) -> None:
    lock(world)
    api.on("PATCH", "/mailboxes", says(400, {"code": 400, "message": "Weak.", "errors": ["password: Weak."]}))
    batch = mailboxes.unlock(world.mailbox, by=None, password=PASSWORD, submission=uuid.uuid4())
    work()
    assert (fresh(batch).state, api.count("POST")) == ("stopped", 0)
    with pytest.raises(Refused, match="password is not kept"):
        services.resume(fresh(batch), by=None)


def test_a_mailbox_that_is_locked_after_its_unlock_is_marked(world: World) -> None:
    lock(world)
    done = Action.objects.create(
        connection=world.connection, operation="mailbox.unlock", state="finished", ou=world.company,
        kind="mailbox", guid=world.mailbox.guid, title="x", lock_key="x", submission=uuid.uuid4(),
        ended_at=timezone.now() - timedelta(minutes=5),
    )  # fmt: skip
    assert mailboxes.locked_again(world.mailbox) == done
    world.mailbox.account_locked = False
    assert mailboxes.locked_again(world.mailbox) is None


def lock(world: World) -> None:
    world.mailbox.state, world.mailbox.account_locked = "suspended", True
    world.mailbox.save()


# --- set for a date -----------------------------------------------------------------------------------------------------


def set_for_later(world: World) -> Scheduled:
    due = timezone.now() + timedelta(days=30)
    return scheduled.schedule_deletion(world.mailbox, by=None, due_at=due, submission=uuid.uuid4())


def make_due(row: Scheduled) -> None:
    Scheduled.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_deletion_runs_on_its_date_and_once(api: FakeApi, world: World) -> None:
    row = set_for_later(world)
    assert schedule.sweep() == 0
    assert scheduled.pending_for(world.mailbox) == row
    make_due(row)
    assert (schedule.sweep(), schedule.sweep()) == (1, 0)
    row.refresh_from_db()
    assert row.batch is not None
    assert opened(row.batch) == ["mailbox.delete"]
    assert scheduled.pending_for(world.mailbox) is None
    with pytest.raises(Refused):
        scheduled.cancel(row, by=None)


def test_a_cancelled_deletion_never_runs(world: World) -> None:
    row = set_for_later(world)
    scheduled.cancel(row, by=None)
    make_due(row)
    assert schedule.sweep() == 0
    with pytest.raises(Refused):
        scheduled.cancel(row, by=None)


def test_a_thing_has_one_date(world: World) -> None:
    set_for_later(world)
    with pytest.raises(Refused, match="already"):
        set_for_later(world)
    past = timezone.now() - timedelta(days=1)
    with pytest.raises(Refused, match="to come"):
        scheduled.schedule_deletion(world.domain, by=None, due_at=past, submission=uuid.uuid4())


def test_one_that_cannot_begin_is_a_stopped_batch_that_says_why(world: World) -> None:
    row = set_for_later(world)
    action = mailboxes.change_state(world.mailbox, "mailbox.suspend", by=None, submission=uuid.uuid4())
    Action.objects.filter(pk=action.pk).update(state="sending")
    Action.objects.filter(pk=action.pk).update(state="unconfirmed")
    make_due(row)
    schedule.sweep()
    row.refresh_from_db()
    assert row.batch is not None
    assert row.batch.state == "stopped"
    assert "settle that first" in row.batch.words


def test_what_is_gone_by_then_needs_no_deletion(world: World) -> None:
    row = set_for_later(world)
    world.mailbox.gone_at = timezone.now()
    world.mailbox.save()
    make_due(row)
    schedule.sweep()
    row.refresh_from_db()
    assert row.batch is not None
    assert (row.batch.state, row.batch.actions.count()) == ("finished", 0)


def test_the_driver_begins_what_is_due(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", says(204))
    make_due(set_for_later(world))
    runner.drive(stopping=lambda: Batch.objects.filter(state="finished").exists(), works_for=20)
    assert Batch.objects.get().state == "finished"
