"""How a request goes onto the wire."""

from __future__ import annotations

import pytest
from urllib3.connection import HTTPConnection

from provisioning.synaq import sockets


class Line:
    """A socket that keeps what is sent, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.pieces.append(data)

    def settimeout(self, _seconds: object) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("kind", [sockets._PlainConnection, sockets._TlsConnection])
def test_head_and_body_go_out_in_one_piece(kind: type[sockets._PlainConnection]) -> None:
    connection, line = kind("api.example.test"), Line()
    connection.sock = line
    connection.request(
        "POST", "/api/v1/x.json", body=b'{"a": 1}', headers={"Content-Type": "application/json"}
    )
    (piece,) = line.pieces
    head, _, body = piece.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/x.json HTTP/1.1\r\n")
    assert body == b'{"a": 1}'


def test_until_the_first_byte_goes_out_it_was_still_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(HTTPConnection, "connect", refused)
    sockets.begin()
    with pytest.raises(ConnectionRefusedError):
        sockets._PlainConnection("api.example.test").request("POST", "/", body=b"{}")
    assert sockets.was_still_connecting()
