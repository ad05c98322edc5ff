"""What a row of the table is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from provisioning.models import Action, DomainLink
from provisioning.synaq import Answer, Client

# States that the contract names. In one that it does not name, SYNAQ decides what is allowed.
KNOWN_STATES = frozenset(
    [
        "orphaned",
        "stale",
        "error",
        "failed",
        "pending",
        "inactive",
        "active",
        "suspended",
        "closed",
        "deleted",
        "cancelled",
    ]
)
NOT_YET_PROVISIONED = frozenset({"inactive", "error", "failed"})
# In service, or held back from it: what the guide calls provisioned.
PROVISIONED = frozenset({"active", "suspended", "closed", "stale"})
BOTH = frozenset({"legacy", "current"})
LEGACY = frozenset({"legacy"})
CURRENT = frozenset({"current"})


def _in_words(state: str) -> str:
    """A state as it stands in a sentence."""
    return "in error" if state == "error" else state


@dataclass(frozen=True)
class Ask:
    """A ledger row as an operation's functions see it, secrets included. Never logged.

    `others`: GUIDs of what may bear the name that was asked for, and is something else.
    """

    guid: str
    payload: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    dialect: str = "legacy"
    ou_guid: str = ""
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """What a look-up told of a request whose answer was lost: it happened (`done`), or is happening."""

    guid: str
    done: bool


@dataclass(frozen=True)
class NotTold:
    """It cannot be told; the state in which SYNAQ shows the thing may tell a person."""

    shown: str


# SYNAQ's exact list is empty: there is no thing of that name. None says less: it cannot be told.
NOT_THERE = Found("", done=False)

Ref = tuple[str, str]  # kind, guid
LookUp = Callable[[Client, Ask], Found | NotTold | None]


@dataclass(frozen=True)
class Operation:
    """One row. `states` are those of the target in which it is allowed (None: any).

    `mixed` are states behind which another of the target's services may be in one of `states` (SYNAQ shows the first of
    its order): what is linked to the target and to nothing else tells. `removes`: the target is gone
    afterwards, so that not finding it is success. `unique`: SYNAQ takes the name of what it makes only once, so that
    sending it again cannot make a second one. `repeatable`: it changes nothing, so that one whose answer was lost, and
    of which no look-up shows a sign, has simply failed. `about` says for one target what the general `consequence` cannot.
    """

    name: str
    label: str
    kind: str
    permission: str
    consequence: str
    send: Callable[[Client, Ask], Answer]
    makes: str = ""
    makes_type: str = ""
    wire: str = ""
    states: frozenset[str] | None = None
    current_adds: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()
    dialects: frozenset[str] = BOTH
    billable: bool = False
    destructive: bool = False
    removes: bool = False
    repeatable: bool = False
    unique: bool = False
    effect: frozenset[str] = frozenset()
    look_up: LookUp | None = None
    also_reads: Callable[[Action], list[Ref]] | None = None
    unless: Callable[[Any], str] | None = None
    about: Callable[[Any], str] | None = None

    def consequence_for(self, target: Any) -> str:
        """What it does to this target, in sentences for people."""
        more = self.about(target) if self.about else ""
        return f"{self.consequence} {more}" if more else self.consequence

    def why_not(self, target: Any, dialect: str) -> str:
        """ "" when the target allows it; else the reason, in a sentence for people."""
        if dialect not in self.dialects:
            return f"{self.label} is not part of the {dialect} API."
        if target.gone_at:
            return "SYNAQ no longer knows it."
        if not self._state_allows(target, dialect):
            *first, last = sorted(map(_in_words, self.states_in(dialect) or ["in no state"]))
            allowed = f"{', '.join(first)} or {last}" if first else last
            return f"{self.label} is possible while {allowed}; it is {_in_words(target.state)} now."
        return self.unless(target) if self.unless else ""

    def _state_allows(self, target: Any, dialect: str) -> bool:
        state, states = target.state, self.states_in(dialect)
        if states is None or state not in KNOWN_STATES or state in states:
            return True
        return state in self.mixed and bool(states & states_behind(target))

    def states_in(self, dialect: str) -> frozenset[str] | None:
        """The target's states that allow it there; None when any does."""
        return self.states if self.states is None or dialect == "legacy" else self.states | self.current_adds

    def can_look_up(self, dialect: str) -> bool:
        """Whether that dialect has a call which could tell what became of a lost answer (legacy has no lists)."""
        return self.look_up is not None and not (self.makes and dialect == "legacy")

    def reads(self, action: Action) -> list[Ref]:
        """What to read after it ended, the thing itself first."""
        main = (self.makes, action.result_guid) if self.makes else (self.kind, action.guid)
        return [main, *(self.also_reads(action) if self.also_reads else [])]


def states_behind(target: Any) -> set[str]:
    """The states of a domain's single services, as far as its packages tell, or of a package's, as its domains do: one
    that is linked to nothing else shows the very service. Empty for what has one service: its own state tells."""
    if target.kind not in ("domain", "package") or target.links.count() < 2:
        return set()
    other = "package" if target.kind == "domain" else "domain"
    links = DomainLink.objects.filter(**{target.kind: target, f"{other}__gone_at": None})
    alone = links.annotate(on=Count(f"{other}__links")).filter(on=1)
    return set(alone.values_list(f"{other}__state", flat=True))
