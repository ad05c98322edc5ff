"""Three ways of taking a mailbox out of service, side by side: data for the pages that ask before each."""

from __future__ import annotations

from dataclasses import dataclass

_NOT_SAID = "Not documented: the domain’s usage report tells."


@dataclass(frozen=True)
class Way:
    """One way, with its answers to `QUESTIONS` in their order."""

    operation: str
    label: str
    answers: tuple[str, ...]


QUESTIONS = (
    "Can its owner sign in?",
    "Does mail arrive?",
    "Is what it holds kept?",
    "Is it billed?",
    "Can it be undone?",
)
WAYS = (
    Way(
        "mailbox.suspend",
        "Suspend",
        ("No", "Yes", "Yes", _NOT_SAID, "Yes, with Activate"),
    ),
    Way(
        "mailbox.close",
        "Close",
        (
            "No",
            "No, it bounces",
            "Yes",
            _NOT_SAID,
            "Yes, with Activate",
        ),
    ),
    Way(
        "mailbox.delete",
        "Delete",
        (
            "No",
            "No: the address is gone",
            "No: all its data is removed",
            "No longer",
            "No, never",
        ),
    ),
)
NAMES = frozenset(way.operation for way in WAYS)


def rows() -> list[tuple[str, list[tuple[Way, str]]]]:
    """For mailboxes/_ways.html: each question with the answer of each way."""
    return [(question, [(way, way.answers[n]) for way in WAYS]) for n, question in enumerate(QUESTIONS)]
