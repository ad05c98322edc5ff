"""`python -m dev COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from dev import signals
from dev.secrets import load_secrets
from dev.servers import start_servers
from dev.state import State
from dev.supervise import TICK, Supervisor
from dev.throwaway import run_command, throwaway_servers
from dev.trouble import Trouble


def serve_only(_: argparse.Namespace) -> int:
    """Start both servers, print where they are, keep them until stopped."""
    state = State.chosen()
    state.check_space()
    with state.lock():
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


def execute(arguments: argparse.Namespace) -> int:
    """Run one command with throwaway servers."""
    with throwaway_servers() as servers:
        return run_command(arguments.command, {**os.environ, **servers.environment()})


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("servers", help=serve_only.__doc__).set_defaults(action=serve_only)
    one = commands.add_parser("exec", help=execute.__doc__)
    one.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    one.set_defaults(action=execute)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; expected trouble is one sentence and exit code 2."""
    arguments = parser().parse_args(argv)
    command = getattr(arguments, "command", None)
    if command and command[0] == "--":
        del command[0]
    signals.listen()
    try:
        return int(arguments.action(arguments))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except signals.Stopped as stopped:
        return 128 + stopped.number


if __name__ == "__main__":
    sys.exit(main())
