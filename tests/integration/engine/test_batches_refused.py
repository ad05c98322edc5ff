"""SYNAQ refuses a step of a removal, over real HTTP, in each way that it may: the batch stops there, says why, sends
nothing more, and goes on from there or is ended; the sandbox's books show each change at most once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from provisioning import connections, teardown
from provisioning.models import Action, Batch
from provisioning.services import activity, domains
from provisioning.services import batches as services
from tests.integration.engine.asking import work
from tests.integration.engine.situations import Maker, fill_in, take_in
from tests.integration.sandboxed import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "<html><head><title>502</title></head><body><h1>Stop</h1><p>Down for repairs.</p></body></html>"
# How it is refused, and what people are told of it.
REFUSALS: dict[str, tuple[int, Any, str]] = {
    "400 with fields": (
        400,
        {"code": 400, "message": "Validation failed", "errors": ["action: This value is not valid."]},
        "Validation failed\naction: This value is not valid.",
    ),
    "409": (409, {"code": 409, "message": "A <nightly> job runs.", "errors": None}, "A <nightly> job runs."),
    "422": (422, {"code": 422, "message": "Unprocessable.", "errors": {}}, "Unprocessable."),
    "text": (403, "Not from here.", "Not from here."),
    "an HTML page": (400, PAGE, "Down for repairs."),
}
LABELS = {
    "mailbox.delete": "Delete",
    "domain.delete": "Delete services",
    "domain.remove": "Remove the record",
    "package.delete": "Delete",
    "ou.delete": "Delete",
}


class Place:
    """A company at the sandbox, whose actions take no time: a package, a domain in service, two mailboxes."""

    def __init__(self, sandbox: Sandbox) -> None:
        sandbox.tell("reset", seed="empty")
        sandbox.tell("speed", seconds="0")
        self.sandbox, root = sandbox, sandbox.root()
        self.maker = maker = Maker(sandbox, root, connections.client_for(root.connection))
        company = maker.company()
        self.made = {"ou": company, "package": maker.package(company)}
        self.made["domain"] = maker.domain(self.made["package"])
        fill_in(maker, self.made["domain"])
        maker.client.domains.act(self.made["domain"], "Provision")
        boxes = [maker.mailbox(self.made["domain"]) for _ in range(2)]
        for box in boxes:
            maker.client.mailboxes.act(box, "Provision")
        self.shown = take_in(maker, {**self.made, "mailbox": boxes[0]})
        second = take_in(maker, {**self.made, "mailbox": boxes[1]})
        self.guids = {**self.made, "mailbox": boxes[1]}
        self.rows = [*self.shown.values(), second["mailbox"]]
        self.before = self.asked()

    def refuse(self, operation: str, status: int, body: Any) -> None:
        """The next request of that operation is refused."""
        noun = operation.split(".")[0]
        method = "POST" if operation == "domain.delete" else "DELETE"
        path = f"/{'mailboxes' if noun == 'mailbox' else noun + 's'}/{self.guids[noun]}"
        self.sandbox.tell("refuse-next", method=method, path=path, status=status, body=body)

    def asked(self) -> dict[str, int]:
        """How often each call that changes anything was sent, since the place was made."""
        calls = self.sandbox.ask("books")["requests"]["by_call"].items()
        before = getattr(self, "before", {})
        changes = {call: n for call, n in calls if not call.startswith(("GET", "OPTIONS"))}
        return {call: n - before.get(call, 0) for call, n in changes.items() if n > before.get(call, 0)}

    def removed(self) -> dict[str, int]:
        """By GUID: how often its removal, or the end of its services, was applied."""
        objects = self.sandbox.ask("books")["objects"]
        return {guid: n for guid, book in objects.items() if (n := book["applied"].get("Delete", 0))}


@pytest.fixture
def place(legacy_sandbox: Sandbox) -> Iterator[Place]:
    yield Place(legacy_sandbox)
    legacy_sandbox.tell("speed", seconds="default")


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def begin(place: Place, kind: str) -> Batch:
    return teardown.start(place.shown[kind], by=None, submission=uuid.uuid4(), reason="They left.")


def states(batch: Batch) -> dict[str, str]:
    """Of each step by operation and name: its action's state, "" where it is still ahead."""
    steps = batch.steps.select_related("action")
    return {f"{step.operation} {step.guid}": step.action.state if step.action else "" for step in steps}


def of(batch: Batch, operation: str) -> list[str]:
    return [state for step, state in states(batch).items() if step.startswith(f"{operation} ")]


def gone(place: Place) -> set[str]:
    """The kinds of which nothing is left, as the mirror shows it."""
    for row in place.rows:
        row.refresh_from_db()
    return {row.kind for row in place.rows} - {row.kind for row in place.rows if row.gone_at is None}


ORDER = list(teardown.ORDER)
WHERE = {  # what is torn down, so that this operation is the last but one of it, or the last
    "mailbox.delete": "domain",
    "domain.delete": "domain",
    "domain.remove": "package",
    "package.delete": "ou",
    "ou.delete": "ou",
}


@pytest.mark.parametrize("operation", ORDER)
def test_it_stops_at_each_refusal_says_why_and_goes_on_from_there(place: Place, operation: str) -> None:
    batch = begin(place, WHERE[operation])
    later = ORDER[ORDER.index(operation) + 1 :]
    for status, body, words in REFUSALS.values():
        place.refuse(operation, status, body)
        work()
        batch = fresh(batch)
        assert (batch.state, batch.words.endswith(words)) == ("stopped", True), batch.words
        assert batch.words.startswith(f"{LABELS[operation]} ")
        assert "failed" in of(batch, operation)
        assert {state for name in later for state in of(batch, name)} <= {""}
        assert not Action.objects.filter(state__in=Action.OPEN).exists()
        services.resume(batch, by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert set(states(batch).values()) == {"finished"}
    assert place.removed() == dict.fromkeys(place.removed(), 1)
    assert len(place.removed()) == len(gone_rows(place))
    assert Action.objects.filter(state="failed").count() == len(REFUSALS)


def gone_rows(place: Place) -> list[str]:
    gone(place)
    return [row.guid for row in place.rows if row.gone_at is not None]


@pytest.mark.parametrize("operation", ORDER)
def test_abandoned_after_a_refusal_nothing_more_is_sent_and_the_rest_stays(
    place: Place, operation: str
) -> None:
    batch = begin(place, WHERE[operation])
    place.refuse(operation, 409, REFUSALS["409"][1])
    work()
    services.abandon(fresh(batch), by=None)
    before = place.asked()
    assert work() == 0
    assert (fresh(batch).state, place.asked()) == ("abandoned", before)
    noun = operation.split(".")[0]
    assert place.guids[noun] not in gone_rows(place)
    inventory = place.sandbox.ask("inventory")
    assert place.guids[noun] in {
        row["guid"] for kind in ("ous", "packages", "domains", "mailboxes") for row in inventory[kind]
    }


def test_what_vanished_behind_our_back_is_told_once_and_then_passed_by(place: Place) -> None:
    batch = begin(place, "ou")
    client = place.maker.client
    for row in place.rows:
        if row.kind == "mailbox":
            client.mailboxes.delete(row.guid)
    client.domains.act(place.guids["domain"], "Delete")
    client.domains.delete(place.guids["domain"])
    client.packages.delete(place.guids["package"])
    work()
    assert fresh(batch).state == "stopped"
    assert "Delete services" in fresh(batch).words
    services.resume(fresh(batch), by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert gone(place) == {"ou", "package", "domain", "mailbox"}
    assert place.removed() == dict.fromkeys(place.removed(), 1)


def test_the_two_steps_of_a_domain_stop_between_them_and_go_on(place: Place) -> None:
    for row in place.rows:
        if row.kind == "mailbox":
            place.maker.client.mailboxes.delete(row.guid)
            type(row).objects.filter(pk=row.pk).update(gone_at=timezone.now())
    batch = domains.delete_domain(place.shown["domain"], by=None, submission=uuid.uuid4())
    place.refuse("domain.remove", 409, REFUSALS["409"][1])
    work()
    assert of(fresh(batch), "domain.delete") == ["finished"]
    assert (fresh(batch).state, of(batch, "domain.remove")) == ("stopped", ["failed"])
    place.shown["domain"].refresh_from_db()
    assert (place.shown["domain"].state, place.shown["domain"].gone_at) == ("deleted", None)
    services.resume(fresh(batch), by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert "domain" in gone(place)


def test_a_fault_that_tells_nothing_holds_it_until_somebody_has_looked(place: Place) -> None:
    batch = begin(place, "domain")
    place.refuse("domain.delete", 502, PAGE)
    work()
    action = batch.actions.get(operation="domain.delete")
    assert (fresh(batch).state, action.state, action.next_at) == ("running", "unconfirmed", None)
    assert of(batch, "domain.remove") == [""]
    activity.settle_not_applied(action, by=None)
    work()
    assert fresh(batch).state == "finished", fresh(batch).words
    assert place.removed() == dict.fromkeys(place.removed(), 1)
