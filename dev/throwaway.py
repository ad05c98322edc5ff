"""Servers that live as long as one command: for tests and for trying things."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dev import signals
from dev.secrets import load_secrets
from dev.servers import Servers, start_servers
from dev.signals import Stopped
from dev.state import State
from dev.supervise import TICK, Supervisor, clear_leftovers
from dev.trouble import Trouble

PREFIX, UNLOCKED = "mailroom-throwaway-", "mailroom-unlocked-"


@contextmanager
def throwaway_servers() -> Iterator[Servers]:
    """Postgres and Redis in a temporary folder, gone with all their data afterwards."""
    _clear_abandoned()
    made = State(Path(tempfile.mkdtemp(prefix=UNLOCKED)).resolve())
    made.root.chmod(0o711)  # the account of the database must pass
    made.make()
    with made.lock():
        # Only now it gets the name by which others look for what was abandoned: they would take the lock
        state = State(made.root.rename(made.root.with_name(made.root.name.replace(UNLOCKED, PREFIX, 1))))
        supervisor, servers = Supervisor(state), None
        try:
            servers = start_servers(state, supervisor, load_secrets(state), durable=False)
            yield servers
        finally:
            signals.ignore()
            supervisor.stop()
            if servers and servers.postgres:
                servers.postgres.remove()
            shutil.rmtree(state.root, ignore_errors=True)
            signals.listen()


def _clear_abandoned() -> None:
    """End the servers of earlier commands that were killed, and remove their folders."""
    for folder in Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*"):
        state = State(folder)
        try:
            with state.lock():
                clear_leftovers(state)
                shutil.rmtree(folder, ignore_errors=True)
        except (Trouble, OSError):
            continue  # in use, or somebody else's


def run_command(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command in the foreground; a signal that stops us is passed on, and its end awaited."""
    return await_all(subprocess.Popen(argv, env=dict(environment)))[0]


def await_all(*processes: subprocess.Popen[bytes]) -> list[int]:
    """The exit codes of all, in their order; a signal that stops us is passed on to those that still run."""
    while any(process.poll() is None for process in processes):
        try:
            for process in processes:
                process.wait(timeout=TICK)
        except subprocess.TimeoutExpired:
            continue
        except Stopped as stopped:
            for process in processes:
                if stopped.number != signal.SIGINT:  # a Ctrl-C has reached the command already
                    process.send_signal(stopped.number)
    return [process.returncode for process in processes]
