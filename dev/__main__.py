"""`python -m dev COMMAND`: what the Makefile calls."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dev import access, checks, lock, manage, signals, soak, testing
from dev.environment import test_environment
from dev.run import run
from dev.secrets import load_secrets
from dev.servers import start_servers
from dev.state import State
from dev.supervise import TICK, Supervisor, clear_leftovers
from dev.throwaway import run_command, throwaway_servers
from dev.trouble import Trouble


def serve_only(_: list[str]) -> int:
    """Start both servers, print where they are, keep them until stopped."""
    state = State.chosen()
    state.check_space()
    with state.lock():
        clear_leftovers(state)
        supervisor = Supervisor(state, lambda line: print(line, file=sys.stderr, flush=True))
        try:
            servers = start_servers(state, supervisor, load_secrets(state), durable=True)
            for name, value in servers.environment().items():
                print(f"export {name}={value}", flush=True)
            while True:
                supervisor.tick()
                time.sleep(TICK)
        except signals.Stopped:
            return 0
        finally:
            signals.ignore()
            supervisor.stop()


def execute(words: list[str]) -> int:
    """Run one command with throwaway servers and the settings that tests have."""
    if not words:
        raise Trouble("Say which command: python -m dev exec -- COMMAND")
    with throwaway_servers() as servers:
        return run_command(words, test_environment(servers.environment(), servers.secrets))


def _running_state() -> State:
    return State.chosen(connected=bool(os.environ.get("SYNAQ_BASE_URL")))


def hold(words: list[str]) -> int:
    """Stop one process (web, worker, beat, sandbox, redis, postgres) of what runs, until `start`."""
    for hold in _holds(words):
        hold.touch()
    return 0


def release(words: list[str]) -> int:
    """Start a process again that `stop` had stopped."""
    for hold in _holds(words):
        hold.unlink(missing_ok=True)
    return 0


def _holds(names: list[str]) -> list[Path]:
    """What keeps each of these from being started. Trouble where one is no process, or none is named."""
    unknown = [name for name in names if name not in PROCESSES]
    if unknown or not names:
        said = f"There is no process {unknown[0]!r}." if unknown else "Name a process."
        raise Trouble(f"{said} There are: {', '.join(PROCESSES)}.")
    folder = _running_state().holds
    return [folder / name for name in names]


def run_everything(_: list[str]) -> int:
    """Start the whole portal and keep it running (`make run`)."""
    return run()


PROCESSES = ("web", "worker", "beat", "sandbox", "redis", "postgres")
COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run_everything,
    "stop": hold,
    "start": release,
    "manage": manage.run_manage,
    "servers": serve_only,
    "exec": execute,
    "test": testing.run_tests,
    "access": access.run_access,
    "soak": soak.run_soak,
    "check": checks.run_checks,
    "lock": lock.run_lock,
}


def usage() -> str:
    lines = [f"  {name:<12}{(action.__doc__ or '').splitlines()[0]}" for name, action in COMMANDS.items()]
    return "\n".join(["python -m dev COMMAND", *lines])


def main(argv: Sequence[str]) -> int:
    """Run one command; expected trouble is one sentence and exit code 2."""
    if not argv or argv[0] not in COMMANDS:
        print(usage(), file=sys.stderr)
        return 2
    words = [word for place, word in enumerate(argv[1:]) if (place, word) != (0, "--")]
    signals.listen()
    try:
        return COMMANDS[argv[0]](words)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except signals.Stopped as stopped:
        return 128 + stopped.number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
