"""The operations table against the sandbox: what it offers is not refused, and what it does not offer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning import connections
from provisioning.operations import Ask, Operation, of_kind
from provisioning.synaq import Meaning, SynaqError
from tests.integration.engine.situations import (
    CURRENT_ONLY,
    OF_COMPANIES,
    SITUATIONS,
    Made,
    Maker,
    payload_for,
    take_in,
)
from tests.integration.sandboxed import RESELLER, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

# Behind one shown state SYNAQ may have several services, and only SYNAQ knows: there it is asked (decision 0008).
SYNAQ_DECIDES = {
    ("domain mixed", "domain.remove"),
    (
        "domain pending",
        "mailbox.create",
    ),  # "once the domain has been provisioned": not while anything is under way
    ("domain pending, two packages", "mailbox.create"),
    ("stale domain", "domain.provision"),  # the documents name Refresh for it
}


def is_allowed(maker: Maker, operation: Operation, target: Any, payload: dict[str, Any]) -> tuple[bool, str]:
    """Whether the sandbox takes it on, and its words when it does not."""
    try:
        operation.send(maker.client, Ask(target.guid, payload, {}, maker.sandbox.dialect))
    except SynaqError as error:
        if error.meaning in (Meaning.CONFLICT, Meaning.UNSUPPORTED):
            return False, error.message
        raise AssertionError(f"{operation.name}: {error} {error.errors}") from error
    return True, ""


def differences(maker: Maker, situation: str, make: Callable[[Maker], Made], kind: str) -> list[str]:
    """Where table and sandbox differ. What was refused leaves things as they were: they serve for the next question."""
    found: list[str] = []
    made: Made | None = None
    for operation in of_kind(kind):
        if (situation, operation.name) in SYNAQ_DECIDES:
            continue
        if made is None:
            maker.tell_time(0)
            made = make(maker)
            target = take_in(maker, made)[kind]
        if operation.name == "domain.fields" and not target.fields:
            continue  # nothing asks for any: there is no form
        why_not = operation.why_not(target, maker.sandbox.dialect)
        allowed, words = is_allowed(maker, operation, target, payload_for(maker, operation, made, target))
        made = None if allowed else made
        if allowed == bool(why_not):
            found.append(
                f"{operation.name}, {target.state}: table {why_not or 'offers'}; sandbox {words or 'allows'}"
            )
    return found


def check(sandbox: Sandbox, situations: dict[str, Callable[[Maker], Made]], kinds: tuple[str, ...]) -> None:
    sandbox.tell("reset", seed="empty")
    root = sandbox.root()
    maker = Maker(sandbox, root, connections.client_for(root.connection))
    found = {
        f"{situation} ({kind})": lines
        for situation, make in situations.items()
        for kind in kinds
        if _has(situation, kind) and (lines := differences(maker, situation, make, kind))
    }
    sandbox.tell("speed", seconds="default")
    assert not found, "\n".join(
        f"{situation}: {line}" for situation, lines in found.items() for line in lines
    )


def _has(situation: str, kind: str) -> bool:
    if kind == "mailbox":
        return situation.startswith("mailbox")
    if kind == "ou":
        return situation in OF_COMPANIES
    if kind == "package":
        return situation.startswith(("domain", "package")) and situation != "domain alone"
    return "domain" in situation.split()[:2] and not situation.startswith("mailbox")


KINDS = ("mailbox", "domain", "package", "ou")


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_table_offers_is_what_the_legacy_sandbox_allows(legacy_sandbox: Sandbox, kind: str) -> None:
    check(legacy_sandbox, SITUATIONS, (kind,))


# A mailbox has the same rules in both.
@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_the_table_offers_is_what_the_current_sandbox_allows(
    current_sandbox: Sandbox, kind: str
) -> None:
    check(current_sandbox, {**SITUATIONS, **CURRENT_ONLY}, (kind,))


def test_a_reseller_is_offered_no_more_and_no_less(legacy_sandbox: Sandbox) -> None:
    legacy_sandbox.tell("reset", seed="empty")
    root = legacy_sandbox.root()
    maker = Maker(legacy_sandbox, root, connections.client_for(root.connection))
    for operation in of_kind("ou"):
        payload = payload_for(maker, operation, {"ou": RESELLER}, root)
        allowed, words = is_allowed(maker, operation, root, payload)
        assert allowed != bool(operation.why_not(root, "legacy")), (operation.name, words)
