"""What happens behind a client's back: things that change, and things that vanish, without anybody having called for it."""

from contextlib import suppress
from typing import Any

from sandbox import domains, mailboxes, ous, packages
from sandbox.actions import settle
from sandbox.refusals import Refusal, invalid, missing
from sandbox.states import PRIORITY
from sandbox.things import Domain, Mailbox, Ou, Package
from sandbox.world import World

Tangible = Ou | Package | Domain | Mailbox
GONE = "The object was removed."


def truth(world: World) -> dict[str, dict[str, Any]]:
    """Everything in the caller's scope by kind and GUID, each as its GET shows it now."""
    settle(world)
    own = {ou.guid: ou for ou in world.ous.values() if world.in_scope(ou.guid)}
    mine = {guid: domain for guid, domain in world.domains.items() if domain.ou in own}
    return {
        "ou": {guid: ous.body(world, ou) for guid, ou in own.items()},
        "package": {
            guid: packages.body(world, package)
            for guid, package in world.packages.items()
            if package.ou in own
        },
        "domain": {guid: domains.body(world, domain) for guid, domain in mine.items()},
        "mailbox": {
            box.guid: mailboxes.body(world, box) for guid in mine for box in world.mailboxes_of[guid].values()
        },
    }


def _named(world: World, given: dict[str, Any]) -> Tangible:
    """The thing of that `guid`: a GUID, an address or a domain's name."""
    named = str(given.get("guid", "")).lower()
    guid = world.addresses.get(named) or world.domain_names.get(named) or named
    tables: tuple[Any, ...] = (world.mailboxes, world.domains, world.packages, world.ous)
    found: Tangible | None = next((table[guid] for table in tables if guid in table), None)
    if found is None or guid == world.settings.reseller_guid:
        raise missing("Object")
    return found


def alter(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Change a thing: `state` of a mailbox or of a domain's services, `name` (a company's title, a mailbox's shown name)."""
    thing, state, name = _named(world, given), given.get("state"), given.get("name")
    if state is not None and state not in PRIORITY:
        raise invalid(f"state: This is one of {', '.join(PRIORITY)}.")
    match thing:
        case Mailbox():
            thing.state = state or thing.state
            thing.profile |= {"display_name": str(name)} if name else {}
        case Domain() if state:
            thing.services = dict.fromkeys(thing.services, state)
        case Ou() if name:
            thing.title = str(name)
        case _:
            raise invalid("state: Such a thing has nothing of the kind that could be changed.")
    world.save(thing)
    return {"guid": thing.guid}


def vanish(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """Remove a thing with all that is in it; what was under way on it ends in error, and is not to be found."""
    thing = _named(world, given)
    for part in [*_within(world, thing), thing]:
        for action in [a for a in world.busy.values() if a.guid == part.guid]:
            world.free(action)
            action.state, action.errors, action.finished_at = "error", [GONE], world.clock()
        if isinstance(part, Package):
            packages.forget(world, part)
        else:
            world.remove(part)
    return {"guid": thing.guid}


def behind(world: World, path: str, change: dict[str, Any] | None) -> None:
    """Change the thing that a path is about (the last GUID in it), or remove it where there is no `change`.

    What is not there, or cannot be changed so, is left as it is.
    """
    tables = (world.mailboxes, world.domains, world.packages, world.ous)
    named = [part for part in path.removesuffix(".json").split("/") if any(part in table for table in tables)]
    with suppress(Refusal):
        given = {"guid": named[-1] if named else ""}
        if change is None:
            vanish(world, given)
        else:
            alter(world, given | change)


def _within(world: World, thing: Tangible) -> list[Tangible]:
    """What is in it, the innermost first."""
    match thing:
        case Domain():
            return list(world.mailboxes_of[thing.guid].values())
        case Ou():
            found: list[Tangible] = []
            for ou in world.children(thing.guid):
                found += [*_within(world, ou), ou]
            for domain in [domain for domain in world.domains.values() if domain.ou == thing.guid]:
                found += [*_within(world, domain), domain]
            return found + [package for package in world.packages.values() if package.ou == thing.guid]
    return []
