"""A sandbox process for tests that talk to an API, and what they ask of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from provisioning import runner, secrets
from provisioning.models import OU, Action, Connection, Reading
from tests.integration.factories import make_ou

USER, KEY, RESELLER = "tests@mailroom.test", "a-key-for-tests", "11111111-2222-3333-4444-555555555555"
ROOT = Path(__file__).resolve().parents[2]


class Sandbox:
    """The running sandbox: its address, its books, its knobs."""

    def __init__(self, url: str, dialect: str) -> None:
        self.url, self.dialect = url, dialect

    def tell(self, knob: str, **facts: Any) -> None:
        requests.post(f"{self.url}/control/{knob}", json=facts, timeout=5).raise_for_status()

    def ask(self, what: str) -> Any:
        answer = requests.get(f"{self.url}/control/{what}", timeout=5)
        answer.raise_for_status()
        return answer.json()

    def applied(self, call: str) -> int:
        """How often a call was carried out, as in `POST mailbox`."""
        return int(self.ask("books")["applied"].get(call, 0))

    def root(self, base_url: str = "") -> OU:
        """A connection to it and the reseller's OU, in the database."""
        connection = Connection.objects.create(
            name="sandbox",
            base_url=base_url or self.url,
            api_user=USER,
            sealed_key=secrets.seal({"key": KEY}),
            dialect=self.dialect,
            reseller_guid=RESELLER,
            rate=500,
        )
        return make_ou(connection, guid=RESELLER, title="Reseller")


@contextmanager
def running_sandbox(folder: Path, dialect: str = "legacy", seconds: str = "0.1-0.3") -> Iterator[Sandbox]:
    """A sandbox on a free port with a reseller and nothing else."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "SANDBOX_PORT": str(port),
        "SANDBOX_STATE": str(folder / f"sandbox-{dialect}.sqlite3"),
        "SANDBOX_USER": USER,
        "SANDBOX_KEY": KEY,
        "SANDBOX_RESELLER_GUID": RESELLER,
        "SANDBOX_DIALECT": dialect,
        "SANDBOX_SEED": "empty",
        "SANDBOX_ACTION_SECONDS": seconds,
    }
    process = subprocess.Popen([sys.executable, "-m", "sandbox"], env=environment, cwd=ROOT)
    try:
        sandbox = Sandbox(f"http://127.0.0.1:{port}", dialect)
        _wait_for(sandbox)
        yield sandbox
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(sandbox: Sandbox) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            sandbox.ask("books")
            return
        except requests.RequestException:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def nothing_open() -> bool:
    """Whether every action has ended or waits for a person, and everything wanted has been read."""
    waits = Action.objects.filter(next_at__isnull=False).exists()
    return not waits and not Reading.objects.filter(due_at__isnull=False).exists()


def drive_to_the_end(seconds: float = 30) -> None:
    """Work in this process until nothing is left to do."""
    runner.drive(stopping=nothing_open, works_for=seconds)
