"""Calls the sandbox's application in this process, with a clock that the test moves by hand."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.app import make_app
from sandbox.auth import signature
from sandbox.seed import fill
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.world import World

START = 1_800_000_000.0
SECONDS = 2.0
COMPANY = {
    "title": "Acme Ltd",
    "physical_address": {
        "line_1": "20 Long Street",
        "city": "Johannesburg",
        "postal_code": "4321",
        "country": "ZA",
    },
}


@dataclass
class Reply:
    """What came back, header names spelled as they were sent."""

    status: int
    headers: list[tuple[str, str]]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def location(self) -> str:
        return next(value for name, value in self.headers if name.lower() == "location")

    @property
    def guid(self) -> str:
        """The new object's GUID, from the location of the object or of its action."""
        return self.location.split("/")[4]

    @property
    def errors(self) -> Any:
        return self.json["errors"]


class Driver:
    """One sandbox with its world and its clock."""

    def __init__(self, dialect: str = "legacy", seed: str = "empty", state: str = ":memory:") -> None:
        self.settings = Settings(dialect=dialect, seed=seed, state=state, seconds=(SECONDS, SECONDS))
        self.now = START
        self.store = Store(state)
        self.world = World(self.settings, self.store, clock=lambda: self.now)
        if not self.world.ous:
            fill(self.world, seed)
            self.store.flush()
        self.app = make_app(self.world)
        self._salt = 0

    @property
    def reseller(self) -> str:
        return self.settings.reseller_guid

    def signed(
        self, salt: str | None = None, user: str | None = None, key: str | None = None
    ) -> dict[str, str]:
        """Headers of a signed request; each with a salt of its own unless one is given."""
        self._salt += 1
        user, key = user or self.settings.user, key or self.settings.key
        salt = salt or str(int(self.now * 1_000_000) + self._salt)
        return {
            "synaq-api-user": user,
            "synaq-api-salt": salt,
            "synaq-api-hash": signature(user, key, salt),
        }

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Reply:
        """One request; paths without a leading slash are below /api/v1, and all of those are signed."""
        path = path if path.startswith("/") else f"/api/v1/{path}"
        if headers is None:
            headers = self.signed() if path.startswith("/api/") else {}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        sent = {"host": "127.0.0.1:8900", **headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": (client, 50000),
            "server": ("127.0.0.1", 8900),
        }
        return self._run(scope, raw)

    def _run(self, scope: dict[str, Any], raw: bytes) -> Reply:
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        _finish(self.app(scope, receive, send))  # type: ignore[arg-type]
        start = messages[0]
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return Reply(start["status"], headers, b"".join(m.get("body", b"") for m in messages[1:]))

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: Any = None) -> Reply:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any = None) -> Reply:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.call("DELETE", path)

    def control(self, what: str, **given: Any) -> Reply:
        return self.post(f"/control/{what}", given)

    def look(self, what: str) -> Any:
        return self.get(f"/control/{what}").json

    # -- steps that most tests begin with ----------------------------------------------------------

    def wait(self, seconds: float = SECONDS + 0.01) -> None:
        self.now += seconds

    def act(self, path: str, name: str) -> Reply:
        return self.post(f"{path}/actions.json", {"action": {"action": name}})

    def done(self, path: str, name: str) -> dict[str, Any]:
        """Submit an action, wait for its end, return its last answer."""
        reply = self.act(path, name)
        assert reply.status == 202, reply.raw
        self.wait()
        ended: dict[str, Any] = self.get(reply.location).json
        return ended

    def company(self, parent: str | None = None) -> str:
        return self.post(f"ous/{parent or self.reseller}/companies.json", {"ou": COMPANY}).guid

    def package(self, ou: str, code: str, *editions: str) -> str:
        given: dict[str, Any] = {"code": code}
        if self.settings.dialect == "legacy":
            given["editions"] = [{"code": edition} for edition in editions]
        reply = self.post(f"ous/{ou}/packages.json", {"package": given})
        assert reply.status == 201, reply.raw
        return reply.guid

    def cloudmail(self, ou: str | None = None) -> str:
        return self.package(
            ou or self.company(), "SYN-CMS" if self.settings.dialect == "legacy" else "CLM-STD"
        )

    def domain(self, package: str, name: str = "acme.example") -> str:
        reply = self.post(f"packages/{package}/domains.json", {"domain": {"domain_name": name}})
        assert reply.status == 201, reply.raw
        return reply.guid

    def fill_fields(self, domain: str, **values: str) -> Reply:
        """Give every field of a domain a value."""
        names = self.shown("domain", domain)["fields"]
        fields = {name: values.get(name, "same") for name in names}
        return self.patch(f"domains/{domain}/servicefields.json", {"fields": fields})

    def live_domain(self, package: str | None = None, name: str = "acme.example") -> str:
        domain = self.domain(package or self.cloudmail(), name)
        if self.shown("domain", domain)["fields"]:
            assert self.fill_fields(domain).status == 204
        assert self.done(f"domains/{domain}", "Provision")["state"] == "finished"
        return domain

    def mailbox(self, domain: str, local: str = "sample", *, live: bool = False, **given: Any) -> str:
        mailbox = {"email_local": local, "password": "Sample123$", "last_name": "Sample", **given}
        reply = self.post(f"domains/{domain}/mailboxes.json", {"mailbox": mailbox})
        assert reply.status == 201, reply.raw
        if live:
            assert self.done(f"mailboxes/{reply.guid}", "Provision")["state"] == "finished"
        return reply.guid

    def shown(self, kind: str, guid: str) -> dict[str, Any]:
        """The GET of an object, unwrapped."""
        plural = {"ou": "ous", "package": "packages", "domain": "domains", "mailbox": "mailboxes"}[kind]
        body = self.get(f"{plural}/{guid}.json").json
        found: dict[str, Any] = body.get(kind, body)
        return found

    def state(self, kind: str, guid: str) -> str:
        return str(self.shown(kind, guid)["state"])


def _finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the sandbox waited for something")
