"""One viewer walks all routes; what was not declared is noted as a failure, and so is every word that leaked."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from django.contrib.auth import SESSION_KEY
from django.db import connection, transaction
from django.test import Client

from portal.accounts.models import Person
from tests.access.declaring import Route
from tests.access.seeing import may_read
from tests.access.viewers import Viewer, sign_in
from tests.access.world import MARK, Place, World

HTMX_AT = "company"  # fragments are the pages' own parts: one place will do
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}


@dataclass
class Walk:
    """What came of it."""

    cases: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, what: str) -> None:
        self.failures.append(what)


class Walker:
    """A viewer at their browser. Each request is undone, so that the next one finds the world as it was."""

    def __init__(self, world: World, viewer: Viewer) -> None:
        self.world, self.viewer, self.walk = world, viewer, Walk()
        self.client: Client = sign_in(world, viewer)
        self.client.raise_request_exception = False
        self.person = Person.objects.filter(pk=self.client.session.get(SESSION_KEY, 0)).first()
        self.keep()

    def ask(self, method: str, url: str, data: Any = None, **headers: str) -> Any:
        """The answer, read to its end, and everything that it says, in one lower-case text."""
        cookies = self.client.cookies.copy()
        with self.undone():
            answer: Any = getattr(self.client, method.lower())(url, data or {}, headers=headers)
            answer.said = said_by(answer)
        self.client.cookies = cookies  # type: ignore[assignment]  # the stubs call the copy of a cookie jar a dict
        return answer

    def keep(self) -> None:
        """What was written until now stays."""
        self.before = transaction.savepoint()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is written meanwhile is taken back. Most requests write nothing, and then nothing is asked of Postgres."""
        wrote: list[str] = []

        def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if not sql.startswith(READS):
                wrote.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(watch):
            yield
        if wrote or connection.needs_rollback:
            connection.set_rollback(False)
            transaction.savepoint_rollback(self.before)
            connection.run_on_commit = []

    def judge(self, method: str, url: str, answer: Any, right: frozenset[int], data: Any = None) -> bool:
        """Count the case; note a wrong answer, and words that are not for the viewer. Whether all was well."""
        self.walk.cases += 1
        before = len(self.walk.failures)
        if answer.status_code not in right:
            wanted = " or ".join(map(str, sorted(right)))
            self.walk.fail(f"{self.viewer.name}: {method} {url} answered {answer.status_code}, not {wanted}")
        self.walk.failures += self.leaks(method, url, answer, data)
        return len(self.walk.failures) == before

    def leaks(self, method: str, url: str, answer: Any, data: Any = None) -> list[str]:
        """Marks in the answer that the viewer may not read, those apart that they sent themselves."""
        own = set(MARK.findall(f"{url} {data}".lower()))
        found = set(MARK.findall(answer.said)) - own
        return [
            f"{self.viewer.name}: {method} {url} tells the {kind} of {place}: {around(answer.said, place, kind)}"
            for place, kind in sorted(found)
            if not may_read(self.viewer, place, kind)
        ]

    def try_route(self, route: Route, place: Place) -> None:
        """GET, the same as HTMX asks for it, and POST."""
        url = route.url(place)
        right = route.wanted(self.viewer, place, "GET")
        answer = self.ask("GET", url)
        self.judge("GET", url, answer, right)
        if answer.status_code == 200 and place.name == HTMX_AT:
            live = self.ask("GET", url, **HTMX)
            self.judge("GET (HTMX)", url, live, right | {204})
        if place.name != "company" and (route.post is None or self._stopped_before(route)):
            return
        sent = route.sent(place)
        answer = self.ask("POST", url, sent)
        self.judge("POST", url, answer, route.wanted(self.viewer, place, "POST"), sent)

    def _stopped_before(self, route: Route) -> bool:
        """Whoever looks as a customer sends nothing that reaches a view, whatever it names: one place tells."""
        return self.viewer.looks and not route.looking


def said_by(answer: Any) -> str:
    """Body, what of the headers leads on, and messages that wait in a cookie."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = "\n".join(_texts(body))
    headers = " ".join(unquote_plus(str(value)) for value in answer.headers.values())
    return f"{text}\n{headers}\n{answer.cookies.output()}".lower()


def _texts(body: bytes) -> Iterator[str]:
    if not body.startswith(b"PK"):
        yield body.decode(errors="replace")
        return
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        for name in book.namelist():
            yield book.read(name).decode(errors="replace")


def around(text: str, place: str, kind: str) -> str:
    """The words beside the first mark, for whoever has to find where it came from."""
    at = text.index(f"zq{place}{kind}qz")
    return re.sub(r"\s+", " ", text[max(0, at - 90) : at + 60])
