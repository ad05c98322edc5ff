"""An API on a bare socket that answers as it is told, breaks off where it is told, and keeps every request."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by a reset instead of a goodbye


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Answer = Callable[[socket.socket], None]


def says(status: int, body: Any = None, **headers: str) -> Answer:
    """A whole answer: JSON of the body, or the text as HTML. `location` and `retry_after` become headers, and so does
    `content_type` where it is another."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(_bytes(status, body, headers))

    return answer


def breaks_off(status: int, body: Any, **headers: str) -> Answer:
    """An answer of which the last bytes never come."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(_bytes(status, body, headers)[:-5])

    return answer


def resets(connection: socket.socket) -> None:
    """The connection is reset where the answer should be."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def hangs(connection: socket.socket) -> None:
    """No answer, until the other side has had enough."""
    with suppress(OSError):
        connection.recv(1)


def _bytes(status: int, body: Any, headers: dict[str, str]) -> bytes:
    html = isinstance(body, str)
    content = b"" if body is None else body.encode() if html else json.dumps(body).encode()
    headers = {"content_type": "text/html" if html else "application/json", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append("Connection: close")
    if status != 204:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""]).encode() + content


@dataclass
class FakeApi:
    """`on(…)` says what to answer: the given answers one after the other, the last one for ever."""

    port: int
    requests: list[Request] = field(default_factory=list)
    opened: int = 0
    reset_before: int = 0
    _rules: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, *answers: Answer) -> None:
        """`path` is a part of it; the rule that was made last is asked first."""
        self._rules.pop((method, path), None)
        self._rules = {(method, path): list(answers), **self._rules}

    def count(self, method: str, path: str = "") -> int:
        return sum(request.method == method and path in request.path for request in self.requests)

    def handle(self, connection: socket.socket) -> None:
        self.opened += 1
        if self.reset_before > 0:
            self.reset_before -= 1
            resets(connection)
            return
        request = _read(connection)
        if request is None:
            return
        self.requests.append(request)
        self._answer_to(request)(connection)

    def _answer_to(self, request: Request) -> Answer:
        for (method, path), answers in self._rules.items():
            if method == request.method and path in request.path:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return says(404, {"code": 404, "message": "Not Found"})


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, json.loads(body) if body else None)


@contextmanager
def running_api() -> Iterator[FakeApi]:
    """Listens on a free port of the loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = FakeApi(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, api), daemon=True)
        thread.start()
        yield api
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _serve(listener: socket.socket, api: FakeApi) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_one, args=(connection, api), daemon=True).start()


def _one(connection: socket.socket, api: FakeApi) -> None:
    with connection, suppress(OSError):
        api.handle(connection)
