"""The real program for acceptance tests: `python -m dev run` in a folder of its own, driven from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

CHECKOUT = Path(__file__).resolve().parents[2]
# The program must find its own way: nothing of the test run's settings reaches it.
FOREIGN = (
    "SYNAQ_",
    "SANDBOX_",
    "PORTAL_",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SEAL_KEYS",
    "ALLOWED_HOSTS",
    "MAILROOM_",
    "DJANGO_",
)


@dataclass(frozen=True)
class SignIn:
    """One person of the demo."""

    role: str
    email: str
    password: str


class Stack:
    """One running Mailroom. `start` it, ask it where things are, kill parts of it, `stop` it.

    Process names: web, worker, beat, sandbox, redis, postgres.
    """

    def __init__(self, state: Path | None = None, **settings: str) -> None:
        """
        Args:
            state: the state folder; a temporary one unless given, removed by `remove`.
            settings: more environment variables, such as SANDBOX_ACTION_SECONDS="0.2-0.5".
        """
        self.state = state or new_state_folder()
        self._settings = settings
        self._launcher: subprocess.Popen[bytes] | None = None

    # -- life

    def start(self, seconds: float = 120) -> Stack:
        """Start it and wait until the page can be opened."""
        with (self.state / "launcher.log").open("ab") as output:
            self._launcher = subprocess.Popen(
                [sys.executable, "-m", "dev", "run"],
                cwd=CHECKOUT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # run.json of an earlier start says nothing about this one
        self.wait_until(lambda: self._ready_or_dead(), seconds, "the start")
        if self._launcher.poll() is not None:
            raise AssertionError(f"Mailroom did not start:\n{self.output()}")
        return self

    def stop(self, seconds: float = 30) -> int:
        """Stop it as Ctrl-C does; returns the exit code."""
        assert self._launcher is not None
        self._launcher.send_signal(signal.SIGINT)
        return self._launcher.wait(timeout=seconds)

    def remove(self) -> None:
        """Stop it if it runs, and remove its folder."""
        if self._launcher is not None and self._launcher.poll() is None:
            self.stop()
        shutil.rmtree(self.state, ignore_errors=True)

    def kill_launcher(self) -> None:
        """Kill the launcher itself (-9). What it had started goes on, until the next `start`."""
        assert self._launcher is not None
        self._launcher.kill()
        self._launcher.wait()

    # -- where things are

    @property
    def web_url(self) -> str:
        return cast(str, self._record()["web"])

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address; its control endpoints are below `/control/`."""
        return cast(str, self._record()["sandbox"])

    @property
    def database_url(self) -> str:
        return cast(str, self._record()["database_url"])

    @property
    def redis_url(self) -> str:
        return cast(str, self._record()["redis_url"])

    @property
    def sign_ins(self) -> dict[str, SignIn]:
        """The demo's people by role; the first of each."""
        people = [SignIn(**entry) for entry in self._record()["sign_ins"]]
        return {person.role: person for person in reversed(people)}

    def pids(self) -> dict[str, int]:
        """The present processes by name."""
        return {name: entry["pid"] for name, entry in self._record().get("processes", {}).items()}

    # -- what tests do to it

    def kill(self, name: str, number: int = signal.SIGKILL, *, hold: bool = True) -> None:
        """Send a signal to one process, and wait until it has ended.

        Args:
            hold: keep it away until `start_again`; else the launcher starts it again after a second.
        """
        pid = self.pids()[name]
        if hold:
            (self.state / "hold" / name).touch()
        _send(pid, number)
        self.wait_until(lambda: self.pids().get(name) != pid, 15, f"the end of {name}")

    def start_again(self, name: str) -> None:
        """Let the launcher start a process again, and wait until it has a number."""
        (self.state / "hold" / name).unlink(missing_ok=True)
        self.wait_until(lambda: name in self.pids(), 40, f"the return of {name}")

    def control(self, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """Ask the sandbox's control endpoint: GET, or POST with JSON. `path` is below /control/."""
        request = urllib.request.Request(  # noqa: S310  our own sandbox
            f"{self.sandbox_url}/control/{path.lstrip('/')}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            body = answer.read()
        return json.loads(body) if body else None

    def output(self) -> str:
        """What the launcher printed."""
        return (self.state / "launcher.log").read_text(errors="replace")

    def log(self, name: str) -> str:
        """What one process printed."""
        path = self.state / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @staticmethod
    def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for a condition; an assertion error that names it if it does not come true."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.")
            time.sleep(0.05)

    # -- inside

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {**kept, "PORT": "0", **self._settings, "MAILROOM_STATE": str(self.state)}

    def _ready_or_dead(self) -> bool:
        assert self._launcher is not None
        record = self._record()
        return self._launcher.poll() is not None or (
            bool(record.get("ready")) and record.get("launcher") == self._launcher.pid
        )

    def _record(self) -> dict[str, Any]:
        try:
            return cast(dict[str, Any], json.loads((self.state / "run.json").read_text()))
        except FileNotFoundError:
            return {}


def new_state_folder() -> Path:
    """A temporary folder that the database's account may pass through (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="mailroom-acceptance-")).resolve()
    folder.chmod(0o711)
    return folder


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
