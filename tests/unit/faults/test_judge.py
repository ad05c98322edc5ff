"""The judge of the faults' tests finds what it is there to find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning import doubts
from tests.faults.judge import NOT_KNOWN, Evidence, Verdict, judge

BOX, MADE = "box-guid", "made-guid"


def row(number: int, operation: str, state: str = "finished", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "operation": operation,
        "state": state,
        "kind": "mailbox",
        "guid": BOX,
        "title": "box@acme.example",
        "lock_key": f"mailbox:{BOX}",
        "payload": {},
        "result_kind": "",
        "result_guid": "",
        "words": "",
        **more,
    }


def creation(number: int, state: str = "finished", guid: str = MADE) -> dict[str, Any]:
    return row(
        number, "mailbox.create", state, kind="domain", guid="domain-guid", title="new@acme.example",
        result_kind="mailbox", result_guid=guid if state == "finished" else "",
    )  # fmt: skip


def book(name: str, **changes: int) -> dict[str, Any]:
    return {"kind": "mailbox", "name": name, "accepted": dict(changes), "applied": dict(changes)}


def shown(guid: str, name: str, state: str = "active") -> dict[str, Any]:
    return {"guid": guid, "name": name, "state": state, "display_name": "", "gone": False}


def there(guid: str, name: str, state: str = "active") -> dict[str, Any]:
    return {"guid": guid, "email": name, "state": state, "display_name": None}


@pytest.fixture
def true() -> Evidence:
    """A suspension and a creation, both done once, both shown."""
    return Evidence(
        asked=[1, 2],
        ledger=[row(1, "mailbox.suspend"), creation(2)],
        mirror={
            "ou": [],
            "package": [],
            "domain": [],
            "mailbox": [shown(BOX, "box@acme.example", "suspended"), shown(MADE, "new@acme.example")],
        },
        books={
            "objects": {BOX: book("box@acme.example", Suspend=1), MADE: book("new@acme.example", Create=1)},
            "salts_reused": 0,
        },
        truth={
            "mailbox": {
                BOX: there(BOX, "box@acme.example", "suspended"),
                MADE: there(MADE, "new@acme.example"),
            }
        },
    )


def found(verdict: Verdict) -> tuple[int, int, int]:
    return len(verdict.lost), len(verdict.doubled), len(verdict.disagreeing)


def test_what_is_true_is_found_to_be_true(true: Evidence) -> None:
    assert judge(true).line == "asked 2, applied 2, lost 0, doubled 0, unconfirmed 0, disagreeing 0"


def with_books(true: Evidence, **objects: Any) -> Evidence:
    return replace(true, books={**true.books, "objects": {**true.books["objects"], **objects}})


def test_a_wish_without_a_row_is_lost(true: Evidence) -> None:
    assert found(judge(replace(true, asked=[1, 2, 3]))) == (1, 0, 0)


def test_a_row_that_never_ends_is_lost(true: Evidence) -> None:
    stuck = [*true.ledger, row(3, "mailbox.close", "waiting")]
    assert found(judge(replace(true, asked=[1, 2, 3], ledger=stuck))) == (1, 0, 0)


def test_what_is_called_done_and_was_not_is_lost(true: Evidence) -> None:
    verdict = judge(with_books(true, **{BOX: book("box@acme.example")}))
    assert found(verdict) == (1, 0, 0)
    assert verdict.applied == 1


def test_a_change_that_was_made_twice_is_doubled(true: Evidence) -> None:
    assert found(judge(with_books(true, **{BOX: book("box@acme.example", Suspend=2)}))) == (0, 1, 0)


def test_a_thing_that_was_made_twice_is_doubled(true: Evidence) -> None:
    twin = {"twin": book("new@acme.example", Create=1)}
    assert judge(with_books(true, **twin)).doubled


def test_a_change_that_is_called_failed_and_was_made_disagrees(true: Evidence) -> None:
    failed = [row(1, "mailbox.suspend", "failed"), creation(2)]
    assert found(judge(replace(true, ledger=failed))) == (0, 0, 1)


def test_what_is_not_known_may_have_happened_or_not(true: Evidence) -> None:
    unsure = replace(true, ledger=[row(1, "mailbox.suspend", "unconfirmed"), creation(2)])
    assert judge(unsure).unconfirmed == 1
    assert found(judge(unsure)) == (0, 0, 0)
    assert found(judge(with_books(unsure, **{BOX: book("box@acme.example")}))) == (0, 0, 0)


def test_a_thing_that_exists_though_its_creation_is_called_failed_disagrees(true: Evidence) -> None:
    failed = replace(true, ledger=[row(1, "mailbox.suspend"), creation(2, "failed")])
    assert found(judge(failed)) == (0, 0, 1)


def test_a_mirror_that_shows_another_state_disagrees(true: Evidence) -> None:
    mirror = {**true.mirror, "mailbox": [shown(BOX, "box@acme.example"), shown(MADE, "new@acme.example")]}
    assert found(judge(replace(true, mirror=mirror))) == (0, 0, 1)


def test_a_mirror_that_does_not_show_a_thing_disagrees(true: Evidence) -> None:
    mirror = {**true.mirror, "mailbox": true.mirror["mailbox"][:1]}
    assert found(judge(replace(true, mirror=mirror))) == (0, 0, 1)


def test_a_salt_that_was_used_twice_is_found(true: Evidence) -> None:
    assert judge(replace(true, books={**true.books, "salts_reused": 1})).doubled


def test_what_waits_behind_an_unconfirmed_one_is_not_lost(true: Evidence) -> None:
    rows = [
        row(1, "mailbox.suspend", "unconfirmed"), creation(2), row(3, "mailbox.close", "queued"),
    ]  # fmt: skip
    verdict = judge(replace(true, asked=[1, 2, 3], ledger=rows))
    assert (found(verdict), verdict.behind) == ((0, 0, 0), 1)


def test_who_finds_a_thing_removed_already_has_what_they_wanted(true: Evidence) -> None:
    rows = [row(1, "mailbox.delete"), row(2, "mailbox.delete"), creation(3)]
    gone = replace(
        with_books(true, **{BOX: book("box@acme.example", Delete=1)}),
        asked=[1, 2, 3],
        ledger=rows,
        mirror={**true.mirror, "mailbox": true.mirror["mailbox"][1:]},
        truth={"mailbox": {MADE: there(MADE, "new@acme.example")}},
    )
    assert found(judge(gone)) == (0, 0, 0)


def test_a_count_that_failed_and_says_that_nobody_knows_may_have_happened_or_not(true: Evidence) -> None:
    words = f"The connection broke off. {NOT_KNOWN}"
    counted = [*true.ledger, row(3, "domain.usage", "failed", guid="d", lock_key="domain:d", words=words)]
    unsure = replace(true, asked=[1, 2, 3], ledger=counted)
    assert found(judge(unsure)) == (0, 0, 0)
    happened = {
        "d": {"kind": "domain", "name": "acme.example", "accepted": {"Usage": 1}, "applied": {"Usage": 1}}
    }
    assert found(judge(with_books(unsure, **happened))) == (0, 0, 0)
    refused = [*true.ledger, row(3, "domain.usage", "failed", guid="d", lock_key="domain:d", words="No.")]
    assert found(judge(with_books(replace(unsure, ledger=refused), **happened))) == (0, 0, 1)
    assert NOT_KNOWN in Path(doubts.__file__).read_text()
