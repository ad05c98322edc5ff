from __future__ import annotations

from typing import Any

import pytest
import responses
from requests import Request, Session

from provisioning.synaq import Client
from provisioning.synaq.signing import SwssAuth, swss_hash

BASE = "https://api.example.test"


def test_hash_is_sha1_of_user_key_and_salt_joined() -> None:
    assert swss_hash("u", "k", "15190380001234") == "00d6d014adb0434e8dd9d55defea3700fd251590"


def test_each_prepared_request_takes_a_fresh_salt() -> None:
    salts = iter(["11", "12"])
    auth, session = SwssAuth("u", "k", lambda: next(salts)), Session()
    prepared = [session.prepare_request(Request("GET", BASE, auth=auth)) for _ in range(2)]
    assert [request.headers["synaq-api-salt"] for request in prepared] == ["11", "12"]
    assert prepared[0].headers["synaq-api-hash"] != prepared[1].headers["synaq-api-hash"]


def test_user_name_outside_ascii_is_sent_as_the_bytes_that_were_hashed() -> None:
    prepared = Session().prepare_request(Request("GET", BASE, auth=SwssAuth("zoë", "k", lambda: "1")))
    assert prepared.headers["synaq-api-user"].encode("latin-1") == "zoë".encode()
    assert prepared.headers["synaq-api-hash"] == "13e886cc65a27ad0e049e58d03fa6737012d5518"


@pytest.mark.parametrize(("user", "key"), [("", "k"), ("u", ""), ("u\r\nX: y", "k"), ("u", "k\n")])
def test_user_or_key_that_cannot_be_a_header_is_refused(user: str, key: str) -> None:
    with pytest.raises(ValueError):
        SwssAuth(user, key, lambda: "1")


def test_key_is_in_no_printed_form(make_client: Any) -> None:
    client = make_client(key="hidden-key")
    assert "hidden-key" not in repr(client) + repr(SwssAuth("u", "hidden-key", lambda: "1"))


def test_salt_is_taken_after_the_gate_lets_through(make_client: Any, wire: responses.RequestsMock) -> None:
    order: list[str] = []

    def salt() -> str:
        order.append("salt")
        return "1"

    client = make_client(salts=salt, gate=lambda: order.append("gate"))
    wire.get(f"{BASE}/api/v1/ous/O.json", json={"guid": "O"})
    client.ous.get("O")
    assert order == ["gate", "salt"]


def test_what_the_gate_raises_comes_through_and_nothing_is_sent(make_client: Any) -> None:
    class Closed(Exception):
        pass

    def gate() -> None:
        raise Closed

    client: Client = make_client(gate=gate)
    with pytest.raises(Closed):
        client.ous.get("O")
