"""The control page's endpoints: look into the sandbox and make things happen. Loopback clients only."""

import json
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import control_page, knobs
from sandbox.http import refuse
from sandbox.refusals import Refusal, invalid
from sandbox.world import World

FORM = "application/x-www-form-urlencoded"


class Loopback:
    """Turns away other machines, and pages of other origins open in a browser on this one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from here."""
        if not _is_local(scope):
            await refuse(Refusal(403, "Control is for this machine only."))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    client, headers = scope.get("client"), Headers(scope=scope)
    if client is None or not ip_address(client[0]).is_loopback:
        return False
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    origin = headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == headers.get("host")
    # a name that is made to point here by someone else's DNS is not one of these
    return same and host in ("127.0.0.1", "localhost", "::1")


def make_app(world: World) -> ASGIApp:
    """The application under /control."""

    async def page(_: Request) -> Response:
        return HTMLResponse(control_page.render(world), headers=control_page.HEADERS)

    looks = [Route(f"/{name}", _look(world, look), methods=["GET"]) for name, look in knobs.LOOKS.items()]
    turns = [Route(f"/{name}", _turn(world, turn), methods=["POST"]) for name, turn in knobs.TURNS.items()]
    return Starlette(
        routes=[Route("/", page, methods=["GET"]), *looks, *turns], middleware=[Middleware(Loopback)]
    )


def _look(world: World, look: knobs.Look) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return JSONResponse(look(world))

    return show


def _turn(world: World, turn: knobs.Turn) -> Callable[[Request], Awaitable[Response]]:
    async def do(request: Request) -> Response:
        is_form = request.headers.get("content-type", "").startswith(FORM)
        try:
            done = turn(world, await _given(request, is_form))
        except Refusal as refusal:
            return refuse(refusal)
        return RedirectResponse("/control/", 303) if is_form else JSONResponse(done)

    return do


async def _given(request: Request, is_form: bool) -> dict[str, Any]:
    body = await request.body()
    if is_form:
        return knobs.from_form(body.decode())
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        raise Refusal(400, "Invalid JSON.") from None
    if not isinstance(given, dict):
        raise invalid("body: This value should be an object.")
    return given
