"""Packages: one product bought by one OU, and the links to its domains."""

from typing import Any

from sandbox import actions
from sandbox.catalogue import BY_CODE, Product, edition_name, offered
from sandbox.http import NO_CONTENT, Answer, Call, created, ok
from sandbox.payload import EXTRA, INVALID, Field, read, unwrap
from sandbox.refusals import Refusal, conflict, invalid
from sandbox.settings import CURRENT
from sandbox.shapes import DEFAULT_SHAPE, SHAPES
from sandbox.states import check_idle, domain_state, package_state
from sandbox.things import Domain, Ou, Package
from sandbox.world import World

FLAGS = (Field("expect_migration", type="flag"), Field("expect_domain_move", type="flag"))


def catalogue(world: World, call: Call) -> Answer:
    """OPTIONS: all that a new package may be, in the shape that the control page chose."""
    _company(world, call.path["guid"])
    shape = str(world.value("catalogue-shape", DEFAULT_SHAPE))
    return ok(SHAPES[shape](list(offered(world.settings.dialect).values())))


def _company(world: World, guid: str) -> Ou:
    ou = world.ou(guid)
    if ou.type != "company":
        raise conflict("Packages and domains belong to companies.")
    return ou


def create(world: World, call: Call) -> Answer:
    """POST of a package: with editions in the legacy generation, without them in the current one."""
    ou = _company(world, call.path["guid"])
    if world.settings.dialect == CURRENT:
        flags = read(call.body, "package", (Field("code", required=True), *FLAGS))
        product = _product(world, flags.pop("code"))
        editions = product.codes
    else:
        flags = {}
        product, editions = _legacy_choice(world, unwrap(call.body, "package"))
    package = Package(world.new_guid(), ou.guid, product.code, editions, flags=flags)
    world.save(package)
    world.accepted(package, "Create", applied=True)
    return created(f"/api/v1/packages/{package.guid}")


def _product(world: World, code: Any) -> Product:
    product = offered(world.settings.dialect).get(code) if isinstance(code, str) else None
    if product is None:
        raise invalid("code: The value you selected is not a valid choice.")
    return product


def _legacy_choice(world: World, given: Any) -> tuple[Product, list[str]]:
    if not isinstance(given, dict):
        raise invalid(f"package: {INVALID}")
    extra = [f"{name}: {EXTRA}" for name in given if name not in ("code", "editions")]
    if extra:
        raise invalid(*extra)
    product = _product(world, given.get("code"))
    codes = _edition_codes(given.get("editions"))
    unknown = [code for code in codes if code not in product.codes]
    if unknown:
        raise invalid(*(f"editions: {code} is not an edition of {product.code}." for code in unknown))
    if len(set(codes)) < len(codes):
        raise invalid("editions: An edition may be given only once.")
    if not codes and product.family == "cloudmail":
        return product, product.codes
    if not codes or (len(codes) > 1 and not product.by_mailbox):
        words = (
            "Please select at least one edition."
            if product.by_mailbox
            else "Please select exactly one edition."
        )
        raise invalid(f"editions: {words}")
    return product, codes


def _edition_codes(given: Any) -> list[str]:
    if not isinstance(given, list):
        raise invalid("editions: This value should be a list.")
    codes = []
    for entry in given:
        if not isinstance(entry, dict) or set(entry) != {"code"} or not isinstance(entry["code"], str):
            raise invalid(f"editions: {INVALID}")
        codes.append(entry["code"])
    return codes


def get(world: World, call: Call) -> Answer:
    """GET of a package: its state and the editions that its mailboxes may have."""
    package = world.package(call.path["guid"])
    return ok(body(world, package))


def body(world: World, package: Package) -> dict[str, Any]:
    """What GET shows."""
    editions = [
        {"code": code, "name": edition_name(package.code, code), "default": code == package.editions[0]}
        for code in package.editions
    ]
    return {
        "guid": package.guid,
        "code": package.code,
        "name": BY_CODE[package.code].name,
        "state": package_state(world, package),
        "editions": editions,
    }


def delete(world: World, call: Call) -> Answer:
    """DELETE of a package: only when all its domains are deleted, or it has none."""
    package = world.package(call.path["guid"])
    check_idle(world, [package.guid], "package")
    domains = world.domains_of[package.guid].values()
    if any(domain_state(world, domain) != "deleted" for domain in domains):
        raise conflict("The package still has domains that are not deleted.")
    world.accepted(package, "Delete", applied=True)
    forget(world, package)
    return NO_CONTENT


def forget(world: World, package: Package) -> None:
    """Drop a package and its links."""
    for domain in list(world.domains_of[package.guid].values()):
        world.unlink(domain, package.guid)
    world.remove(package)


def link(world: World, call: Call) -> Answer:
    """LINK of a domain to a package of the same OU."""
    package, domain = _pair(world, call)
    attach(world, package, domain)
    return NO_CONTENT


def _pair(world: World, call: Call) -> tuple[Package, Domain]:
    return world.package(call.path["guid"]), world.domain(call.path["domain"])


def check_linkable(world: World, package: Package, domain: Domain) -> None:
    """Raise 409 where this domain can not come under this package."""
    check_idle(world, [package.guid, domain.guid], "domain or package")
    if package.cancelled or domain.deleted:
        raise conflict("The package is cancelled or the domain is deleted.")
    if package.guid in domain.services:
        raise conflict("The domain is already linked to this package.")
    if package.ou != domain.ou:
        raise conflict("The domain and the package belong to different organisational units.")
    family = BY_CODE[package.code].family
    if any(BY_CODE[world.packages[guid].code].family == family for guid in domain.services):
        raise conflict("The domain is already linked to a package of this product.")


def attach(world: World, package: Package, domain: Domain) -> None:
    """Link a domain to a package; the service is there, not provisioned yet."""
    check_linkable(world, package, domain)
    domain.services[package.guid] = "inactive"
    world.save(domain)
    world.accepted(domain, "Link", applied=True)


def unlink(world: World, call: Call) -> Answer:
    """UNLINK, current only: inactive domains."""
    package, domain = _pair(world, call)
    check_idle(world, [package.guid, domain.guid], "domain or package")
    if package.guid not in domain.services:
        raise Refusal(404, "The domain is not linked to this package.")
    if domain_state(world, domain) != "inactive":
        raise conflict("Only inactive domains can be unlinked.")
    world.unlink(domain, package.guid)
    world.accepted(domain, "Unlink", applied=True)
    return NO_CONTENT


def act(world: World, call: Call) -> Answer:
    """POST of an action on a package: the service of this package on all its domains."""
    package = world.package(call.path["guid"])
    name = actions.requested(world, call, "package")
    domains = list(world.domains_of[package.guid].values())
    touches = [package.guid, *(domain.guid for domain in domains)]
    check_idle(world, touches, "package or one of its domains")
    if package.cancelled:
        raise conflict(f"The action {name} is not possible in the state cancelled.")
    targets = actions.eligible(name, [(domain, package.guid) for domain in domains])
    if not targets:
        state = package_state(world, package)
        raise conflict(f"The action {name} is not possible in the state {state}.")
    return actions.queued(world, actions.submit(world, package, name, touches=touches, targets=targets))
