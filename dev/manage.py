"""`python -m dev manage COMMAND`: manage.py with the settings of what `make run` has started, or would start."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from dev import signals
from dev.environment import portal_environment
from dev.secrets import load_secrets
from dev.servers import start_servers
from dev.settings import Wanted, wanted
from dev.state import CHECKOUT, State, read_record
from dev.supervise import Supervisor, clear_leftovers
from dev.throwaway import run_command
from dev.trouble import Trouble


def run_manage(words: Sequence[str]) -> int:
    """A command of manage.py with the settings of what runs; where nothing runs, beside its two servers alone."""
    asked = wanted()
    state = State.chosen(connected=not asked.sandbox)
    argv = [sys.executable, str(CHECKOUT / "manage.py"), *words]
    try:
        lock = state.lock()
    except Trouble:  # it runs
        return run_command(argv, running_environment(state, asked))
    with lock:
        return _alone(argv, state, asked)


def running_environment(state: State, asked: Wanted) -> dict[str, str]:
    """The settings of the portal that runs in that folder; trouble while it is still starting."""
    record = read_record(state)
    if not record.get("ready"):
        raise Trouble(f"Mailroom is still starting, or stopping, in {state.root}: try again in a moment.")
    servers = {name.upper(): str(record[name]) for name in ("database_url", "redis_url")}
    port = urlsplit(record["web"]).port or asked.port
    api = record["sandbox"] or asked.base_url
    return portal_environment(state, load_secrets(state), servers, asked, port, api)


def _alone(argv: Sequence[str], state: State, asked: Wanted) -> int:
    """Without workers: so a database that was put back is made safe before any of them sees it."""
    state.check_space()
    clear_leftovers(state)
    supervisor, secrets = (
        Supervisor(state, lambda line: print(line, file=sys.stderr, flush=True)),
        load_secrets(state),
    )
    try:
        servers = start_servers(state, supervisor, secrets, durable=True).environment()
        return run_command(
            argv, portal_environment(state, secrets, servers, asked, asked.port, asked.base_url)
        )
    finally:
        signals.ignore()
        supervisor.stop()
