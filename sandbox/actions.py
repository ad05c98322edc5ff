"""Asynchronous actions: submitting, looking at, and ending them when their time has come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox import plans
from sandbox.catalogue import BY_CODE
from sandbox.http import Answer, Call, accepted, ok
from sandbox.payload import Field, read
from sandbox.refusals import Refusal, invalid, missing
from sandbox.settings import CURRENT, LEGACY
from sandbox.states import check_idle
from sandbox.things import Domain, Mailbox, Package, RemoteAction
from sandbox.world import World

Ender = Callable[[World, RemoteAction], list[str]]
# what finishing does, by kind of object; each module of a noun enters its own
ENDERS: dict[str, Ender] = {}
FAILERS: dict[str, Callable[[World, RemoteAction], None]] = {}


@dataclass(frozen=True)
class OnServices:
    """From which states of a service an action leads to which."""

    source: frozenset[str]
    to: str


ON_SERVICES = {
    "Provision": OnServices(frozenset({"inactive", "error", "failed"}), "active"),
    "Close": OnServices(frozenset({"active", "suspended"}), "closed"),
    "Activate": OnServices(frozenset({"closed", "suspended"}), "active"),
    "Suspend": OnServices(frozenset({"active"}), "suspended"),
    "Cancel": OnServices(frozenset({"inactive", "error", "active", "suspended", "closed"}), "cancelled"),
}
KNOWN = {
    ("domain", LEGACY): frozenset({"Provision", "Close", "Activate", "Delete", "Usage"}),
    ("package", LEGACY): frozenset({"Provision", "Close", "Activate"}),
    ("mailbox", LEGACY): frozenset({"Provision", "Suspend", "Close", "Activate", "Unlock"}),
    ("domain", CURRENT): frozenset(
        {
            "Provision",
            "Close",
            "Activate",
            "Delete",
            "Usage",
            "Suspend",
            "Refresh",
            "Update",
            "Purge",
            "AppUsage",
        }
    ),
    ("package", CURRENT): frozenset({"Provision", "Close", "Activate", "Suspend", "Cancel"}),
    ("mailbox", CURRENT): frozenset({"Provision", "Suspend", "Close", "Activate", "Unlock", "Purge", "Sync"}),
}
# documented for the current generation and not built here: said so rather than refused as unknown
NOT_BUILT = frozenset({"Prune", "Move", "Token", "Import", "AddContacts", "ForceMove"})

PLURAL = {"domain": "domains", "package": "packages", "mailbox": "mailboxes"}
FIRST_ID = 1000
NEW_SHARE = 0.15  # of its time an action is `new`, then `pending`
ARCHIVE_FACTOR = 3  # the one product whose actions may take longer than the others
SOUTH_AFRICA = timezone(timedelta(hours=2))


def eligible(name: str, services: list[tuple[Domain, str]]) -> list[list[str]]:
    """Which of these services (domain, package) an action would change."""
    rule = ON_SERVICES.get(name)
    return [[domain.guid, guid] for domain, guid in services if rule and domain.services[guid] in rule.source]


def requested(world: World, call: Call, kind: str) -> str:
    """The action that a call asks for; 400 for one that this kind of object does not have."""
    name = read(call.body, "action", [Field("action", required=True)])["action"]
    if name not in KNOWN[kind, world.settings.dialect]:
        if name in NOT_BUILT and world.settings.dialect == CURRENT:
            raise Refusal(501, f"This sandbox does not know how to do {name}.")
        raise invalid("action: The value you selected is not a valid choice.")
    return str(name)


def submit(
    world: World,
    thing: Domain | Package | Mailbox,
    name: str,
    *,
    touches: list[str] | None = None,
    targets: list[list[str]] | None = None,
    change: dict[str, Any] | None = None,
    booked_as: str = "",
) -> RemoteAction:
    """Queue an action; 409 while any object that it touches has one open. In the books it is `booked_as`, else its name."""
    touches = touches or [thing.guid]
    check_idle(world, touches, thing.kind)
    now = world.clock()
    action = RemoteAction(
        id=FIRST_ID + world.count("actions"),
        on=thing.kind,
        guid=thing.guid,
        name=name,
        submitted_at=now,
        due_at=now + _duration(world, thing.kind, name, targets or []),
        touches=touches,
        targets=targets or [],
        change=change or {},
        planned_errors=planned_errors(world, thing.kind, name),
    )
    world.save(action)
    world.accepted(thing, booked_as or name)
    return action


def _duration(world: World, kind: str, name: str, targets: list[list[str]]) -> float:
    if stuck := plans.for_action(world, "stuck", kind, name):
        return float(stuck.outcome["seconds"])
    slow = name == "Provision" and any(_is_archive(world, package) for _, package in targets)
    return world.dice.uniform(*seconds(world)) * (ARCHIVE_FACTOR if slow else 1)


def _is_archive(world: World, package: str) -> bool:
    return BY_CODE[world.packages[package].code].family == "archive"


def seconds(world: World) -> tuple[float, float]:
    """How long actions take at present: (least, most)."""
    least, most = world.value("seconds", world.settings.seconds)
    return least, most


def planned_errors(world: World, kind: str, name: str) -> list[str] | None:
    """The words with which this action is to fail, if it is."""
    plan = plans.for_action(world, "error", kind, name)
    return list(plan.outcome["errors"]) if plan else None


def location(action: RemoteAction) -> str:
    """The bare path of an action."""
    return f"/api/v1/{PLURAL[action.on]}/{action.guid}/actions/{action.id}"


def queued(world: World, action: RemoteAction, *, header: str | None = None) -> Answer:
    """202 with the location; an action that takes no time has ended before the answer arrives."""
    settle(world)
    capital = action.on == "mailbox" or action.name == "Usage"
    return accepted(location(action), header=header or ("Location" if capital else "location"))


def show(kind: str) -> Callable[[World, Call], Answer]:
    """The rule for GET of an action of this kind of object."""

    def rule(world: World, call: Call) -> Answer:
        getattr(world, kind)(call.path["guid"])
        action = world.actions.get(call.path["id"])
        if action is None or action.gone or (action.on, action.guid) != (kind, call.path["guid"]):
            raise missing("Action")
        return ok(body(world, action))

    return rule


def body(world: World, action: RemoteAction) -> dict[str, Any]:
    """What a poll shows: whole when new or ended; while pending, every other action holds only its state."""
    state = action.state
    if state == "running":
        share = (world.clock() - action.submitted_at) / max(action.due_at - action.submitted_at, 1e-9)
        state = "new" if share < NEW_SHARE else "pending"
    if state == "pending" and action.id % 2:
        return {"state": state}
    return {
        "id": action.id,
        "action": action.name.lower(),
        "state": state,
        "errors": action.errors,
        "exclusions": [],
    }


def settle(world: World) -> None:
    """End every action whose time has come, each as at its own due time, in order."""
    for what, key, when in world.due():
        if what == "action":
            action = world.actions.get(key)
            # a place in the queue that no longer fits the action was left behind by a new due time
            if action and action.state == "running" and action.due_at == when:
                finish(world, action)
        else:
            relock(world, key, when)


def finish(world: World, action: RemoteAction) -> None:
    """End one action: as planned by the control page, else as its object's rules say."""
    world.free(action)
    errors = action.planned_errors or []
    if errors:
        FAILERS[action.on](world, action)
    else:
        errors = ENDERS[action.on](world, action)
    action.errors = errors
    action.state = "error" if errors else "finished"
    action.finished_at = action.due_at
    world.save(action)


def relock(world: World, guid: str, when: float) -> None:
    """Lock a mailbox again that was unlocked without a new password."""
    mailbox = world.mailboxes.get(guid)
    if mailbox is None or mailbox.relock_at != when:
        return
    mailbox.relock_at = None
    if mailbox.password_at <= (mailbox.locked_at or 0) and mailbox.state == "active":
        mailbox.state = "suspended"
        mailbox.account_locked = True
        mailbox.locked_at = when
    world.save(mailbox)


def stamp(at: float) -> str:
    """A time as the guide's usage report writes it."""
    return datetime.fromtimestamp(at, SOUTH_AFRICA).strftime("%Y-%m-%d %H:%M:%S%z")
