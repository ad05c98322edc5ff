"""Domains: making them, their service fields, their actions, their end."""

from typing import Any

from sandbox import actions, usage
from sandbox.catalogue import BY_CODE
from sandbox.http import NO_CONTENT, Answer, Call, created, ok
from sandbox.packages import attach, check_linkable
from sandbox.payload import BLANK, EXTRA, INVALID, USED, Field, domain_name, host_name, read, unwrap
from sandbox.refusals import conflict, invalid
from sandbox.services import fields
from sandbox.settings import CURRENT, LEGACY
from sandbox.states import PROVISIONED, check_idle, domain_state, has_provisioned_mailboxes
from sandbox.things import Domain, Ou, Package
from sandbox.world import World

NAME = Field("domain_name", required=True, check=domain_name)
MASK = "********"
PAIRS = (("username", "smtp_username"), ("password", "smtp_password"))
# the old object that the guide warns of: things that look like fields and are not
OLD_SERVICE_FIELDS = {"relay_host": None, "cos_name": "default", "username": "legacy-relay", "version": 1}


def create(world: World, call: Call) -> Answer:
    """POST of a domain that stands alone until it is linked."""
    ou = world.ou(call.path["guid"])
    domain = _new(world, ou, read(call.body, "domain", [NAME])["domain_name"])
    world.save(domain)
    world.accepted(domain, "Create", applied=True)
    return created(f"/api/v1/domains/{domain.guid}")


def _new(world: World, ou: Ou, name: str) -> Domain:
    if ou.type != "company":
        raise conflict("Packages and domains belong to companies.")
    if name.lower() in world.domain_names:
        raise invalid(f"domain_name: {USED}")
    return Domain(world.new_guid(), ou.guid, name.lower())


def create_under_package(world: World, call: Call) -> Answer:
    """POST of a domain under a package: made under its OU, linked, perhaps provisioned at once."""
    package = world.package(call.path["guid"])
    allowed = [NAME]
    if world.settings.dialect == LEGACY:
        allowed.append(Field("provision_immediately", type="flag"))
    given = read(call.body, "domain", allowed)
    at_once = bool(given.get("provision_immediately"))
    _check_at_once(package, at_once)
    domain = _new(world, world.ou(package.ou), given["domain_name"])
    check_linkable(world, package, domain)
    world.save(domain)
    world.accepted(domain, "Create", applied=True)
    attach(world, package, domain)
    if not at_once:
        return created(f"/api/v1/domains/{domain.guid}")
    action = actions.submit(world, domain, "Provision", targets=[[domain.guid, package.guid]])
    return actions.queued(world, action)


def _check_at_once(package: Package, at_once: bool) -> None:
    if at_once and BY_CODE[package.code].family != "cloudmail":
        raise invalid("provision_immediately: Only CloudMail domains can be provisioned immediately.")


def get(world: World, call: Call) -> Answer:
    """GET of a domain: bare, or wrapped once it has a usage report, as the guide's two samples show it."""
    domain = world.domain(call.path["guid"])
    shown = body(world, domain)
    return ok(shown if domain.usage is None else {"domain": shown})


def body(world: World, domain: Domain) -> dict[str, Any]:
    """What GET shows. Passwords come masked."""
    shown: dict[str, Any] = {
        "guid": domain.guid,
        "domain_name": domain.name,
        "state": domain_state(world, domain),
        "fields": _masked(fields(world, domain)),
        "domain_usage_report": usage.shown(world, domain),
    }
    if world.settings.dialect == LEGACY:
        return shown | {"service_fields": OLD_SERVICE_FIELDS}
    packages = [{"guid": guid, "code": world.packages[guid].code} for guid in domain.services]
    return shown | {"ou_guid": domain.ou, "packages": packages}


def _masked(values: dict[str, str | None]) -> dict[str, str | None]:
    return {name: MASK if value and name.endswith("password") else value for name, value in values.items()}


def patch_fields(world: World, call: Call) -> Answer:
    """PATCH of the service fields: after linking; in the legacy generation only before provisioning."""
    domain = world.domain(call.path["guid"])
    check_idle(world, [domain.guid], "domain")
    if not domain.services or domain.deleted:
        raise conflict("The domain is not linked to a package.")
    states = {*domain.services.values()}
    provisioned = bool(PROVISIONED & states)
    if states <= PROVISIONED and world.settings.dialect == LEGACY:
        raise conflict("The domain is already provisioned.")
    given = _given_fields(unwrap(call.body, "fields"), fields(world, domain))
    domain.values |= {name: _kept(name, value) for name, value in given.items()}
    domain.stale = domain.stale or (provisioned and world.settings.dialect == CURRENT)
    world.save(domain)
    world.accepted(domain, "Fields", applied=True)
    return NO_CONTENT


def _kept(name: str, value: str | None) -> str | None:
    # that a password is set is all that the sandbox needs to know
    return MASK if value and name.endswith("password") else value


def _given_fields(given: Any, known: dict[str, str | None]) -> dict[str, str | None]:
    if not isinstance(given, dict) or not given:
        raise invalid(f"fields: {BLANK if given in (None, {}) else INVALID}")
    errors = [f"{name}: {EXTRA}" for name in given if name not in known]
    for name, value in given.items():
        words = _field_fault(name, value) if name in known and value is not None else None
        errors += [f"{name}: {words}"] if words else []
    for one, other in PAIRS:
        if {one, other} <= set(known) and given.get(one) != given.get(other):
            errors.append(f"{other}: This value should be the same as {one}.")
    if errors:
        raise invalid(*errors)
    return given


def _field_fault(name: str, value: Any) -> str | None:
    if not isinstance(value, str) or value == MASK or len(value) > 255:
        return INVALID
    if name.startswith("mail_delivery") and value:
        return host_name(value)
    return None


def act(world: World, call: Call) -> Answer:
    """POST of an action on a domain."""
    domain = world.domain(call.path["guid"])
    name = actions.requested(world, call, "domain")
    check_idle(world, [domain.guid], "domain")
    targets = _targets(world, domain, name)
    action = actions.submit(world, domain, name, targets=targets)
    if name == "Usage":
        domain.usage = {"state": "PENDING"}
        world.save(domain)
    return actions.queued(world, action)


def _targets(world: World, domain: Domain, name: str) -> list[list[str]]:
    services = [(domain, guid) for guid in domain.services]
    targets = actions.eligible(name, services)
    allowed = bool(targets) or (domain.stale and name in ("Provision", "Refresh"))
    if name == "Delete":
        if has_provisioned_mailboxes(world, domain):
            raise conflict("The domain still has provisioned mailboxes.")
        targets, allowed = [[domain.guid, guid] for guid in domain.services], True
    elif name not in actions.ON_SERVICES and name != "Refresh":
        allowed = allowed or bool(PROVISIONED & {*domain.services.values()}) or name == "Usage"
    if not allowed or domain.deleted or not (services or name == "Delete"):
        raise conflict(f"The action {name} is not possible in the state {domain_state(world, domain)}.")
    return targets


def delete(world: World, call: Call) -> Answer:
    """DELETE of a domain: only inactive or deleted ones."""
    domain = world.domain(call.path["guid"])
    check_idle(world, [domain.guid], "domain")
    state = domain_state(world, domain)
    if state not in ("inactive", "deleted") or PROVISIONED & {*domain.services.values()}:
        raise conflict(f"A domain can not be deleted in the state {state}.")
    world.accepted(domain, "Remove", applied=True)
    for mailbox in list(world.mailboxes_of[domain.guid].values()):
        world.remove(mailbox)
    world.remove(domain)
    return NO_CONTENT
