"""Around every request: time passes, requests are counted, the state is written before the answer leaves."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.actions import settle
from sandbox.auth import Guard
from sandbox.http import refuse
from sandbox.refusals import Refusal
from sandbox.world import World

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
NO_ANSWER = 0
NUMBER = re.compile(r"(?<=/actions/)\d+")


class Recorder:
    """Ends due actions before a request and commits before the first byte of its answer."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with the world up to date, and keep what it did."""
        settle(self._world)
        began, answered = self._world.clock(), False

        async def kept(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._keep(scope, began, message["status"])
            await send(message)

        await self._app(scope, receive, kept)
        if not answered:
            self._keep(scope, began, NO_ANSWER)

    def _keep(self, scope: Scope, began: float, status: int) -> None:
        if scope["path"].startswith("/api/"):
            call = template(scope["path"])
            self._world.count(f"call:{scope['method']} {call}")
            self._world.count(f"status:{status or 'none'}")
            self._world.calls.append((began, scope["method"], call, status))
        self._world.store.flush()


def template(path: str) -> str:
    """A path with its identifiers taken out, to count by."""
    return NUMBER.sub("{id}", GUID.sub("{guid}", path))[:120]


class Signed:
    """Turns away what is not signed as it should be, before anything else looks at it."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._guard = Guard(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the signature, burn the salt, go on."""
        try:
            self._guard.check(Headers(scope=scope))
        except Refusal as refusal:
            await refuse(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)
