"""Many outcomes are written down together: as one by one, in few statements, and one that is odd takes no other with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provisioning import elapsed, ledger, mirror, outcomes, together
from provisioning.mirror import Seen
from provisioning.models import OU, Action, Connection, Mailbox
from provisioning.operations import Ask, operation_of
from provisioning.synaq import Meaning, SynaqError
from provisioning.turns import Accepted, Ended, Job, Outcome, Still, Trouble
from tests.integration.engine.asking import Rounds, fresh, kinds, new_mailbox, suspend
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, says
from tests.integration.factories import make_mailbox

pytestmark = pytest.mark.django_db


def taken(world: World, count: int) -> list[Job]:
    """So many creations, sent and accepted."""
    for number in range(count):
        new_mailbox(world.domain, f"new{number}", at_once=True)
    sent = [job_of(action) for action in ledger.claim_submits(world.connection.pk, count)]
    together.record([(job, Accepted(f"g{job.action.pk}", "/path", "7", False, 202)) for job in sent])
    Action.objects.update(next_at=timezone.now())
    return [job_of(action) for action in ledger.claim_turns(world.connection.pk, count)]


def job_of(action: Action) -> Job:
    action.connection = Connection.objects.get(pk=action.connection_id)  # as the driver has them
    action.ou = OU.objects.get(pk=action.ou_id)
    operation = operation_of(action)
    reads = tuple(operation.reads(action)) if action.state == "waiting" else ()
    ask = Ask(action.guid, action.payload, {})
    return Job(action, operation, None, ask, elapsed.now(), reads)  # type: ignore[arg-type]


def ended(job: Job, **facts: Any) -> Ended:
    body = {"guid": job.action.result_guid, "email": job.action.title, "state": "active", **facts}
    return Ended((Seen("mailbox", job.action.result_guid, body, timezone.now()),))


def statements(pairs: list[tuple[Job, Outcome]]) -> int:
    with CaptureQueriesContext(connection) as asked:
        together.record(pairs)
    return len(asked)


def test_many_ends_cost_no_more_statements_than_a_few(world: World) -> None:
    jobs = taken(world, 12)
    few = statements([(job, ended(job)) for job in jobs[:2]])
    assert statements([(job, ended(job)) for job in jobs[2:]]) == few
    assert Action.objects.filter(state="finished", sealed="").count() == 12
    assert set(Mailbox.objects.values_list("email", flat=True)) >= {job.action.title for job in jobs}
    assert kinds(jobs[5].action) == ["asked", "sending", "accepted", "finished"]


def test_polls_that_tell_nothing_new_write_no_history(world: World) -> None:
    first, second = taken(world, 2)
    together.record([(first, Still("new")), (second, Still("pending"))])
    assert (kinds(first.action)[-1], kinds(second.action)[-1]) == ("accepted", "answered")
    assert (fresh(first.action).polls, fresh(second.action).remote_state) == (1, "pending")
    assert (fresh(first.action).next_at or timezone.now()) > timezone.now()


def test_what_another_holds_by_now_is_left_alone_and_the_rest_is_written(world: World) -> None:
    late, other = taken(world, 2)
    Action.objects.filter(pk=late.action.pk).update(attempt=late.action.attempt + 1)
    together.record([(late, ended(late)), (other, ended(other))])
    assert (fresh(late.action).state, fresh(other.action).state) == ("waiting", "finished")
    assert not Mailbox.objects.filter(guid=late.action.result_guid).exists()


def test_an_older_answer_overwrites_no_newer_one(world: World) -> None:
    (job,) = taken(world, 1)
    before = ended(job, state="inactive")
    make_mailbox(world.domain, guid=job.action.result_guid, state="suspended")
    together.record([(job, before)])
    assert Mailbox.objects.get(guid=job.action.result_guid).state == "suspended"
    assert fresh(job.action).state == "finished"


def test_one_that_cannot_be_written_with_the_others_is_written_by_itself(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("a mistake in the writing of many")

    boxes = [world.mailbox, make_mailbox(world.domain)]
    actions = [suspend(box) for box in boxes]
    api.on("POST", "/actions.json", says(204))
    api.on("GET", "/mailboxes/", says(200, {"mailbox": {"guid": "g", "state": "suspended"}}))
    monkeypatch.setattr(mirror, "write_mailboxes", broken)
    driver = Rounds()
    driver.take()
    Action.objects.update(next_at=timezone.now(), remote_state="finished", remote_path="", state="waiting")
    driver.take()
    assert {fresh(action).state for action in actions} == {"finished"}
    assert set(Mailbox.objects.values_list("state", flat=True)) == {"suspended"}


@pytest.mark.parametrize(
    "outcome",
    [
        Trouble(SynaqError(Meaning.BROKEN, "Bad Gateway", status=502)),
        Ended((), errors=("It broke.",)),
        Ended((Seen("domain", "g", {}, timezone.now()),)),
        Ended((Seen("mailbox", "g", None, timezone.now()),)),
    ],
)
def test_what_is_not_plain_is_not_taken(world: World, outcome: Outcome) -> None:
    (job,) = taken(world, 1)
    assert not together.is_plain(job, outcome)
    assert together.is_plain(job, ended(job))


THEIR_OWN = {
    "id",
    "submission",
    "title",
    "lock_key",
    "payload",
    "result_guid",
    "request_id",
}  # differ by what was asked


def written(job: Job) -> tuple[dict[str, Any], list[tuple[str, str, Any]]]:
    """The row, of times only whether there is one, and its history."""
    row = Action.objects.filter(pk=job.action.pk).values().get()
    facts = {
        name: value is not None if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in THEIR_OWN
    }
    told = [
        (event.kind, event.text, {**event.data, "guid": ""}) for event in job.action.events.order_by("id")
    ]
    return facts, [one for one in told if one[0] != "asked"]


@pytest.mark.parametrize("what", ["accepted", "still", "ended"])
def test_one_by_one_or_together_the_same_is_written(world: World, what: str) -> None:
    if what == "accepted":
        for number in range(2):
            new_mailbox(world.domain, f"new{number}", at_once=True)
        alone, beside = (job_of(action) for action in ledger.claim_submits(world.connection.pk, 2))
    else:
        alone, beside = taken(world, 2)
    outcome: dict[str, Callable[[Job], Outcome]] = {
        "accepted": lambda job: Accepted(f"g{job.action.pk}", "/path", "7", False, 202),
        "still": lambda _: Still("pending"),
        "ended": lambda job: replace(ended(job), exclusions=("a@x.example",)),
    }
    outcomes.record(alone, outcome[what](alone))
    together.record([(beside, outcome[what](beside))])
    assert written(alone) == written(beside)
    if what == "ended":
        rows = [Mailbox.objects.get(guid=job.action.result_guid) for job in (alone, beside)]
        assert {(row.state, row.edition_code, row.domain_id, row.ou_id) for row in rows} == {
            ("active", "", world.domain.pk, world.company.pk)
        }


# --- who goes first


def test_many_at_once_of_one_company_let_another_customers_click_go_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.integration.factories import make_domain, make_ou

    monkeypatch.setattr(ledger, "CROWD", 3)
    many = [suspend(make_mailbox(world.domain)) for _ in range(6)]
    other = make_mailbox(make_domain(make_ou(parent=world.root)))
    click = suspend(other)
    sent = [row.pk for row in ledger.claim_submits(world.connection.pk, 100)]
    assert sent == [*(row.pk for row in many[:3]), click.pk]
    behind = ledger.claim_submits(world.connection.pk, 100, scheduled=True)
    assert [row.pk for row in behind] == [row.pk for row in many[3:]]


def test_an_objects_line_keeps_its_order_though_the_crowd_has_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "CROWD", 0)
        first = new_mailbox(world.domain)
    second = new_mailbox(world.domain)
    assert (first.priority, second.priority) == (ledger.PILED, 0)
    assert ledger.claim_submits(world.connection.pk, 5) == []
    assert ledger.claim_submits(world.connection.pk, 5, scheduled=True) == [first]
