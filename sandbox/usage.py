"""The usage of a domain: the report that an action compiles, and the detailed answer of the current generation."""

from collections import defaultdict
from typing import Any

from sandbox.actions import stamp
from sandbox.catalogue import BY_CODE
from sandbox.http import Answer, Call, ok
from sandbox.refusals import invalid
from sandbox.states import PROVISIONED
from sandbox.things import Domain, Mailbox
from sandbox.world import World

READY_AT = "ready_at"  # ours alone, never shown


def finish(world: World, domain: Domain, at: float) -> None:
    """The action has ended: the report is there, or is compiled for as long as the control page says."""
    lag = float(world.value("usage-lag", 0.0))
    domain.usage = {"state": "PENDING", READY_AT: at + lag} if lag else report(world, domain, at)


def shown(world: World, domain: Domain) -> dict[str, Any] | None:
    """What `domain_usage_report` says now."""
    ready_at = (domain.usage or {}).get(READY_AT)
    if domain.usage is None or ready_at is None:
        return domain.usage
    if world.clock() >= ready_at:
        domain.usage = report(world, domain, ready_at)
        world.save(domain)
        return domain.usage
    return {"state": "PENDING"}


def report(world: World, domain: Domain, at: float) -> dict[str, Any]:
    """What is shown once it is compiled: what is in use, or what the control page wants to be said."""
    said = world.value("usage-report", None)
    if said is not None:
        return dict(said)
    counts = counted(world, domain)
    return {
        "state": "FINISHED",
        "data_as_at": stamp(at),
        "edition_usage_reports": [
            {"edition_code": code, "count": n} for code, n in sorted(counts.items()) if n
        ],
    }


def counted(world: World, domain: Domain) -> dict[str, int]:
    """Provisioned mailboxes by edition; for a plan, the users of the domain that it sees."""
    behind = _behind(world, domain)
    counts = {code: len(boxes) for code, boxes in behind.items()}
    for guid, state in domain.services.items():
        package = world.packages[guid]
        if state in PROVISIONED and not BY_CODE[package.code].by_mailbox:
            # mail that is only relayed has users we hold no record of: a number that stays the same
            seen = sum(box.state in PROVISIONED for box in world.mailboxes_of[domain.guid].values())
            users = seen or 5 + int(domain.guid[:2], 16) % 40
            counts[package.editions[0]] = counts.get(package.editions[0], 0) + users
    return counts


def _behind(world: World, domain: Domain) -> dict[str, list[Mailbox]]:
    found: dict[str, list[Mailbox]] = defaultdict(list)
    for box in world.mailboxes_of[domain.guid].values():
        for code in box.editions.values() if box.state in PROVISIONED else ():
            found[code].append(box)
    return found


def detailed(world: World, call: Call) -> Answer:
    """GET of usage.json: by edition the count, the billable mailboxes behind it, warnings and problems."""
    if unknown := [name for name in call.query if name != "mailbox_metadata"]:
        raise invalid(*(f"{name}: This filter is not known." for name in unknown))
    domain = world.domain(call.path["guid"])
    behind, whole = _behind(world, domain), call.query.get("mailbox_metadata") == "1"
    rows = [
        _row(world, domain, code, count, behind.get(code, []), whole)
        for code, count in sorted(counted(world, domain).items())
        if count
    ]
    return ok({"edition_usage_reports": rows})


def _row(
    world: World, domain: Domain, code: str, count: int, boxes: list[Mailbox], whole: bool
) -> dict[str, Any]:
    listed: list[Any] = [world.address(box) for box in boxes]
    if whole:
        listed = [{"guid": box.guid, "email": world.address(box), "state": box.state} for box in boxes]
    closed = sum(box.state == "closed" for box in boxes)
    return {
        "edition_code": code,
        "count": count,
        "billable_mailboxes": listed,
        "warning": f"{closed} of them closed, and counted all the same." if closed else None,
        "problem": "The domain is stale: the count may be behind." if domain.stale else None,
    }
