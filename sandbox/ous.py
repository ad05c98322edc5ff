"""Organisational units: companies and sub-resellers."""

from typing import Any

from sandbox.http import NO_CONTENT, Answer, Call, created, ok
from sandbox.packages import forget as forget_package
from sandbox.payload import Field, country, read
from sandbox.refusals import conflict
from sandbox.settings import CURRENT
from sandbox.states import PROVISIONED
from sandbox.things import Ou
from sandbox.world import World

ADDRESS = (
    Field("line_1", required=True),
    Field("line_2"),
    Field("line_3"),
    Field("city", required=True),
    Field("postal_code", required=True, longest=16),
    Field("country", required=True, check=country),
)
FIELDS = (
    Field("title", required=True),
    Field("client_ref"),
    Field("phone_number", longest=32),
    Field("vat_numer", longest=32),  # both generations of the documents spell it so
    Field("physical_address", required=True, type="object", parts=ADDRESS),
)


def create_company(world: World, call: Call) -> Answer:
    """POST …/companies.json"""
    return _create(world, call, "company")


def create_subreseller(world: World, call: Call) -> Answer:
    """POST …/subresellers.json, legacy only."""
    return _create(world, call, "subreseller")


def _create(world: World, call: Call, type_: str) -> Answer:
    parent = world.ou(call.path["guid"])
    if parent.type == "company":
        raise conflict("A company can not have organisational units of its own.")
    given = read(call.body, "ou", FIELDS)
    title = given.pop("title")
    ou = Ou(world.new_guid(), parent.guid, type_, title, given)
    world.save(ou)
    world.accepted(ou, "Create", applied=True)
    return created(f"/api/v1/ous/{ou.guid}")


def get(world: World, call: Call) -> Answer:
    """GET of an OU."""
    return ok(body(world, world.ou(call.path["guid"])))


def body(world: World, ou: Ou) -> dict[str, Any]:
    """The basic information of an OU; the current generation also tells its place in the tree."""
    shown: dict[str, Any] = {"guid": ou.guid, "title": ou.title}
    for field in FIELDS[1:]:
        shown[field.name] = ou.details.get(field.name)
    if world.settings.dialect == CURRENT:
        shown |= {"type": ou.type, "parent_guid": ou.parent}
    return shown


def update(world: World, call: Call) -> Answer:
    """PATCH of an OU, current only: what is given replaces, the address part by part."""
    ou = world.ou(call.path["guid"])
    given = read(call.body, "ou", FIELDS, partial=True)
    ou.title = given.pop("title", ou.title)
    address = {**(ou.details.get("physical_address") or {}), **given.pop("physical_address", {})}
    ou.details |= {**given, "physical_address": address}
    world.save(ou)
    world.accepted(ou, "Edit", applied=True)
    return NO_CONTENT


def delete(world: World, call: Call) -> Answer:
    """DELETE of an OU: only without active packages and without OUs below it."""
    ou = world.ou(call.path["guid"])
    if ou.guid == world.settings.reseller_guid:
        raise conflict("The reseller itself can not be deleted.")
    if any(world.children(ou.guid)):
        raise conflict("The organisational unit still has organisational units below it.")
    packages = [package for package in world.packages.values() if package.ou == ou.guid]
    domains = [domain for domain in world.domains.values() if domain.ou == ou.guid]
    if any(domain.guid in world.busy or PROVISIONED & {*domain.services.values()} for domain in domains):
        raise conflict("The organisational unit still has active packages.")
    for domain in domains:
        for mailbox in list(world.mailboxes_of[domain.guid].values()):
            world.remove(mailbox)
        world.remove(domain)
    for package in packages:
        forget_package(world, package)
    world.accepted(ou, "Delete", applied=True)
    world.remove(ou)
    return NO_CONTENT
