"""The sandbox as a process of its own: over HTTP, killed, started again."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[3]
USER, KEY, RESELLER = "tester", "key-of-the-tester", "5a0d0b0c-0000-4000-8000-0000000000aa"
COMPANY = {
    "title": "Acme Ltd",
    "physical_address": {
        "line_1": "1 Long Street",
        "city": "Cape Town",
        "postal_code": "8001",
        "country": "ZA",
    },
}


class Process:
    """A running sandbox and a signing client for it."""

    def __init__(self, state: Path, **extra: str) -> None:
        self.state = state
        self._salts = count(time.time_ns() // 1000)
        self._environment = {
            **os.environ,
            "SANDBOX_PORT": "0",
            "SANDBOX_STATE": str(state),
            "SANDBOX_USER": USER,
            "SANDBOX_KEY": KEY,
            "SANDBOX_RESELLER_GUID": RESELLER,
            "SANDBOX_SEED": "empty",
            "SANDBOX_ACTION_SECONDS": "0.2-0.4",
            **extra,
        }
        self.start()

    def start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert "listens at" in line, line
        self.url = line.split("listens at ")[1].split(",")[0]

    def kill(self) -> None:
        self._child.kill()
        self._child.communicate()

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Ask it to end; what it printed since its first line."""
        self._child.send_signal(number)
        return self._child.communicate(timeout=10)[0]

    def call(
        self, method: str, path: str, body: Any = None, *, salt: str | None = None, timeout: float = 5
    ) -> requests.Response:
        salt = salt or str(next(self._salts))
        headers = {
            "synaq-api-user": USER,
            "synaq-api-salt": salt,
            "synaq-api-hash": sha1(f"{USER}{KEY}{salt}".encode(), usedforsecurity=False).hexdigest(),
        }
        path = path if path.startswith("/") else f"/api/v1/{path}"
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=timeout)

    def look(self, what: str) -> Any:
        return requests.get(f"{self.url}/control/{what}", timeout=5).json()

    def live_domain(self) -> str:
        company = self.call("POST", f"ous/{RESELLER}/companies.json", {"ou": COMPANY}).headers["Location"]
        guid = company.rsplit("/", 1)[1]
        package = {"package": {"code": "SYN-CMS", "editions": []}}
        location = self.call("POST", f"ous/{guid}/packages.json", package).headers["Location"]
        domain = {"domain": {"domain_name": "acme.example", "provision_immediately": True}}
        action = self.call("POST", f"{location.removeprefix('/api/v1/')}/domains.json", domain).headers[
            "Location"
        ]
        assert self.ended(action)["state"] == "finished"
        return action.split("/")[4]

    def ended(self, location: str) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.call("GET", f"{location}.json").json()
            if found["state"] in ("finished", "error"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{location} did not end")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "sandbox.sqlite3")
    yield process
    process.kill()


def mailbox(local: str, **given: object) -> dict[str, object]:
    return {"mailbox": {"email_local": local, "password": "Sample123$", "last_name": "Sample", **given}}


def test_the_guides_own_path_from_company_to_mailbox_works_over_http(sandbox: Process) -> None:
    domain = sandbox.live_domain()
    reply = sandbox.call("POST", f"domains/{domain}/mailboxes.json", mailbox("a", provision_immediately=True))
    assert reply.status_code == 202
    assert sandbox.ended(reply.headers["Location"])["action"] == "provision"
    guid = reply.headers["Location"].split("/")[4]
    assert sandbox.call("GET", f"mailboxes/{guid}.json").json()["state"] == "active"


def test_link_and_options_pass_through_the_server(sandbox: Process) -> None:
    company = sandbox.call("POST", f"ous/{RESELLER}/companies.json", {"ou": COMPANY}).headers["Location"]
    ou = company.removeprefix("/api/v1/")
    brand = {"package": {"code": "SYN-PIN-BRD", "editions": [{"code": "SYN-PIN-BRD"}]}}
    package = sandbox.call("POST", f"{ou}/packages.json", brand).headers["Location"]
    name = {"domain": {"domain_name": "acme.example"}}
    domain = sandbox.call("POST", f"{ou}/domains.json", name).headers["Location"].rsplit("/", 1)[1]
    assert sandbox.call("LINK", f"{package}/domains/{domain}.json").status_code == 204
    assert sandbox.call("OPTIONS", f"{ou}/packages.json").status_code == 200


def test_the_location_is_spelled_as_the_guide_spells_it(sandbox: Process) -> None:
    domain = sandbox.live_domain()
    salt = str(time.time_ns() // 1000)
    signature = sha1(f"{USER}{KEY}{salt}".encode(), usedforsecurity=False).hexdigest()
    body = b'{"mailbox":{"email_local":"a","password":"Sample123$","last_name":"S"}}'
    host, port = sandbox.url.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/domains/{domain}/mailboxes.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"synaq-api-user: {USER}\r\nsynaq-api-salt: {salt}\r\nsynaq-api-hash: {signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"\r\nLocation: /api/v1/mailboxes/" in answer


def test_what_was_answered_survives_a_kill(sandbox: Process) -> None:
    domain = sandbox.live_domain()
    salt = str(time.time_ns() // 1000)
    assert sandbox.call("GET", f"domains/{domain}.json", salt=salt).status_code == 200
    reply = sandbox.call("POST", f"domains/{domain}/mailboxes.json", mailbox("a", provision_immediately=True))
    sandbox.kill()
    sandbox.start()
    assert sandbox.call("GET", f"domains/{domain}.json", salt=salt).status_code == 401
    assert sandbox.ended(reply.headers["Location"])["state"] == "finished"
    guid = reply.headers["Location"].split("/")[4]
    applied = sandbox.look("books")["objects"][guid]["applied"]
    assert applied == {"Create": 1, "Provision": 1}


def test_one_address_is_created_once_by_many_at_a_time(sandbox: Process) -> None:
    domain = sandbox.live_domain()

    def create(_: int) -> int:
        return sandbox.call("POST", f"domains/{domain}/mailboxes.json", mailbox("same")).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(16)))
    assert statuses == [201] + [400] * 15


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_quietly_when_it_is_told_to_and_keeps_its_state(sandbox: Process, number: int) -> None:
    sandbox.live_domain()
    assert sandbox.stop(number) == ""
    with sqlite3.connect(sandbox.state) as database:
        (found,) = database.execute("SELECT count(*) FROM things WHERE kind = 'domain'").fetchone()
    database.close()
    assert found == 2  # ours and the one of somebody else


def refused_start(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_one_sentence(sandbox: Process, tmp_path: Path) -> None:
    port = sandbox.url.rsplit(":", 1)[1]
    words = refused_start(SANDBOX_PORT=port, SANDBOX_STATE=str(tmp_path / "other.sqlite3"))
    assert words.startswith(f"The sandbox cannot use 127.0.0.1:{port}")


def test_the_state_of_another_reseller_is_one_sentence(sandbox: Process) -> None:
    sandbox.stop()
    words = refused_start(SANDBOX_PORT="0", SANDBOX_STATE=str(sandbox.state), SANDBOX_RESELLER_GUID="other")
    assert "belongs to another reseller" in words


def test_a_state_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("this is no database, and it is long enough to be seen as none" * 20)
    words = refused_start(SANDBOX_PORT="0", SANDBOX_STATE=str(tmp_path / "state"))
    assert "cannot be used" in words
