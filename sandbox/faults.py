"""What goes wrong with requests, as planned: between the signature and the rules, or between the rules and the answer.

*Before* the rules nothing was applied. *After* them all of it was, is written down, and the answer is lost or broken.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import plans, tampering
from sandbox.actions import settle
from sandbox.things import Plan
from sandbox.world import World

HALF_A_HEAD = b"HTTP/1.1 20"


class Faults:
    """ASGI middleware that breaks what a plan says should break."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go wrong as planned, or pass the request on."""
        plan = plans.for_request(self._world, scope["method"], scope["path"])
        if plan is None:
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        exchange = _Exchange(self._world, self._app, scope, body, receive, send)
        if plan.outcome["when"] == plans.AFTER:
            await exchange.ask()
        await HOW[plan.what](exchange, plan)


class _Exchange:
    """One request that goes wrong, with what the rules answered once they were asked."""

    def __init__(
        self, world: World, app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send
    ) -> None:
        self.world, self.send, self.scope = world, send, scope
        self._app, self._body, self._receive = app, body, receive
        self.start: Message = {}
        self.content = b""

    async def ask(self) -> None:
        """Let the rules carry it out, and keep their answer back. What they did is written down."""

        async def receive() -> Message:
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.start = message
            else:
                self.content += message.get("body", b"")

        await self._app(self.scope, receive, keep)
        self.world.store.flush()

    async def give(self, response: Response) -> None:
        """Answer something else."""

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        await response(self.scope, receive, self.send)

    async def hand_on(self, content: bytes, *, whole: bool = True) -> None:
        """Answer what the rules did, with this body; not `whole`: its length is that of all of it, and more should come."""
        length = len(content if whole else self.content)
        kept = [(name, value) for name, value in self.start["headers"] if name.lower() != b"content-length"]
        if self.start["status"] != 204:
            kept.append((b"content-length", str(length).encode()))
        await self.send({**self.start, "headers": kept})
        await self.send({"type": "http.response.body", "body": content, "more_body": not whole})

    async def wait(self, seconds: float) -> None:
        """Say nothing for so long, or until the other side has had enough."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._receive(), seconds)

    async def reset(self, first: bytes = b"") -> None:
        """Cut the connection by a reset."""
        await self.world.wires.reset(self.scope.get("client"), first)


async def _say(exchange: _Exchange, plan: Plan) -> None:
    await exchange.give(planned_answer(plan))


async def _reset(exchange: _Exchange, _: Plan) -> None:
    await exchange.reset()


async def _refuse(exchange: _Exchange, plan: Plan) -> None:
    """From this request on nobody is let in for a while, who asks for it again included."""
    exchange.world.wires.refuse(plan.outcome["seconds"])
    await exchange.reset()


async def _silence(exchange: _Exchange, plan: Plan) -> None:
    await exchange.wait(plan.outcome["seconds"])
    await exchange.reset()


async def _slow(exchange: _Exchange, plan: Plan) -> None:
    await exchange.wait(plan.outcome["seconds"])
    if plan.outcome["when"] == plans.BEFORE:
        settle(exchange.world)
        await exchange.ask()
    await exchange.hand_on(exchange.content)


async def _garbled(exchange: _Exchange, _: Plan) -> None:
    """A whole answer whose JSON ends early; where there is none, one that does not say where to look."""
    headers = exchange.start["headers"]
    exchange.start["headers"] = [(name, value) for name, value in headers if name.lower() != b"location"]
    await exchange.hand_on(exchange.content[: len(exchange.content) // 2])


async def _cut(exchange: _Exchange, _: Plan) -> None:
    """The connection breaks in the middle of the answer; where there is no body, in the middle of its head."""
    if not exchange.content:
        await exchange.reset(HALF_A_HEAD)
        return
    await exchange.hand_on(exchange.content[: len(exchange.content) // 2], whole=False)
    await asyncio.sleep(0.01)
    await exchange.reset()


async def _vanish(exchange: _Exchange, plan: Plan) -> None:
    """The thing that the request is about goes, or changes, as if somebody else had been there."""
    change = plan.outcome["change"] if plan.what == "alter" else None
    settle(exchange.world)
    tampering.behind(exchange.world, exchange.scope["path"], change)
    if plan.outcome["when"] == plans.BEFORE:
        await exchange.ask()
    exchange.world.store.flush()
    await exchange.hand_on(exchange.content)


HOW: dict[str, Callable[[_Exchange, Plan], Awaitable[None]]] = {
    "status": _say,
    "html": _say,
    "throttle": _say,
    "reset": _reset,
    "refuse": _refuse,
    "silence": _silence,
    "slow": _slow,
    "garbled": _garbled,
    "cut": _cut,
    "vanish": _vanish,
    "alter": _vanish,
}


def planned_answer(plan: Plan) -> Response:
    """The refusal that was asked for; a text body goes out as HTML, as from a proxy."""
    status, body = plan.outcome["status"], plan.outcome["body"]
    headers = {name: str(value) for name, value in (plan.outcome.get("headers") or {}).items()}
    if plan.what == "throttle":
        headers.setdefault("Retry-After", f"{plan.outcome['seconds']:.0f}")
    if isinstance(body, str):
        return Response(body, status, headers, media_type="text/html")
    return JSONResponse(body, status, headers)
