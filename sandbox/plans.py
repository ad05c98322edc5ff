"""What was asked to go wrong: which requests or actions, in which way, from when to when, how often, how likely.

A plan is one such wish. This module reads wishes and says which plan is meant; `faults.py` carries out those for requests,
`actions.py` those for actions, `auth.py` that of the clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.refusals import Refusal, invalid
from sandbox.things import Plan
from sandbox.world import World

BEFORE, AFTER = "before", "after"
PROXY_PAGE = "<html><head><title>Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
STUCK = 3600.0  # seconds


@dataclass(frozen=True)
class Way:
    """One way to go wrong. `on` is what it happens to; `whens` are the sides of the rules on which it can (the first unless
    another is asked for): before them nothing is applied, after them it is."""

    on: str
    whens: tuple[str, ...] = ()
    seconds: float = 0.0
    status: int = 503


WAYS: dict[str, Way] = {
    "status": Way("request", (BEFORE, AFTER)),
    "html": Way("request", (BEFORE, AFTER), status=502),
    "throttle": Way("request", (BEFORE,), seconds=5.0, status=429),
    "reset": Way("request", (BEFORE, AFTER)),
    "refuse": Way("request", (BEFORE,), seconds=2.0),
    "silence": Way("request", (BEFORE, AFTER), seconds=15.0),
    "slow": Way("request", (BEFORE, AFTER), seconds=2.0),
    "garbled": Way("request", (AFTER,)),
    "cut": Way("request", (AFTER,)),
    "vanish": Way("request", (BEFORE, AFTER)),
    "alter": Way("request", (BEFORE, AFTER)),
    "skew": Way("clock", seconds=400.0),
    "error": Way("action"),
    "stuck": Way("action", seconds=STUCK),
}


def read(world: World, given: dict[str, Any]) -> Plan:
    """The plan for one wish; raises Refusal 400 for one that makes no sense."""
    what = str(given.get("fault", ""))
    way = WAYS.get(what)
    if way is None:
        raise invalid(f"fault: This is one of {', '.join(WAYS)}.")
    when = str(given.get("when") or (way.whens or ("",))[0])
    if way.whens and when not in way.whens:
        raise invalid(f"when: With {what} this is {' or '.join(way.whens)}.")
    now = world.clock()
    begins = now + number(given, "after", 0.0)
    lasts = number(given, "lasts", None)
    left = number(given, "times", 1 if lasts is None and "chance" not in given else None)
    plan = Plan(
        guid=world.new_guid(),
        what=what,
        match={key: str(given[key]) for key in ("method", "path", "action", "kind") if given.get(key)},
        outcome=_outcome(way, given) | {"when": when},
        chance=number(given, "chance", 1.0),
        begins=begins,
        ends=None if lasts is None else begins + lasts,
        left=None if left is None else int(left),
    )
    if plan.outcome["status"] < 200 or plan.outcome["status"] > 599:
        raise invalid("status: This value should be between 200 and 599.")
    return plan


def _outcome(way: Way, given: dict[str, Any]) -> dict[str, Any]:
    status = int(number(given, "status", way.status))
    errors = given.get("errors") or ["The service did not answer."]
    if not isinstance(errors, list):
        raise invalid("errors: This value should be a list.")
    headers, body = given.get("headers"), given.get("body")
    if headers is not None and not isinstance(headers, dict):
        raise invalid("headers: This value should be an object.")
    if body is None:
        body = PROXY_PAGE if given["fault"] == "html" else Refusal(status).body()
    return {
        "status": status,
        "body": body,
        "headers": headers,
        "seconds": number(given, "seconds", way.seconds),
        "errors": [str(error) for error in errors],
        "change": {key: str(given[key]) for key in ("state", "name") if given.get(key)},
    }


def number(given: dict[str, Any], name: str, default: Any) -> Any:
    """A number of what was given, 0 or more; the default where it is absent."""
    if given.get(name) in (None, ""):
        return default
    try:
        value = float(given[name])
    except (TypeError, ValueError):
        raise invalid(f"{name}: This value should be a number.") from None
    if not 0 <= value < float("inf"):
        raise invalid(f"{name}: This value should be 0 or more.")
    return value


# -- which is meant --------------------------------------------------------------------------------


def for_request(world: World, method: str, path: str) -> Plan | None:
    """The plan that this request meets, used up by it."""

    def meant(plan: Plan) -> bool:
        asked = plan.match.get("method", method).upper()
        return asked == method and plan.match.get("path", "") in path

    return _take(world, "request", meant)


def for_action(world: World, what: str, kind: str, name: str) -> Plan | None:
    """The plan of that way that an action meets when it is queued, used up by it."""

    def meant(plan: Plan) -> bool:
        action, on = plan.match.get("action", name), plan.match.get("kind", kind)
        return plan.what == what and action.lower() == name.lower() and on == kind

    return _take(world, "action", meant)


def skew(world: World) -> float:
    """How many seconds the clock that signatures are checked by is ahead at present."""
    plan = _take(world, "clock", lambda _: True)
    return float(plan.outcome["seconds"]) if plan else 0.0


def _take(world: World, on: str, meant: Callable[[Plan], bool]) -> Plan | None:
    now = world.clock()
    for plan in list(world.plans.values()):
        way = WAYS.get(plan.what)  # a state file may hold plans of another version
        if way is None or way.on != on or plan.begins > now:
            continue
        if plan.ends is not None and plan.ends <= now:
            world.remove(plan)
        elif meant(plan) and (plan.chance >= 1 or world.dice.random() < plan.chance):
            _use_up(world, plan)
            return plan
    return None


def _use_up(world: World, plan: Plan) -> None:
    world.count(f"fault:{plan.what} {plan.outcome['when']}".strip())
    if plan.left is None:
        return
    plan.left -= 1
    if plan.left > 0:
        world.save(plan)
    else:
        world.remove(plan)


def shown(world: World) -> list[dict[str, Any]]:
    """The plans that may still be met, in seconds from now."""
    now = world.clock()
    return [
        {
            "plan": plan.guid,
            "fault": plan.what,
            "match": plan.match,
            "when": plan.outcome["when"],
            "chance": plan.chance,
            "begins_in": max(0.0, plan.begins - now),
            "ends_in": None if plan.ends is None else plan.ends - now,
            "left": plan.left,
        }
        for plan in world.plans.values()
        if plan.ends is None or plan.ends > now
    ]
