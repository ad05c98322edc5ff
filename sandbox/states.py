"""States of domains and packages, computed from their services as SYNAQ does; and who is busy."""

from collections.abc import Iterable

from sandbox.refusals import conflict
from sandbox.things import Domain, Mailbox, Package, RemoteAction
from sandbox.world import World

# the contract's order: the first one that any service has is the state of the whole
PRIORITY = (
    "orphaned",
    "stale",
    "error",
    "failed",
    "pending",
    "inactive",
    "active",
    "suspended",
    "closed",
    "cancelled",
    "deleted",
)
PROVISIONED = frozenset({"active", "suspended", "closed"})
QUIET = frozenset({"Usage", "AppUsage"})  # actions that change nothing, so nothing shows as pending


def domain_state(world: World, domain: Domain) -> str:
    """The state that the domain shows now."""
    if domain.deleted:
        return "deleted"
    running = _running(world, domain.guid)
    states = {service_state(domain, package, running) for package in domain.services}
    if running and running.on == "domain":
        states.add("pending")
    elif domain.stale:
        states.add("stale")
    return _first(states)


def package_state(world: World, package: Package) -> str:
    """The state that the package shows now."""
    if package.cancelled:
        return "cancelled"
    states = set()
    for domain in world.domains_of[package.guid].values():
        states.add(service_state(domain, package.guid, _running(world, domain.guid)))
    return _first(states)


def service_state(domain: Domain, package_guid: str, running: RemoteAction | None) -> str:
    """The state of one package's service on one domain."""
    if running and [domain.guid, package_guid] in running.targets:
        return "pending"
    return domain.services[package_guid]


def mailbox_state(world: World, mailbox: Mailbox) -> str:
    """The state that the mailbox shows now."""
    return "pending" if _running(world, mailbox.guid) else mailbox.state


def has_provisioned_mailboxes(world: World, domain: Domain) -> bool:
    """Whether mailboxes remain that exist on the services."""
    return any(
        mailbox.state in PROVISIONED | {"pending"} or mailbox.guid in world.busy
        for mailbox in world.mailboxes_of[domain.guid].values()
    )


def check_idle(world: World, guids: Iterable[str], what: str) -> None:
    """Raise 409 while an action is open on any of these objects."""
    if any(guid in world.busy for guid in guids):
        raise conflict(f"The {what} has an action that is still pending.")


def _running(world: World, guid: str) -> RemoteAction | None:
    action = world.busy.get(guid)
    return None if action is None or action.name in QUIET else action


def _first(states: set[str]) -> str:
    return next((state for state in PRIORITY if state in states), "inactive")
