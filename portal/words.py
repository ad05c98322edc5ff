"""What states are called on the screen, and what they mean in plain words.

The one place for it. A state that is not listed is shown as SYNAQ wrote it:
a new one must never break a page.
"""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Word:
    """How one state is shown.

    `tone` is one of good, busy, idle, warn, bad, plain; `icon` names a vendored icon, or is empty for a dot;
    `open` says that the state is expected to change by itself, and may therefore be shown moving.
    """

    label: str
    meaning: str
    tone: str
    icon: str = ""
    open: bool = False


OBJECT_STATES: Final[dict[str, Word]] = {
    "active": Word("Active", "In service.", "good"),
    "inactive": Word("Inactive", "Recorded at SYNAQ, not provisioned: no service runs yet.", "idle"),
    "pending": Word("Pending", "SYNAQ is working on it.", "busy", open=True),
    "stale": Word(
        "Stale", "Something was changed since it was last provisioned, and is not in effect yet.", "warn"
    ),
    "error": Word("Error", "SYNAQ reports an error on one of its services.", "bad"),
    "failed": Word(
        "Failed", "SYNAQ could not complete the last change. Mend the cause, then submit again.", "bad"
    ),
    "orphaned": Word("Orphaned", "SYNAQ reports it as orphaned. Their support has to look at it.", "bad"),
    "suspended": Word("Suspended", "Service is held back. It can be activated again.", "warn"),
    "closed": Word("Closed", "Out of service, contents kept. It can be activated again.", "idle"),
    "deleted": Word("Deleted", "Removed from service. Only SYNAQ's record of it is left.", "idle"),
    "cancelled": Word("Cancelled", "Ended at SYNAQ.", "idle"),
}

# What a state means for one kind of object, where that says more than the general sentence.
NOUN_MEANINGS: Final[dict[tuple[str, str], str]] = {
    ("mailbox", "active"): "Its owner can sign in, and mail is delivered.",
    ("mailbox", "inactive"): "Not provisioned yet: nobody can sign in, and no mail is delivered.",
    ("mailbox", "suspended"): "Mail still arrives, but its owner cannot sign in. Activate brings it back.",
    ("mailbox", "closed"): "Nobody can sign in, and mail to it bounces. Its contents are kept.",
    ("domain", "inactive"): "Not provisioned yet. It needs a package and its service fields, then Provision.",
    (
        "domain",
        "stale",
    ): "Something was changed since it was last provisioned. It takes effect once it is applied.",
    ("domain", "deleted"): "Its services are gone. What is left is SYNAQ's record, which can be deleted too.",
    (
        "package",
        "stale",
    ): "Something was changed on one of its domains. It takes effect once it is applied there.",
    ("package", "inactive"): "Bought, not provisioned yet: none of its services run.",
}

_MANY: Final = {
    "company": "companies",
    "mailbox": "mailboxes",
    "batch": "batches",
    "entry": "entries",
    "person": "people",
}

LOCKED: Final = Word(
    "Locked",
    "SYNAQ locked it against abuse. Only Unlock, with a new password, brings it back.",
    "bad",
    "lock",
)

LOCKED_AGAIN: Final = replace(
    LOCKED,
    label="Locked again",
    meaning="SYNAQ locked it again after an Unlock: somebody still knows a password. Unlock it with a new one.",
)

ACTION_STATES: Final[dict[str, Word]] = {
    "queued": Word("Queued", "Waiting for its turn to be sent.", "plain", "clock", open=True),
    "sending": Word("Sending", "Being handed to SYNAQ now.", "busy", "send", open=True),
    "waiting": Word("In progress", "SYNAQ accepted it and is working on it.", "busy", "hourglass", open=True),
    "finished": Word("Finished", "SYNAQ says it is done.", "good", "check"),
    "failed": Word("Failed", "It was not done. SYNAQ's words say why.", "bad", "x"),
    "cancelled": Word("Cancelled", "Taken back before anything was sent.", "idle", "ban"),
    "unconfirmed": Word(
        "Unconfirmed",
        "It was sent, and the answer was lost: it may have happened. It is never sent again blindly.",
        "warn",
        "help-circle",
    ),
}

BATCH_STATES: Final[dict[str, Word]] = {
    "running": Word("Running", "Its steps are being done, rank by rank.", "busy", "hourglass", open=True),
    "stopped": Word(
        "Stopped",
        "A step failed, and nothing after it was begun. It can be resumed or abandoned.",
        "bad",
        "x",
    ),
    "partly": Word("Partly done", "All of it was tried, and some of it failed.", "warn", "alert-triangle"),
    "finished": Word("Finished", "All of it is done.", "good", "check"),
    "abandoned": Word("Abandoned", "What was not done yet is left undone.", "idle", "ban"),
}


def object_word(state: object, noun: str = "", *, locked: bool = False) -> Word:
    """The word for an object's state, in any letter case; `noun` (mailbox, …) sharpens the meaning. What a lock does to
    it (`locked`) goes before what the state alone would mean."""
    key = _key(state)
    word = OBJECT_STATES.get(key)
    if word is None:
        return unknown(state)
    meaning = LOCKED.meaning if locked else NOUN_MEANINGS.get((noun, key))
    return word if meaning is None else Word(word.label, meaning, word.tone, word.icon, word.open)


def action_word(state: object) -> Word:
    """The word for an action's state in the ledger."""
    return ACTION_STATES.get(_key(state)) or unknown(state)


def batch_word(state: object) -> Word:
    """The word for a batch's state."""
    return BATCH_STATES.get(_key(state)) or unknown(state)


def noun(kind: str) -> str:
    """What a thing of that kind is called in a sentence."""
    return "company" if kind == "ou" else kind


def counted(number: int, noun: str) -> str:
    """`1 mailbox`, `1,200 mailboxes`."""
    return f"{number:,} {noun if number == 1 else _MANY.get(noun, f'{noun}s')}"


def unknown(state: object) -> Word:
    """A state that nobody told us of, shown verbatim; nothing at all is called unknown."""
    text = str(state or "").strip()
    if not text:
        return Word("Unknown", "SYNAQ has not said.", "plain")
    return Word(text, f"SYNAQ calls it “{text}”. The portal has no plain meaning for that.", "plain")


def _key(state: object) -> str:
    return str(state or "").strip().lower()
