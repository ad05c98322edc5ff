"""One signed request over HTTP, and one answer or one error back. Nothing is ever sent twice from here."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit
from weakref import WeakSet

import requests

from provisioning.synaq import errors, sockets, wire
from provisioning.synaq.answers import Answer, parse, read_guid, read_retry_after, unwrap
from provisioning.synaq.locations import Location, read_location
from provisioning.synaq.meanings import READING
from provisioning.synaq.signing import HASH, SwssAuth

LARGEST_BODY = 32 * 1024 * 1024
LONGEST_BODY_SECONDS = 60.0
# A server closes idle connections when it likes; a change sent into that moment has an unknown end.
STALE_AFTER_SECONDS = 1.5
_HEADERS = {"Accept": "application/json", "User-Agent": "Mailroom"}


class Expect(StrEnum):
    """What a 2xx answer must say to be understood."""

    BODY = "body"  # a JSON object or list
    ANYTHING = "anything"  # kept as it is, even if it is no JSON
    CREATED = "created"  # the GUID of what was made
    QUEUED = "queued"  # the location of the action
    DONE = "done"  # nothing, unless it is a 202


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be made. `path` begins with `/api/v1/` and has no `.json`."""

    method: str
    path: str
    expect: Expect
    noun: str | None = None
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}.json"

    @property
    def shape(self) -> str:
        """Which call it is, whatever it is about: `GET domains/{guid}`. There are only so many."""
        words = self.path.removeprefix("/api/v1/").split("/")[:_DEEPEST]
        return f"{self.method} {'/'.join(word if word in _WORDS else '{guid}' for word in words)}"


_DEEPEST = 6
_WORDS = frozenset(
    (
        *("ous", "companies", "subresellers", "packages", "domains", "mailboxes", "dls", "resources"),
        *("servicefields", "actions", "edition", "usage"),
    )
)


@dataclass(frozen=True, slots=True)
class Made:
    """One call that was made: what it meant (`ok`, or a meaning), its time from the gate to the end of the answer, and the
    GUID of what it created."""

    call: Call
    status: int | None
    meaning: str
    seconds: float
    guid: str = ""


@dataclass(frozen=True, slots=True)
class _Received:
    status: int
    headers: Mapping[str, str]
    content: bytes
    cut: bool


def api_path(*parts: str) -> str:
    """`/api/v1/…` with every part quoted. Raises ValueError for a part that would lead elsewhere."""
    if any(not part or part in (".", "..") for part in parts):
        raise ValueError("A GUID must not be empty.")
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


class Transport:
    """Sends calls to one address, by one session per thread: no retries, redirects, cookies or proxies."""

    def __init__(
        self,
        base_url: str,
        auth: SwssAuth,
        timeout: tuple[float, float],
        gate: Callable[[], None] | None = None,
        observe: Callable[[Made], None] | None = None,
    ) -> None:
        self.base_url = _base(base_url)
        self._auth, self._timeout, self._gate, self._observe = auth, timeout, gate, observe
        self._local = threading.local()
        self._sessions: WeakSet[requests.Session] = WeakSet()
        self._lock = threading.Lock()

    def send(self, call: Call) -> Answer:
        """The answer to one call; raises `SynaqError` for every other end of it."""
        if self._gate:
            self._gate()
        began = time.monotonic()
        try:
            answer = self._send(call)
        except errors.SynaqError as error:
            self._tell(call, error.status, error.meaning.value, began)
            raise
        made = call.expect is Expect.CREATED and answer.location
        self._tell(call, answer.status, "ok", began, made.guid if made else "")
        return answer

    def _tell(self, call: Call, status: int | None, meaning: str, began: float, guid: str = "") -> None:
        if self._observe:
            self._observe(Made(call, status, meaning, time.monotonic() - began, guid))

    def _send(self, call: Call) -> Answer:
        session = self._session(call.method)
        # Not by the session, which would look for cookies, proxies and hooks that there are none of
        prepared = self._request(call).prepare()
        received = self._exchange(session, prepared)
        # Raised here, outside any `except`: the exception of requests holds our headers and body.
        if isinstance(received, Exception):
            raise errors.from_exception(str(call), received, connecting=sockets.was_still_connecting())
        hide = (*self._auth.secrets(), str(prepared.headers.get(HASH)), *wire.secrets_in(call.payload))
        return _answer(call, received, hide)

    def close(self) -> None:
        """Closes the connections of all threads; the transport can be used again afterwards."""
        with self._lock:
            for session in list(self._sessions):
                session.close()

    def _request(self, call: Call) -> requests.Request:
        body = None if call.payload is None else json.dumps(call.payload, allow_nan=False).encode()
        headers = _HEADERS if body is None else {**_HEADERS, "Content-Type": "application/json"}
        url = f"{self.base_url}{call.path}.json"
        return requests.Request(
            call.method, url, headers, data=body, params=dict(call.params or {}), auth=self._auth
        )

    def _exchange(
        self, session: requests.Session, prepared: requests.PreparedRequest
    ) -> _Received | Exception:
        # The adapter is asked directly: Session.send would look at redirects and keep cookies.
        adapter = session.get_adapter(str(prepared.url))
        sockets.begin()
        try:
            response = adapter.send(prepared, stream=True, timeout=self._timeout, verify=True, proxies={})
        except Exception as problem:
            return problem
        content, cut = _read_body(response)
        return _Received(response.status_code, response.headers, content, cut)

    def _session(self, method: str) -> requests.Session:
        local, now = self._local, time.monotonic()
        session: requests.Session | None = getattr(local, "session", None)
        # After a fork the child must not write into its parent's connection.
        if session is None or local.process != os.getpid():
            session = local.session = self._new_session()
            local.process = os.getpid()
        elif method not in READING and now - local.used > STALE_AFTER_SECONDS:
            session.close()
        local.used = now
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            session.mount(scheme, sockets.Adapter())
        with self._lock:
            self._sessions.add(session)
        return session


def _base(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise ValueError("The API's address must be like https://host or https://host/prefix.")
    return base_url.strip().rstrip("/").removesuffix("/api/v1")


def _read_body(response: requests.Response) -> tuple[bytes, bool]:
    """The body, and whether it broke off: the status and headers, already here, may say enough."""
    parts: list[bytes] = []
    size, deadline = 0, time.monotonic() + LONGEST_BODY_SECONDS
    try:
        while chunk := response.raw.read1(65536, decode_content=True):
            parts.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY or time.monotonic() > deadline:
                return b"", True
    except Exception:
        return b"".join(parts), True
    finally:
        response.close()
    return b"".join(parts), False


def _answer(call: Call, received: _Received, hide: tuple[str, ...]) -> Answer:
    raw = parse(received.content, received.headers.get("Content-Type", ""))
    retry_after = read_retry_after(received.headers.get("Retry-After"))
    if not 200 <= received.status < 300:
        raise errors.from_answer(str(call), received.status, raw, retry_after=retry_after, hide=hide)
    if received.cut and call.expect in (Expect.BODY, Expect.ANYTHING):
        raise errors.unreadable(str(call), received.status, "SYNAQ's answer broke off.")
    body = unwrap(raw, call.noun) if isinstance(raw, dict | list) else None
    location = read_location(received.headers.get("Location"), f"{call.path}.json")
    if not _leads_there(call, location):
        told = unwrap(body, "action") if received.status == 202 else body
        location = _named_in_body(call, told, received.status)
    answer = Answer(received.status, body, raw, location, retry_after)
    _must_say(call, answer)
    return answer


def _leads_there(call: Call, location: Location | None) -> bool:
    """Whether the location is of what was asked for: a domain's GUID must never be taken for its mailbox's."""
    if location is None:
        return False
    if call.expect is Expect.QUEUED:
        return location.action_id is not None
    return call.expect is not Expect.CREATED or location.kind == call.noun


def _named_in_body(call: Call, body: Any, status: int) -> Location | None:
    """Where no header tells, a body may still hold the id of the action or the GUID of what was made. The `id` in a 202 is
    the action's: it must never be taken for that GUID."""
    named = read_guid(body) if isinstance(body, dict) else None
    if named is None or call.noun is None:
        return None
    if call.expect is Expect.QUEUED:
        return read_location(f"{call.path}/{quote(named, safe='')}")
    if call.expect is Expect.DONE and status == 202 and "guid" not in body:
        thing = "/".join(call.path.split("/")[:5])  # /api/v1/mailboxes/{guid}
        return read_location(f"{thing}/actions/{quote(named, safe='')}")
    if call.expect is Expect.CREATED and (status != 202 or "guid" in body):
        return read_location(f"/api/v1/{_PLURAL[call.noun]}/{quote(named, safe='')}")
    return None


_PLURAL = {"ou": "ous", "package": "packages", "domain": "domains", "mailbox": "mailboxes"}


def _must_say(call: Call, answer: Answer) -> None:
    lacking = None
    if call.expect is Expect.BODY and not isinstance(answer.body, dict if call.noun else dict | list):
        lacking = "SYNAQ's answer is not the JSON that was expected."
    elif call.expect is Expect.QUEUED and answer.location is None:
        lacking = "SYNAQ's answer does not say where the action can be followed."
    elif (call.expect is Expect.CREATED or answer.status == 202) and answer.location is None:
        lacking = "SYNAQ's answer does not say where the result can be found."
    if lacking and call.expect is not Expect.ANYTHING:
        raise errors.unreadable(str(call), answer.status, lacking)
