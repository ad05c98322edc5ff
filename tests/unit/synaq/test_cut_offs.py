"""What really breaks on a socket, and what the client then says was sent."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from provisioning.synaq import Client, Meaning, Sent, SynaqError, transport

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TIMEOUT = (2.0, 0.3)
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"guid": "O"}'
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nLocation: /api/v1/domains/NEW\r\nContent-Length: 50\r\n\r\n{"
ACCEPTED_NOWHERE = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
CUT_BODY = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"guid": '
CUT_CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"gui\r\n'
BAD_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
GARBAGE = b"\x00\xffnot http at all\r\n\r\n"
BAD_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nhello"
CUT_REFUSAL = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{"code": 400'

Handler = Callable[[socket.socket], None]


class Server:
    """A socket on loopback that treats each connection with one handler, and keeps what it was sent."""

    def __init__(self, handler: Handler) -> None:
        self.received: list[bytes] = []
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def request(self, connection: socket.socket) -> bytes:
        """One request with its body, as far as the client sends it."""
        data = b""
        while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length and (part := connection.recv(65536)):
            body += part
        if head:
            self.received.append(head + b"\r\n\r\n" + body)
        return head

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                with suppress(OSError):
                    self._handler(connection)


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Callable[[Callable[[Server, socket.socket], None]], Server]:
    """Starts a server whose connections go to the given function."""

    def start(handle: Callable[[Server, socket.socket], None]) -> Server:
        server = Server(lambda connection: handle(server, connection))
        request.addfinalizer(server.close)
        return server

    return start


def answering(answer: bytes, *, close: bool = True) -> Callable[[Server, socket.socket], None]:
    """Reads one request per connection and answers it with these bytes."""

    def handle(server: Server, connection: socket.socket) -> None:
        server.request(connection)
        connection.sendall(answer)
        if close:
            connection.close()

    return handle


def reset(server: Server, connection: socket.socket) -> None:
    """Reads the request, then breaks the connection with a reset."""
    server.request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def keep_alive(server: Server, connection: socket.socket) -> None:
    while server.request(connection):
        connection.sendall(OK if server.received[-1].startswith(b"GET") else NO_CONTENT)


def act(client: Client) -> Any:
    return client.domains.act("D", "Provision")


def caught(client: Client, make: Callable[[Client], Any]) -> SynaqError:
    with pytest.raises(SynaqError) as found:
        make(client)
    return found.value


@pytest.fixture
def refused_url() -> Iterator[str]:
    """An address on which nothing listens, and nothing else can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_refused_connection_was_not_sent(make_client: Any, refused_url: str) -> None:
    error = caught(make_client(base_url=refused_url, timeout=TIMEOUT), act)
    assert (error.meaning, error.sent, error.applied, error.may_resend) == (
        Meaning.UNREACHABLE, Sent.NO, "no", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "handler",
    [answering(b""), reset, answering(GARBAGE), answering(b"HTTP/1.1 200 O", close=False),
     answering(b"", close=False)],
    ids=["closed", "reset", "garbage", "stalled-head", "silent"],
)  # fmt: skip
def test_change_without_an_answer_is_unknown_and_sent_once(
    handler: Any, make_client: Any, serve: Any
) -> None:
    server = serve(handler)
    error = caught(make_client(base_url=server.url, timeout=TIMEOUT), act)
    assert (error.meaning, error.sent, error.applied, error.may_resend) == (
        Meaning.CUT_OFF, Sent.UNKNOWN, "unknown", False,
    )  # fmt: skip
    assert len(server.received) == 1


def test_reading_without_an_answer_may_be_repeated(make_client: Any, serve: Any) -> None:
    error = caught(make_client(base_url=serve(reset).url, timeout=TIMEOUT), lambda c: c.ous.get("O"))
    assert (error.meaning, error.applied, error.may_resend) == (Meaning.CUT_OFF, "no", True)


@pytest.mark.parametrize("answer", [CUT_BODY, CUT_CHUNKS, BAD_GZIP], ids=["length", "chunks", "gzip"])
@pytest.mark.parametrize("close", [True, False], ids=["closed", "stalled"])
def test_reading_whose_body_breaks_off_is_unreadable(
    answer: bytes, close: bool, make_client: Any, serve: Any
) -> None:
    server = serve(answering(answer, close=close))
    error = caught(make_client(base_url=server.url, timeout=TIMEOUT), lambda c: c.ous.get("O"))
    assert (error.meaning, error.sent, error.applied, error.may_resend) == (
        Meaning.UNREADABLE, Sent.YES, "no", True,
    )  # fmt: skip


def test_creation_whose_body_breaks_off_after_the_location_is_known(make_client: Any, serve: Any) -> None:
    client = make_client(base_url=serve(answering(CREATED)).url, timeout=TIMEOUT)
    assert client.domains.create("O", "acme.com").location.guid == "NEW"


def test_refusal_whose_body_breaks_off_is_a_refusal(make_client: Any, serve: Any) -> None:
    error = caught(make_client(base_url=serve(answering(CUT_REFUSAL)).url, timeout=TIMEOUT), act)
    assert (error.meaning, error.applied) == (Meaning.REFUSED, "no")


def test_queued_action_that_cannot_be_followed_is_unknown(make_client: Any, serve: Any) -> None:
    error = caught(make_client(base_url=serve(answering(ACCEPTED_NOWHERE)).url, timeout=TIMEOUT), act)
    assert (error.meaning, error.sent, error.applied) == (Meaning.UNREADABLE, Sent.YES, "unknown")


def test_body_without_end_is_given_up(make_client: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 100)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000
    error = caught(
        make_client(base_url=serve(answering(endless)).url, timeout=TIMEOUT), lambda c: c.ous.get("O")
    )
    assert error.meaning is Meaning.UNREADABLE


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
def test_redirect_carries_nothing_to_the_other_address(status: bytes, make_client: Any, serve: Any) -> None:
    other = serve(answering(OK))
    moved = b"HTTP/1.1 %b\r\nLocation: %b/api/v1/ous/O.json\r\nContent-Length: 0\r\n\r\n" % (
        status,
        other.url.encode(),
    )
    server = serve(answering(moved))
    error = caught(make_client(base_url=server.url, timeout=TIMEOUT), lambda c: c.ous.get("O"))
    assert error.meaning is Meaning.REDIRECTED
    assert len(server.received) == 1
    assert other.received == []


def test_absolute_location_elsewhere_is_polled_at_our_own_address(make_client: Any, serve: Any) -> None:
    other, server = serve(answering(OK)), serve(answering(OK))
    make_client(base_url=f"{server.url}/prefix/", timeout=TIMEOUT).actions.poll(
        f"{other.url}/api/v1/ous/O/actions/7"
    )
    assert server.received[0].startswith(b"GET /prefix/api/v1/ous/O/actions/7.json HTTP/1.1\r\n")
    assert other.received == []


def at_once(server: Server, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(server: Server, connection: socket.socket) -> None:
    connection.close()


def stall(server: Server, connection: socket.socket) -> None:
    """Says nothing; the connection is closed with the server."""


@pytest.mark.parametrize("handler", [at_once, hang_up, stall], ids=["plain-text", "closed", "stalled"])
def test_handshake_that_fails_in_any_way_was_not_sent(handler: Any, make_client: Any, serve: Any) -> None:
    url = serve(handler).url.replace("http:", "https:")
    error = caught(make_client(base_url=url, timeout=(0.3, 0.3)), act)
    assert (error.meaning, error.sent, error.applied) == (Meaning.UNREACHABLE, Sent.NO, "no")


# urllib3 leaves the socket of an answer with such a header to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_answer_with_an_impossible_header_is_unknown(make_client: Any, serve: Any) -> None:
    error = caught(make_client(base_url=serve(answering(BAD_LENGTH)).url, timeout=TIMEOUT), act)
    gc.collect()
    assert (error.meaning, error.sent, error.applied) == (Meaning.CUT_OFF, Sent.UNKNOWN, "unknown")


def test_connection_is_kept_between_calls(make_client: Any, serve: Any) -> None:
    server = serve(keep_alive)
    client = make_client(base_url=server.url, timeout=TIMEOUT)
    for _ in range(3):
        client.ous.get("O")
    client.packages.link("P", "D")
    assert len(server.received) == 4
    assert len(server._open) == 1


def test_change_never_goes_into_a_connection_that_has_been_idle(
    make_client: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering(OK + OK, close=False))
    client = make_client(base_url=server.url, timeout=TIMEOUT)
    client.ous.get("O")
    monkeypatch.setattr(transport, "STALE_AFTER_SECONDS", -1.0)
    client.ous.delete("O")
    assert len(server._open) == 2


def test_kept_connection_that_breaks_under_a_change_is_unknown(make_client: Any, serve: Any) -> None:
    def once_then_close(server: Server, connection: socket.socket) -> None:
        server.request(connection)
        connection.sendall(OK)
        server.request(connection)
        connection.close()

    client = make_client(base_url=serve(once_then_close).url, timeout=TIMEOUT)
    client.ous.get("O")
    error = caught(client, act)
    assert (error.meaning, error.sent, error.applied) == (Meaning.CUT_OFF, Sent.UNKNOWN, "unknown")


def test_cookies_are_not_kept(make_client: Any, serve: Any) -> None:
    server = serve(
        answering(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\nSet-Cookie: a=b; Path=/\r\n\r\n"))
    )
    client = make_client(base_url=server.url, timeout=TIMEOUT)
    client.ous.get("O")
    client.ous.get("O")
    assert b"cookie" not in server.received[1].lower()


def test_environment_proxy_is_not_used(make_client: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = serve(answering(OK)), serve(answering(OK))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    make_client(base_url=server.url, timeout=TIMEOUT).ous.get("O")
    assert proxy.received == []


def test_closed_client_can_be_used_again(make_client: Any, serve: Any) -> None:
    client = make_client(base_url=serve(answering(OK)).url, timeout=TIMEOUT)
    with client:
        client.ous.get("O")
    assert client.ous.get("O").body == {"guid": "O"}
