"""Drivers are killed in the midst of a running batch, then the books are compared: it ends true, each step applied once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from provisioning import connections, teardown
from provisioning.models import Action, Batch, Connection, Domain, Mailbox
from provisioning.services import activity
from tests.integration.engine.asking import work
from tests.integration.engine.situations import Maker, fill_in, take_in
from tests.integration.engine.test_chaos import drivers
from tests.integration.sandboxed import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

MAILBOXES = 6
State = Action.State
Moment = Callable[[Batch], bool]


WAY = [State.SENDING, State.WAITING, State.FINISHED]


def has(state: str, operation: str, count: int = 1) -> Moment:
    """So many of its steps of that operation have come as far as that state."""
    so_far = WAY[WAY.index(State(state)) :]
    return lambda batch: batch.actions.filter(operation=operation, state__in=so_far).count() >= count


# A driver of its own is killed at each, and the next one goes on.
MOMENTS: dict[str, Moment] = {
    "while the first are sent": has(State.SENDING, "mailbox.delete"),
    "when some are under way": has(State.WAITING, "mailbox.delete", 2),
    "when some are done": has(State.FINISHED, "mailbox.delete", 2),
    "while the services are ended": has(State.WAITING, "domain.delete"),
    "between the ranks": has(State.FINISHED, "domain.delete"),
    "near the end": has(State.FINISHED, "domain.remove"),
}


def begun(sandbox: Sandbox) -> Batch:
    """The removal of a company with a package, a domain in service and mailboxes, on whose first steps nobody works yet."""
    sandbox.tell("reset", seed="empty")
    sandbox.tell("speed", seconds="0")
    root = sandbox.root()
    maker = Maker(sandbox, root, connections.client_for(root.connection))
    made = {"ou": maker.company()}
    made["package"] = maker.package(made["ou"])
    made["domain"] = maker.domain(made["package"])
    fill_in(maker, made["domain"])
    maker.client.domains.act(made["domain"], "Provision")
    for _ in range(MAILBOXES):
        box = maker.mailbox(made["domain"])
        maker.client.mailboxes.act(box, "Provision")
        shown = take_in(maker, {**made, "mailbox": box})
    sandbox.tell("speed", seconds="0.05-0.4")
    return teardown.start(shown["ou"], by=None, submission=uuid.uuid4())


def kill_a_driver_when(moment: Moment, batch: Batch) -> bool:
    """As soon as the batch has come so far. Whether it was still running then."""
    with drivers(1) as (process,):
        end = time.monotonic() + 30
        while not moment(batch):
            assert time.monotonic() < end, "the driver never came so far"
            time.sleep(0.002)
        process.kill()
        process.wait()
    return Batch.objects.filter(pk=batch.pk, state="running").exists()


def leases_run_out() -> None:
    Action.objects.filter(lease_until__isnull=False).update(next_at=timezone.now(), lease_until=None)
    Connection.objects.update(retry_at=None)


def somebody_looks(sandbox: Sandbox) -> None:
    """What nobody could tell is settled by a person, who sees at SYNAQ whether it was applied."""
    objects = sandbox.ask("books")["objects"]
    change = {"domain.remove": "Remove"}
    for action in Action.objects.filter(state=State.UNCONFIRMED, next_at=None):
        applied = objects[action.guid]["accepted"].get(change.get(action.operation, "Delete"), 0)
        if applied:
            activity.settle_applied(action, "", by=None)
        else:
            activity.settle_not_applied(action, by=None)


@pytest.fixture(params=["legacy", "current"])
def either(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox: Sandbox = request.getfixturevalue(f"{request.param}_sandbox")
    yield sandbox
    sandbox.tell("speed", seconds="default")


def test_a_batch_whose_drivers_are_killed_ends_true_with_each_step_applied_once(either: Sandbox) -> None:
    sandbox, batch = either, begun(either)
    killed = 0
    for moment in MOMENTS.values():
        killed += kill_a_driver_when(moment, batch)
        leases_run_out()
        work(
            until=lambda: not Action.objects.filter(state__in=[State.SENDING, State.UNCONFIRMED]).exists(),
            rounds=6,
        )
        somebody_looks(sandbox)
    assert killed >= len(MOMENTS) - 1, "the last may come a moment too late"
    sandbox.tell("finish")
    work()
    batch.refresh_from_db()
    assert batch.state == "finished", (
        batch.words,
        list(batch.actions.values_list("title", "state", "words")),
    )
    is_true(batch, sandbox)


def is_true(batch: Batch, sandbox: Sandbox) -> None:
    """What was asked, what the sandbox holds and what is shown are the same."""
    assert batch.steps.filter(action__state=State.FINISHED).count() == MAILBOXES + 4
    assert batch.actions.count() == MAILBOXES + 4
    books = sandbox.ask("books")
    for book in books["objects"].values():
        assert max(book["applied"].values()) == 1, book
        assert max(book["accepted"].values()) == 1, book
        assert "Delete" in book["applied"], book
    assert books["salts_reused"] == 0
    assert not [
        row for kind in ("packages", "domains", "mailboxes") for row in sandbox.ask("inventory")[kind]
    ]
    assert not Mailbox.objects.filter(gone_at=None).exists()
    assert not Domain.objects.filter(gone_at=None).exists()
