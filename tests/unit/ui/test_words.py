"""States in words: ours for those we know, SYNAQ's own for the rest."""

from __future__ import annotations

import pytest

from portal import words

OBJECT_STATES = [
    "active",
    "inactive",
    "pending",
    "stale",
    "error",
    "failed",
    "orphaned",
    "suspended",
    "closed",
    "deleted",
    "cancelled",
]
ACTION_STATES = ["queued", "sending", "waiting", "finished", "failed", "cancelled", "unconfirmed"]
TONES = {"good", "busy", "idle", "warn", "bad", "plain"}


@pytest.mark.parametrize("state", OBJECT_STATES)
def test_each_documented_state_of_an_object_has_a_word_and_a_meaning(state: str) -> None:
    word = words.object_word(state)
    assert word.label.lower() == state
    assert word.meaning.endswith(".")
    assert word.tone in TONES


@pytest.mark.parametrize("state", ACTION_STATES)
def test_each_state_of_the_ledger_has_a_word_and_a_meaning(state: str) -> None:
    word = words.action_word(state)
    assert word.label
    assert word.meaning.endswith(".")
    assert word.tone in TONES


def test_only_states_that_change_by_themselves_are_open() -> None:
    assert {state for state in ACTION_STATES if words.action_word(state).open} == {
        "queued",
        "sending",
        "waiting",
    }
    assert {state for state in OBJECT_STATES if words.object_word(state).open} == {"pending"}


def test_the_letter_case_of_a_state_does_not_matter() -> None:
    assert words.object_word(" ACTIVE ").label == "Active"
    assert words.action_word("Finished").label == "Finished"


def test_a_state_that_nobody_told_us_of_is_shown_as_synaq_wrote_it() -> None:
    word = words.object_word("Half_Frozen")
    assert word.label == "Half_Frozen"
    assert "Half_Frozen" in word.meaning
    assert word.tone == "plain"


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_no_state_at_all_is_unknown(nothing: object) -> None:
    assert words.object_word(nothing).label == "Unknown"


def test_suspended_means_for_a_mailbox_that_mail_still_arrives() -> None:
    assert "Mail still arrives" in words.object_word("suspended", "mailbox").meaning
    assert words.object_word("suspended", "package") == words.object_word("suspended")


def test_a_locked_one_is_not_said_to_come_back_by_activate() -> None:
    assert "Activate" in words.object_word("suspended", "mailbox").meaning
    assert words.object_word("suspended", "mailbox", locked=True).meaning == words.LOCKED.meaning


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [(1, "mailbox", "1 mailbox"), (1200, "mailbox", "1,200 mailboxes"), (0, "company", "0 companies"),
     (2, "domain", "2 domains")],
)  # fmt: skip
def test_things_are_counted_in_words(number: int, noun: str, said: str) -> None:
    assert words.counted(number, noun) == said
