"""The application: which calls there are, in which generation, and what surrounds them."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sandbox import actions, control, domains, lists, mailboxes, ous, packages, usage
from sandbox.faults import Faults
from sandbox.http import Rule, endpoint, refuse
from sandbox.middleware import Recorder, Signed
from sandbox.refusals import Refusal
from sandbox.settings import CURRENT, LEGACY
from sandbox.world import World

BOTH = (LEGACY, CURRENT)


@dataclass(frozen=True)
class Entry:
    """One documented call. A GET is also answered at the bare path, where locations point."""

    method: str
    path: str
    rule: Rule
    dialects: tuple[str, ...] = BOTH


CALLS = (
    Entry("POST", "/ous/{guid}/companies.json", ous.create_company),
    Entry("POST", "/ous/{guid}/subresellers.json", ous.create_subreseller, (LEGACY,)),
    Entry("GET", "/ous/{guid}.json", ous.get),
    Entry("PATCH", "/ous/{guid}.json", ous.update, (CURRENT,)),
    Entry("DELETE", "/ous/{guid}.json", ous.delete),
    Entry("GET", "/ous.json", lists.list_ous, (CURRENT,)),
    Entry("OPTIONS", "/ous/{guid}/packages.json", packages.catalogue),
    Entry("POST", "/ous/{guid}/packages.json", packages.create),
    Entry("GET", "/packages/{guid}.json", packages.get),
    Entry("DELETE", "/packages/{guid}.json", packages.delete),
    Entry("POST", "/packages/{guid}/actions.json", packages.act),
    Entry("GET", "/packages/{guid}/actions/{id}.json", actions.show("package")),
    Entry("LINK", "/packages/{guid}/domains/{domain}.json", packages.link),
    Entry("UNLINK", "/packages/{guid}/domains/{domain}.json", packages.unlink, (CURRENT,)),
    Entry("POST", "/packages/{guid}/domains.json", domains.create_under_package),
    Entry("POST", "/ous/{guid}/domains.json", domains.create),
    Entry("GET", "/domains/{guid}.json", domains.get),
    Entry("DELETE", "/domains/{guid}.json", domains.delete),
    Entry("GET", "/domains/{guid}/usage.json", usage.detailed, (CURRENT,)),
    Entry("GET", "/domains.json", lists.list_domains, (CURRENT,)),
    Entry("PATCH", "/domains/{guid}/servicefields.json", domains.patch_fields),
    Entry("POST", "/domains/{guid}/actions.json", domains.act),
    Entry("GET", "/domains/{guid}/actions/{id}.json", actions.show("domain")),
    Entry("POST", "/domains/{guid}/mailboxes.json", mailboxes.create),
    Entry("GET", "/mailboxes/{guid}.json", mailboxes.get),
    Entry("PATCH", "/mailboxes/{guid}.json", mailboxes.patch),
    Entry("DELETE", "/mailboxes/{guid}.json", mailboxes.delete),
    Entry("GET", "/mailboxes.json", lists.list_mailboxes, (CURRENT,)),
    Entry("PATCH", "/mailboxes/{guid}/packages/{package}/edition.json", mailboxes.patch_edition),
    Entry("POST", "/mailboxes/{guid}/actions.json", mailboxes.act),
    Entry("GET", "/mailboxes/{guid}/actions/{id}.json", actions.show("mailbox")),
    Entry("GET", "/dls.json", lists.list_nothing("dls"), (CURRENT,)),
    Entry("GET", "/resources.json", lists.list_nothing("resources"), (CURRENT,)),
)


def make_app(world: World) -> ASGIApp:
    """The whole sandbox over one world."""
    api = Starlette(
        routes=_routes(world),
        middleware=[Middleware(Signed, world=world), Middleware(Faults, world=world)],
        exception_handlers={HTTPException: _refused},
    )
    api.router.redirect_slashes = False
    return Starlette(
        routes=[
            Route("/health", _health, methods=["GET"]),
            Mount("/api/v1", api),
            Mount("/control", control.make_app(world)),
        ],
        middleware=[Middleware(Recorder, world=world)],
    )


def _routes(world: World) -> list[BaseRoute]:
    """The generation's calls, those of one path together so that a wrong method is told as such."""
    routes: list[BaseRoute] = []
    for entry in CALLS:
        if world.settings.dialect not in entry.dialects:
            continue
        answer = endpoint(world, entry.rule)
        routes.append(Route(entry.path, answer, methods=[entry.method]))
        if entry.method == "GET":
            routes.append(Route(entry.path.removesuffix(".json"), answer, methods=["GET"]))
    return routes


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refuse(Refusal(status))


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")
