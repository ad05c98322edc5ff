"""What the control page can show and do, apart from HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from sandbox import plans, tampering
from sandbox.refusals import conflict, invalid, missing
from sandbox.seed import fill
from sandbox.settings import BadSettingError, read_seconds
from sandbox.shapes import SHAPES
from sandbox.states import check_idle
from sandbox.things import Mailbox
from sandbox.wires import LONGEST_SHUT
from sandbox.world import World

Look = Callable[[World], Any]
Turn = Callable[[World, dict[str, Any]], Any]


# -- looking ---------------------------------------------------------------------------------------


def books(world: World) -> dict[str, Any]:
    """How often each change was accepted and applied, per object and in total; requests counted."""
    counters = {
        name: setting.value for name, setting in world.values.items() if isinstance(setting.value, int)
    }
    totals: dict[str, int] = {}
    for book in world.books.values():
        for change, times in book.applied.items():
            totals[f"{book.about}.{change}"] = totals.get(f"{book.about}.{change}", 0) + times
    return {
        "objects": {
            book.guid: {
                "kind": book.about,
                "name": book.name,
                "accepted": book.accepted,
                "applied": book.applied,
            }
            for book in world.books.values()
        },
        "applied": totals,
        "requests": {
            "by_call": _under(counters, "call:"),
            "by_status": _under(counters, "status:"),
            "total": sum(_under(counters, "status:").values()),
        },
        "faults": _under(counters, "fault:"),
        "salts_reused": counters.get("salts_reused", 0),
        "signatures_refused": counters.get("signatures_refused", 0),
        "salts_malformed": counters.get("salts_malformed", 0),
        "salts_out_of_time": counters.get("salts_out_of_time", 0),
        "unsigned": counters.get("unsigned", 0),
    }


def _under(counters: dict[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix)}


def inventory(world: World) -> dict[str, Any]:
    """The GUIDs of everything in the caller's scope, and of what lies outside it."""
    ous = [ou for ou in world.ous.values() if world.in_scope(ou.guid)]
    own = {ou.guid for ou in ous}
    domains = [domain for domain in world.domains.values() if domain.ou in own]
    boxes = [box for domain in domains for box in world.mailboxes_of[domain.guid].values()]
    return {
        "reseller": world.settings.reseller_guid,
        "ous": [{"guid": o.guid, "parent": o.parent, "kind": o.type, "title": o.title} for o in ous],
        "packages": [{"guid": p.guid, "ou": p.ou} for p in world.packages.values() if p.ou in own],
        "links": [{"package": package, "domain": d.guid} for d in domains for package in d.services],
        "domains": [{"guid": d.guid, "ou": d.ou, "name": d.name} for d in domains],
        "mailboxes": [{"guid": b.guid, "domain": b.domain, "email": world.address(b)} for b in boxes],
        "foreign": [{"guid": o.guid, "kind": "ou"} for o in world.ous.values() if o.guid not in own]
        + [{"guid": d.guid, "kind": "domain"} for d in world.domains.values() if d.ou not in own],
    }


def remote_actions(world: World) -> list[dict[str, Any]]:
    """Every action that was ever queued, with its times in epoch seconds."""
    return [
        {
            "id": action.id,
            "kind": action.on,
            "guid": action.guid,
            "action": action.name,
            "state": "pending" if action.state == "running" else action.state,
            "errors": action.errors,
            "submitted_at": action.submitted_at,
            "finished_at": action.finished_at,
        }
        for action in world.actions.values()
    ]


def requests(world: World) -> list[dict[str, Any]]:
    """The latest requests, oldest first: when each came in epoch seconds, and its status (0: it got no answer)."""
    return [
        {"at": at, "method": method, "call": call, "status": status}
        for at, method, call, status in world.calls
    ]


# -- turning ---------------------------------------------------------------------------------------


def lock(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Lock a mailbox, named by GUID or address: it is suspended with a reason."""
    mailbox = _mailbox(world, str(given.get("mailbox", "")))
    check_idle(world, [mailbox.guid], "mailbox")
    if mailbox.state not in ("active", "suspended"):
        raise conflict(f"A mailbox in the state {mailbox.state} can not be locked.")
    mailbox.state, mailbox.account_locked, mailbox.locked_at = "suspended", True, world.clock()
    mailbox.lock = {
        "type": str(given.get("type") or "full"),
        "code": str(given.get("code") or "SPAM01"),
        "reason": str(given.get("reason") or "Unusual amounts of mail were sent from this mailbox."),
    }
    mailbox.relock_at = None
    world.save(mailbox)
    return {"guid": mailbox.guid}


def _mailbox(world: World, named: str) -> Mailbox:
    found = world.mailboxes.get(world.addresses.get(named.lower(), named))
    if found is None:
        raise missing("Mailbox")
    return found


def fail_next(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The next action that fits ends in `error` with these words."""
    wish: dict[str, Any] = {name: given[name] for name in ("action", "kind", "errors") if name in given}
    return _plan(world, {**wish, "fault": "error", "times": 1})


def refuse_next(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The next request that fits is answered with this status and body, and not applied."""
    names = ("status", "body", "headers", "method", "path", "times")
    wish = {name: given[name] for name in names if name in given}
    return _plan(world, {"times": 1, **wish, "fault": "status", "when": "before"})


def _plan(world: World, wish: dict[str, Any]) -> dict[str, Any]:
    plan = plans.read(world, wish)
    world.save(plan)
    return {"plan": plan.guid, "match": plan.match}


def faults(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A schedule: `faults` take the place of all that were planned, and `seed` sets the dice anew. Without `faults`: one
    more, that is given itself."""
    if "faults" not in given:
        return _plan(world, given)
    wishes = given["faults"]
    if not isinstance(wishes, list) or not all(isinstance(wish, dict) for wish in wishes):
        raise invalid("faults: This value should be a list of objects.")
    read = [plans.read(world, wish) for wish in wishes]
    for plan in list(world.plans.values()):
        world.remove(plan)
    for plan in read:
        world.save(plan)
    if given.get("seed") is not None:
        world.dice.seed(str(given["seed"]))
    return {"plans": [plan.guid for plan in read]}


def shut(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """The port refuses connections for `seconds`, beginning in `after` seconds; those that are open are reset."""
    after, seconds = plans.number(given, "after", 0.0), plans.number(given, "seconds", 5.0)
    if seconds > LONGEST_SHUT:
        raise invalid(f"seconds: This value should be {LONGEST_SHUT:.0f} or less.")
    if not world.wires.shut(after, seconds):
        raise conflict("There is no port to be shut.")
    return {"after": after, "seconds": seconds}


def speed(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """How long the actions that are queued from now on take: '2', '0.5-3', or 'default' as at the start."""
    if given.get("seconds") == "default":
        world.set_value("seconds", list(world.settings.seconds))
        return {"seconds": list(world.settings.seconds)}
    try:
        least, most = read_seconds(str(given.get("seconds", "")))
    except BadSettingError as error:
        raise invalid(f"seconds: {error}") from None
    world.set_value("seconds", [least, most])
    return {"seconds": [least, most]}


def finish(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Let every action that is open, or those of one object, end now."""
    wanted = given.get("guid")
    running = [action for action in world.busy.values() if wanted in (None, "", action.guid)]
    for action in running:
        action.due_at = world.clock()
        world.reschedule(action)
    return {"finished": sorted({action.id for action in running})}


def relock(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """After how many seconds a mailbox unlocked without a new password is locked again; 0 is never."""
    try:
        seconds = max(0.0, float(given.get("seconds") or 0))
    except (TypeError, ValueError):
        raise invalid("seconds: This value should be a number.") from None
    world.set_value("relock-seconds", seconds)
    return {"seconds": seconds}


def stale(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Make a domain, named by GUID or name, stale."""
    named = str(given.get("domain", "")).lower()
    domain = world.domains.get(world.domain_names.get(named, named))
    if domain is None:
        raise missing("Domain")
    domain.stale = True
    world.save(domain)
    return {"guid": domain.guid}


def catalogue_shape(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """In which shape OPTIONS shows the catalogue."""
    shape = given.get("shape")
    if shape not in SHAPES:
        raise invalid(f"shape: This is one of {', '.join(SHAPES)}.")
    world.set_value("catalogue-shape", shape)
    return {"shape": shape}


def usage(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """For how many seconds after its action a usage report is compiled, and what every report then says; without
    `report`, what is in use."""
    try:
        lag = max(0.0, float(given.get("lag") or 0))
    except (TypeError, ValueError):
        raise invalid("lag: This value should be a number.") from None
    report = given.get("report")
    if report is not None and not isinstance(report, dict):
        raise invalid("report: This value should be an object.")
    world.set_value("usage-lag", lag)
    world.set_value("usage-report", report)
    return {"lag": lag, "report": report}


def reset(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Empty the sandbox and fill it again: demo or empty."""
    seed = given.get("seed") or world.settings.seed
    if seed not in ("demo", "empty"):
        raise invalid("seed: This is demo or empty.")
    world.reset()
    fill(world, seed)
    return {"seed": seed}


def from_form(text: str) -> dict[str, Any]:
    """What a form of the page sends: one error per line, blank fields left out."""
    given: dict[str, Any] = {name: value for name, value in parse_qsl(text) if value.strip()}
    if "errors" in given:
        given["errors"] = [line.strip() for line in given["errors"].splitlines() if line.strip()]
    return given


LOOKS: dict[str, Look] = {
    "books": books,
    "inventory": inventory,
    "actions": remote_actions,
    "truth": tampering.truth,
    "requests": requests,
    "faults": plans.shown,
}
TURNS: dict[str, Turn] = {
    "lock": lock,
    "fail-next": fail_next,
    "refuse-next": refuse_next,
    "faults": faults,
    "shut": shut,
    "alter": tampering.alter,
    "vanish": tampering.vanish,
    "speed": speed,
    "finish": finish,
    "relock": relock,
    "stale": stale,
    "catalogue-shape": catalogue_shape,
    "usage": usage,
    "reset": reset,
}
