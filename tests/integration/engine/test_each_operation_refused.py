"""Each row of the operations table, answered with each kind of refusal: it ends in a true state, with a sentence.

Derived from the table: a row that is not in `ASKS` fails, so that a new operation comes with its answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from provisioning import doubts
from provisioning.asking import ask_for
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS, TABLE, Operation
from tests.integration.engine.asking import PASSWORD, fresh, kinds, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import Answer, FakeApi, says
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

READS = {"GET", "OPTIONS"}
ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
WORDS = "This value is already used by <somebody>."
PAGE = "<html><head><title>Stop</title><style>p {}</style></head><body><h1>Stop</h1><p>Down for repairs.</p></body></html>"

# What is asked for: payload and secrets. The name of what is made comes from the payload.
ASKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ou.create_company": ({"title": "New Ltd", "physical_address": ADDRESS}, {}),
    "ou.create_subreseller": ({"title": "New Ltd", "physical_address": ADDRESS}, {}),
    "ou.update": ({"changes": {"title": "Renamed Ltd"}}, {}),
    "ou.delete": ({}, {}),
    "package.create": ({"code": "SYN-CMS", "editions": ["SYN-CMS-BASIC-02"]}, {}),
    "package.provision": ({}, {}),
    "package.close": ({}, {}),
    "package.activate": ({}, {}),
    "package.delete": ({}, {}),
    "domain.create": ({"domain_name": "new.example"}, {}),
    "domain.create_in_package": ({"domain_name": "new.example"}, {}),
    "domain.link": ({"package": "another-package"}, {}),
    "domain.fields": ({"fields": {"username": "x"}}, {"password": PASSWORD}),
    "domain.provision": ({}, {}),
    "domain.refresh": ({}, {}),
    "domain.close": ({}, {}),
    "domain.activate": ({}, {}),
    "domain.usage": ({}, {}),
    "domain.delete": ({}, {}),
    "domain.remove": ({}, {}),
    "mailbox.create": ({"email_local": "new", "last_name": "Nkosi"}, {"password": PASSWORD}),
    "mailbox.provision": ({}, {}),
    "mailbox.update": ({"changes": {"last_name": "Mokoena"}}, {"password": PASSWORD}),
    "mailbox.change_edition": ({"package": "its-package", "code": "SYN-CM-PREM-25-ARCH"}, {}),
    "mailbox.suspend": ({}, {}),
    "mailbox.close": ({}, {}),
    "mailbox.activate": ({}, {}),
    "mailbox.unlock": ({}, {}),
    "mailbox.delete": ({}, {}),
}


@dataclass(frozen=True)
class Refusal:
    """How it is answered, and what must come of it."""

    answer: Answer
    meaning: str
    words: str
    state: str = "failed"
    errors: tuple[tuple[str, str], ...] = ()


REFUSALS = {
    "400 with fields": Refusal(
        says(400, {"code": 400, "message": "Validation failed", "errors": [f"title: {WORDS}"]}),
        "refused", "Validation failed", errors=(("title", WORDS),),
    ),
    "422 with nested fields": Refusal(
        says(422, {"code": 422, "message": "Unprocessable", "errors": {"ou": {"city": [WORDS]}}}),
        "refused", "Unprocessable", errors=(("ou.city", WORDS),),
    ),
    "409": Refusal(
        says(409, {"code": 409, "message": "Its state forbids that.", "errors": None}),
        "conflict", "Its state forbids that.",
    ),
    "plain text": Refusal(says(403, "Not from here.", content_type="text/plain"), "forbidden", "Not from here."),
    "an HTML page": Refusal(says(400, PAGE), "refused", "Down for repairs."),
    "nothing but a status": Refusal(says(418), "other", "SYNAQ refused this"),
    "404": Refusal(says(404, {"code": 404, "message": "Not Found"}), "missing", "Not Found"),
    "500": Refusal(says(500, {"code": 500, "message": "Internal Error"}), "broken", "", "unconfirmed"),
    "502 from a proxy": Refusal(says(502, PAGE), "broken", "", "unconfirmed"),
}  # fmt: skip
ENDING = [name for name, refusal in REFUSALS.items() if refusal.state == "failed" and name != "404"]
UNKNOWN = [name for name, refusal in REFUSALS.items() if refusal.state == "unconfirmed"]
CASES = [(row.name, dialect) for row in TABLE for dialect in sorted(row.dialects)]


def test_each_row_of_the_table_is_asked_for_here() -> None:
    assert set(ASKS) == set(OPERATIONS)


# --- the asking -----------------------------------------------------------------------------------------------------------


def target_of(world: World, row: Operation) -> Any:
    """Something that the row may be asked of, and that nothing else stands in the way of."""
    if row.kind == "ou":
        return _ou_for(world, row)
    states = row.states_in(world.connection.dialect) or frozenset({"active"})
    state = "active" if "active" in states else min(states)
    if row.kind == "package":
        package = make_package(world.company, state=state)
        if row.name != "package.delete":
            make_domain(world.company, package=package)
        return package
    if row.kind == "domain":
        return make_domain(world.company, package=make_package(world.company), state=state)
    return make_mailbox(world.domain, state=state, account_locked=row.name == "mailbox.unlock")


def _ou_for(world: World, row: Operation) -> Any:
    type_ = OU.Type.SUBRESELLER if row.makes == "ou" else OU.Type.COMPANY
    return make_ou(parent=world.root, type=type_)


def is_shown(api: FakeApi, target: Any) -> None:
    """SYNAQ shows the thing as the mirror has it."""
    body = {"guid": target.guid, "state": getattr(target, "state", None)}
    names = {"ou": "title", "package": "code", "domain": "domain_name", "mailbox": "email"}
    fields = {"domain": "name"}
    body[names[target.kind]] = getattr(target, fields.get(target.kind, names[target.kind]))
    if target.kind == "mailbox":
        body["account_locked"] = target.account_locked
    api.on(
        "GET",
        f"/{'mailboxes' if target.kind == 'mailbox' else target.kind + 's'}/{target.guid}.json",
        says(200, body),
    )


def ask(row: Operation, target: Any) -> Action:
    payload, secrets = ASKS[row.name]
    title = str(payload.get("title") or payload.get("domain_name") or target)
    return ask_for(
        row.name, target, by=None, submission=uuid.uuid4(), title=title, creates=title if row.makes else "",
        payload=payload, secrets=secrets,
    )  # fmt: skip


Told = dict[str, tuple[Action, Any]]


def answered(api: FakeApi, world: World, name: str, refusals: Iterable[str]) -> Told:
    """By refusal: the row after it was asked for, answered so and worked on to its end, and its target."""
    row, told = OPERATIONS[name], {}
    for refusal in refusals:
        target = target_of(world, row)
        if refusal != "404":
            is_shown(api, target)
        for method in ("POST", "PATCH", "DELETE", "LINK"):
            api.on(method, target.guid, REFUSALS[refusal].answer)
        told[refusal] = (ask(row, target), target)
    work()
    for _, target in told.values():
        target.refresh_from_db()
    return {refusal: (fresh(action), target) for refusal, (action, target) in told.items()}


def sent(api: FakeApi, target: Any) -> int:
    """How many changes were sent about it."""
    return sum(request.method not in READS and target.guid in request.path for request in api.requests)


def is_for_people(words: str) -> bool:
    """A sentence without markup, a secret, or a name of the programme's own."""
    return bool(words.strip()) and not any(
        odd in words for odd in ("<h", "<p", "</", PASSWORD, "Error(", "None")
    )


# --- the answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_refusal_ends_it_in_synaqs_words_and_changes_nothing(api: FakeApi, name: str) -> None:
    told = answered(api, World(api.url, min(OPERATIONS[name].dialects)), name, ENDING)
    for kind, (action, target) in told.items():
        refusal = REFUSALS[kind]
        assert (action.state, action.meaning, action.sealed) == ("failed", refusal.meaning, ""), kind
        assert refusal.words in action.words, kind
        assert is_for_people(action.words), kind
        said = [(line["field"], line["message"]) for line in action.errors]
        assert said[: len(refusal.errors)] == [*refusal.errors], kind
        assert kinds(action) == ["asked", "sending", "failed"], kind
        assert (sent(api, target), target.gone_at) == (1, None), kind


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_vanished_meanwhile_is_told_or_its_removal_is_done(api: FakeApi, name: str) -> None:
    told = answered(api, World(api.url, max(OPERATIONS[name].dialects)), name, ["404"])
    action, target = told["404"]
    if OPERATIONS[name].removes:
        assert action.state == "finished"
    else:
        assert (action.state, action.meaning) == ("failed", "missing")
        assert is_for_people(action.words)
    assert sent(api, target) == 1
    assert target.gone_at is not None, "the mirror is read again, and shows it"


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_a_fault_at_synaq_is_looked_up_where_that_tells_and_then_left_to_a_person(
    api: FakeApi, name: str, dialect: str
) -> None:
    for kind, (action, target) in answered(api, World(api.url, dialect), name, UNKNOWN).items():
        # What changes nothing needs nobody to settle it: it can be asked for again.
        end = "failed" if OPERATIONS[name].repeatable else "unconfirmed"
        assert (action.state, action.meaning, action.next_at) == (end, "broken", None), kind
        assert is_for_people(action.words), kind
        assert (sent(api, target), target.gone_at) == (1, None), kind
        looks = 1 + len(doubts.LOOK_UPS) if OPERATIONS[name].can_look_up(dialect) else 1
        looks -= OPERATIONS[name].repeatable  # the last one ends it
        assert kinds(action).count("looked_up") == looks, kind
