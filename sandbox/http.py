"""Between Starlette and the rules: what a call brings, what an answer holds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.refusals import Refusal
from sandbox.world import World


@dataclass(frozen=True)
class Call:
    """A signed request, as the rules see it."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What goes back. `header` is how this call spells the name of the location in the guide."""

    status: int
    body: Any = None
    location: str | None = None
    header: str = "location"


Rule = Callable[[World, Call], Answer]


def ok(body: Any) -> Answer:
    """200 with a body."""
    return Answer(200, body)


def created(location: str, *, header: str = "location") -> Answer:
    """201: a new object, at its bare path."""
    return Answer(201, None, location, header)


def accepted(location: str, *, header: str = "location") -> Answer:
    """202: an action was queued, at its bare path."""
    return Answer(202, None, location, header)


NO_CONTENT = Answer(204)


def endpoint(world: World, rule: Rule) -> Callable[[Request], Awaitable[Response]]:
    """A Starlette endpoint for a rule. Async only in name: rules never wait, so they never interleave."""

    async def answer(request: Request) -> Response:
        call = Call(request.path_params, request.query_params, await request.body())
        try:
            return respond(rule(world, call))
        except Refusal as refusal:
            return refuse(refusal)

    return answer


def respond(answer: Answer) -> Response:
    """The answer on the wire."""
    if answer.body is None:
        response = Response(status_code=answer.status)
    else:
        response = JSONResponse(answer.body, status_code=answer.status)
    if answer.location is not None:
        # raw, because Starlette lowers the case of names and the guide spells this one in two ways
        response.raw_headers.append((answer.header.encode(), answer.location.encode()))
    return response


def refuse(refusal: Refusal) -> Response:
    """A refusal on the wire."""
    return JSONResponse(refusal.body(), status_code=refusal.status)
