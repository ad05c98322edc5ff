"""Another implementation of the API: as true to the documents as our sandbox, and different wherever they are silent.

Absolute locations with `.json`, wrapped bodies, shouting states, ids as text, no keep-alive, an OPTIONS answer of another
shape, `fields` as an empty list, no editions on a mailbox, errors as nested objects and as HTML.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER, KEY, RESELLER = "Other@Example", "another-key", "R-1"
EDITIONS = {"SYN-CMS-BASIC-02": {"name": "Basic"}, "SYN-CM-PREM-25-ARCH": {"name": "Premium", "default": "1"}}
CATALOGUE = {"products": {"SYN-CMS": {"title": "CloudMail", "available_editions": EDITIONS, "legacy_id": 7}}}
POLLS = 2  # an action is pending for so many polls


class Books:
    """What the server holds, and each call that it was sent."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {
            f"ous/{RESELLER}": {"guid": RESELLER, "title": "Other Reseller"}
        }
        self.actions: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.salts: set[str] = set()
        self.refuse: tuple[int, str, bytes] | None = None
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    books: Books
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def _route(self) -> None:
        with self.books.lock:
            self._answer()

    do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_LINK = _route  # noqa: N815  (the base class's names)

    def _answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        path = self.path.removeprefix("/prefix/api/v1/").removesuffix(".json")
        self.books.calls.append(f"{self.command} {path}")
        if not self._signed():
            return self._send(401, {"code": 401, "message": "Bad credentials"})
        if self.books.refuse and self.command == "POST":
            status, kind, text = self.books.refuse
            self.books.refuse = None
            return self._raw(status, kind, text)
        parts = path.split("/")
        return self._actions(parts) if "actions" in parts else self._things(path, parts, body)

    def _signed(self) -> bool:
        salt = self.headers.get("synaq-api-salt", "")
        expected = hashlib.sha1(f"{USER}{KEY}{salt}".encode(), usedforsecurity=False).hexdigest()
        fresh = salt not in self.books.salts
        self.books.salts.add(salt)
        return fresh and salt.isdigit() and self.headers.get("synaq-api-hash") == expected

    def _actions(self, parts: list[str]) -> None:
        thing = self.books.things["/".join(parts[:2])]
        if self.command == "POST":
            number = str(1000 + len(self.books.actions))
            self.books.actions[number] = {"polls": 0, "thing": thing, "to": "ACTIVE"}
            thing["state"] = "PENDING"
            return self._accepted(f"{'/'.join(parts[:2])}/actions/{number}")
        action = self.books.actions[parts[3]]
        action["polls"] += 1
        if action["polls"] <= POLLS:
            return self._send(200, {"state": "PENDING"})
        action["thing"]["state"] = action["to"]
        return self._send(
            200, {"action": {"id": parts[3], "action": "Provision", "state": "FINISHED", "errors": None}}
        )

    def _things(self, path: str, parts: list[str], body: Any) -> None:
        if self.command == "OPTIONS":
            return self._send(200, CATALOGUE)
        if self.command == "GET":
            thing = self.books.things.get(path)
            noun = parts[0].rstrip("s").replace("mailboxe", "mailbox")
            return self._send(200, {noun: thing}) if thing else self._send(404, {"message": "Not Found"})
        if self.command == "LINK":
            return self._send(204, None)
        return self._create(parts, body)

    def _create(self, parts: list[str], body: Any) -> None:
        noun = {"companies": "ous", "packages": "packages", "domains": "domains", "mailboxes": "mailboxes"}[
            parts[2]
        ]
        (given,) = body.values()
        guid = f"{noun[0].upper()}{uuid.uuid4().hex}"
        thing = {
            "guid": guid,
            "state": "INACTIVE",
            **{key: given[key] for key in given if key not in ("password", "editions")},
        }
        if noun == "packages":
            thing["valid_editions"] = EDITIONS
        if noun == "domains":
            thing |= {"fields": [], "service_fields": {"junk": 1}}
        if noun == "mailboxes":
            thing["email"] = f"{given['email_local']}@{self.books.things['/'.join(parts[:2])]['domain_name']}"
        self.books.things[f"{noun}/{guid}"] = thing
        if given.get("provision_immediately"):
            number = str(1000 + len(self.books.actions))
            self.books.actions[number] = {"polls": 0, "thing": thing, "to": "ACTIVE"}
            thing["state"] = "PENDING"
            return self._accepted(f"{noun}/{guid}/actions/{number}")
        return self._send(201, None, f"{noun}/{guid}")

    def _accepted(self, path: str) -> None:
        self._send(202, None, path)

    def _send(self, status: int, body: Any, location: str = "") -> None:
        self._raw(status, "application/json", b"" if body is None else json.dumps(body).encode(), location)

    def _raw(self, status: int, kind: str, text: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if location:
            host = f"127.0.0.1:{self.connection.getsockname()[1]}"
            self.send_header("location", f"http://{host}/prefix/api/v1/{location}.json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_api() -> Iterator[tuple[str, Books]]:
    """Its address (with a prefix in the path) and its books."""
    books = Books()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"books": books}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/prefix/", books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def count(books: Books, pattern: str) -> int:
    return sum(bool(re.fullmatch(pattern, call)) for call in books.calls)
