"""Actions on the services of domains: what each does when its time has come."""

from sandbox import actions
from sandbox.catalogue import DEFAULTS, OPTIONAL, fields_of
from sandbox.payload import BLANK
from sandbox.states import PROVISIONED
from sandbox.things import Domain, RemoteAction
from sandbox.usage import finish as finish_usage
from sandbox.world import World

REFRESHING = frozenset({"Provision", "Refresh", "Update"})


def fields(world: World, domain: Domain) -> dict[str, str | None]:
    """The service fields that the linked packages need, with their present values."""
    names: dict[str, None] = {}
    for guid in domain.services:
        package = world.packages[guid]
        found = fields_of(package.code, package.editions)
        names.update(dict.fromkeys(found))
    return {name: domain.values.get(name, DEFAULTS.get(name)) for name in names}


def missing(world: World, domain: Domain) -> list[str]:
    """What is still blank of what provisioning needs, as 'field: words'."""
    shown = fields(world, domain)
    return [f"{name}: {BLANK}" for name, value in shown.items() if not value and name not in OPTIONAL]


def end_on_domain(world: World, action: RemoteAction) -> list[str]:
    """End an action of a domain; the words of what went wrong, or none."""
    domain = world.domains[action.guid]
    if action.name == "Usage":
        finish_usage(world, domain, action.due_at)
    elif action.name == "Delete":
        domain.deleted = True
        domain.services = dict.fromkeys(domain.services, "deleted")
    errors = _apply(world, action)
    if action.name in REFRESHING and not errors:
        domain.stale = False
    world.save(domain)
    if not errors:
        world.applied(domain, action.name)
    return errors


def end_on_package(world: World, action: RemoteAction) -> list[str]:
    """End an action of a package on all its domains."""
    package = world.packages[action.guid]
    errors = _apply(world, action)
    if action.name == "Cancel":
        package.cancelled = True
        world.save(package)
    if not errors:
        world.applied(package, action.name)
    return errors


def _apply(world: World, action: RemoteAction) -> list[str]:
    rule = actions.ON_SERVICES.get(action.name)
    errors: list[str] = []
    for guid, package in action.targets if rule else []:
        domain = world.domains[guid]
        blank = missing(world, domain) if action.name == "Provision" else []
        domain.services[package] = "error" if blank else actions.ON_SERVICES[action.name].to
        world.save(domain)
        errors += [error for error in blank if error not in errors]
    return errors


def fail(world: World, action: RemoteAction) -> None:
    """A failed Provision leaves its services in error; every other failure leaves things as they were."""
    if action.name == "Usage":
        world.domains[action.guid].usage = None
        world.save(world.domains[action.guid])
    for guid, package in action.targets if action.name == "Provision" else []:
        domain = world.domains[guid]
        if domain.services[package] not in PROVISIONED:
            domain.services[package] = "error"
        world.save(domain)


actions.ENDERS |= {"domain": end_on_domain, "package": end_on_package}
actions.FAILERS |= {"domain": fail, "package": fail}
