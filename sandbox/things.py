"""What the sandbox keeps: plain records that go to JSON and back. No rules here."""

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass
class Thing:
    """Something with a key that is stored whole."""

    kind: ClassVar[str] = "thing"

    @property
    def key(self) -> str:
        """Under which the store keeps it."""
        return str(self.__dict__["guid"])


@dataclass
class Ou(Thing):
    """An organisational unit; `type` is reseller, subreseller or company."""

    kind: ClassVar[str] = "ou"
    guid: str
    parent: str | None
    type: str
    title: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Package(Thing):
    """One product bought by one OU. Its state is computed from its domains."""

    kind: ClassVar[str] = "package"
    guid: str
    ou: str
    code: str
    editions: list[str]
    cancelled: bool = False
    flags: dict[str, bool] = field(default_factory=dict)


@dataclass
class Domain(Thing):
    """A domain; `services` maps each linked package to the state of its service on this domain."""

    kind: ClassVar[str] = "domain"
    guid: str
    ou: str
    name: str
    services: dict[str, str] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)
    stale: bool = False
    deleted: bool = False
    usage: dict[str, Any] | None = None


@dataclass
class Mailbox(Thing):
    """A mailbox; `editions` maps package to edition code. No password is kept, only when it was set."""

    kind: ClassVar[str] = "mailbox"
    guid: str
    domain: str
    email_local: str
    editions: dict[str, str]
    profile: dict[str, Any] = field(default_factory=dict)
    state: str = "inactive"
    password_at: float = 0.0
    account_locked: bool = False
    lock: dict[str, str] = field(default_factory=dict)
    locked_at: float | None = None
    relock_at: float | None = None


@dataclass
class RemoteAction(Thing):
    """An asynchronous action: `touches` names every object that is busy while it runs."""

    kind: ClassVar[str] = "action"
    id: int
    on: str
    guid: str
    name: str
    submitted_at: float
    due_at: float
    touches: list[str]
    targets: list[list[str]] = field(default_factory=list)
    change: dict[str, Any] = field(default_factory=dict)
    state: str = "running"
    errors: list[str] = field(default_factory=list)
    planned_errors: list[str] | None = None
    finished_at: float | None = None
    gone: bool = False

    @property
    def key(self) -> str:
        """Actions are numbered, not named by a GUID."""
        return str(self.id)


@dataclass
class Book(Thing):
    """How often each change of one object was accepted, and how often it took effect. Outlives the object."""

    kind: ClassVar[str] = "book"
    guid: str
    about: str
    name: str
    accepted: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)


@dataclass
class Plan(Thing):
    """Something that was asked to go wrong: which (`match`), from when to when, how often (`left`), how likely."""

    kind: ClassVar[str] = "plan"
    guid: str
    what: str
    match: dict[str, str]
    outcome: dict[str, Any]
    chance: float = 1.0
    begins: float = 0.0
    ends: float | None = None
    left: int | None = 1


@dataclass
class Setting(Thing):
    """A value of the sandbox itself: counters, knobs of the control page."""

    kind: ClassVar[str] = "setting"
    guid: str
    value: Any


KINDS: dict[str, type[Thing]] = {
    thing.kind: thing for thing in (Ou, Package, Domain, Mailbox, RemoteAction, Book, Plan, Setting)
}
