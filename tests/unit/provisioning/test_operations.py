"""The table of operations is whole, and agrees with the dialects, the services and the words."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provisioning import operations, services
from provisioning.models import Action
from provisioning.operations import BOTH, KNOWN_STATES, OPERATIONS, TABLE, Ask, Operation
from provisioning.synaq import Dialect, dialects

KINDS = {"ou", "package", "domain", "mailbox"}
SERVICES = Path(inspect.getfile(services)).parent
NAMES = [row.name for row in TABLE]


@pytest.fixture(params=TABLE, ids=NAMES)
def row(request: pytest.FixtureRequest) -> Operation:
    operation: Operation = request.param
    return operation


def target(**facts: Any) -> Any:
    domain = SimpleNamespace(state="active", links=SimpleNamespace(exists=lambda: True, count=lambda: 1))
    given = {
        "state": "active",
        "gone_at": None,
        "account_locked": False,
        "domain": domain,
        "kind": "mailbox",
        **facts,
    }
    return SimpleNamespace(links=domain.links, **given)


def test_no_name_is_used_twice() -> None:
    assert len(OPERATIONS) == len(TABLE)


def test_every_row_has_its_texts(row: Operation) -> None:
    assert row.label == row.label.strip() != ""
    assert row.consequence.endswith(".")
    assert row.permission.count(".") == 1
    noun, _, verb = row.name.partition(".")
    assert (noun in KINDS, bool(verb)) == (True, True)
    assert row.kind in KINDS
    assert row.makes in {"", *KINDS}
    assert noun == (row.makes or row.kind)
    assert row.removes <= row.destructive


def test_names_fit_their_columns(row: Operation) -> None:
    for name, value in (("operation", row.name), ("result_kind", row.makes), ("kind", row.kind)):
        assert len(value) <= getattr(Action._meta.get_field(name), "max_length", 0)


def test_states_are_words_of_the_contract(row: Operation) -> None:
    assert (row.states or frozenset()) <= KNOWN_STATES
    assert row.current_adds <= KNOWN_STATES
    assert row.effect <= KNOWN_STATES


def test_wire_actions_exist_in_every_dialect_of_the_row(row: Operation) -> None:
    assert row.dialects <= BOTH
    for dialect in row.dialects if row.wire else ():
        assert row.wire in dialects.actions(Dialect(dialect), row.kind)


def test_what_is_a_bare_action_tells_its_end_by_an_effect(row: Operation) -> None:
    counts_only = row.name == "domain.usage"  # changes nothing that a state could show
    assert bool(row.wire) == (bool(row.effect) or counts_only)


def test_only_what_has_a_call_that_tells_is_looked_up(row: Operation) -> None:
    assert row.can_look_up("current") == (row.look_up is not None)
    if row.makes:
        assert not row.can_look_up("legacy")


def test_every_operation_is_asked_for_by_a_service(row: Operation) -> None:
    said = {
        node.value
        for file in SERVICES.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    by_name = row.name in said
    # change_state of that noun takes any of these
    by_change_of_state = row.kind in {"mailbox", "domain", "package"} and bool(row.wire)
    assert by_name or by_change_of_state


def test_it_is_refused_outside_its_states_and_allowed_within(row: Operation) -> None:
    row = replace(row, unless=None)
    for dialect in row.dialects:
        allowed = row.states_in(dialect)
        for state in KNOWN_STATES:
            why_not = row.why_not(target(state=state), dialect)
            assert bool(why_not) == (allowed is not None and state not in allowed)


def test_where_a_state_hides_services_those_behind_it_decide(
    row: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(row, unless=None)
    assert row.mixed <= KNOWN_STATES
    for dialect, state in product(row.dialects, row.mixed - (row.states or frozenset())):
        for behind in KNOWN_STATES:
            monkeypatch.setattr(operations.base, "states_behind", lambda _, behind=behind: {behind})
            why_not = row.why_not(target(state=state), dialect)
            allowed = row.states_in(dialect) or frozenset()
            assert bool(why_not) == (behind not in allowed and state not in allowed)


def test_another_dialects_operation_is_refused(row: Operation) -> None:
    for dialect in BOTH - row.dialects:
        assert dialect in row.why_not(target(), dialect)


def test_a_state_that_no_document_names_forbids_nothing(row: Operation) -> None:
    row = replace(row, unless=None)
    for dialect in row.dialects:
        assert row.why_not(target(state="hibernating"), dialect) == ""
        assert row.why_not(target(state=""), dialect) == ""


def test_what_is_gone_takes_nothing(row: Operation) -> None:
    for dialect in row.dialects:
        assert row.why_not(target(gone_at="now"), dialect) == "SYNAQ no longer knows it."


def test_a_locked_mailbox_cannot_be_activated() -> None:
    locked = target(state="suspended", account_locked=True)
    assert "locked" in OPERATIONS["mailbox.activate"].why_not(locked, "legacy")


def test_an_ask_does_not_show_its_secrets() -> None:
    assert "S3cret" not in repr(Ask("g", {}, {"password": "S3cret"}))


def test_the_thing_itself_is_read_first(row: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations.rules, "DomainLink", SimpleNamespace(objects=_NoLinks()))
    action = Action(
        kind=row.kind, guid="target", result_guid="made", payload={"package": "p"}, operation=row.name
    )
    first = row.reads(action)[0]
    assert first == ((row.makes, "made") if row.makes else (row.kind, "target"))


class _NoLinks:
    def filter(self, **_: Any) -> _NoLinks:
        return self

    def order_by(self, *_: Any) -> _NoLinks:
        return self

    def values_list(self, *_: Any, **__: Any) -> list[str]:
        return []


def test_an_operation_of_another_version_can_be_followed_but_not_sent() -> None:
    stand_in = operations.operation_of(
        Action(operation="mailbox.levitate", kind="domain", result_kind="mailbox")
    )
    assert (stand_in.kind, stand_in.makes, stand_in.look_up) == ("domain", "mailbox", None)
    with pytest.raises(NotImplementedError):
        stand_in.send(None, Ask("g", {}, {}))  # type: ignore[arg-type]
