"""What the control page asked to happen to requests, between the signature and the rules.

Every planned fault is a Plan that matches a method and a path. This is the place for further kinds: before
the rules ran (nothing was applied) or around `send` (applied, but the answer is lost or broken).
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.things import Plan
from sandbox.world import World


class Faults:
    """ASGI middleware that answers in the place of the rules where a plan says so."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as planned, or pass the request on."""
        plan = self._take(scope["method"], scope["path"])
        if plan is None:
            await self._app(scope, receive, send)
            return
        await Request(scope, receive).body()
        await planned_answer(plan)(scope, receive, send)

    def _take(self, method: str, path: str) -> Plan | None:
        for plan in self._world.plans.values():
            if plan.what == "refuse" and _meant(plan, method, path):
                self._use_up(plan)
                return plan
        return None

    def _use_up(self, plan: Plan) -> None:
        plan.outcome["times"] -= 1
        if plan.outcome["times"] > 0:
            self._world.save(plan)
        else:
            self._world.remove(plan)


def _meant(plan: Plan, method: str, path: str) -> bool:
    return plan.match.get("method", method).upper() == method and plan.match.get("path", "") in path


def planned_answer(plan: Plan) -> Response:
    """The refusal that was asked for; a text body goes out as HTML, as from a proxy."""
    status, body = plan.outcome["status"], plan.outcome["body"]
    headers = plan.outcome.get("headers") or {}
    if isinstance(body, str):
        return Response(body, status, headers, media_type="text/html")
    return JSONResponse(body, status, headers)
