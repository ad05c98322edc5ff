"""What the launcher's tests share."""

import os
import time
from collections.abc import Callable

from dev.state import State, read_record
from dev.supervise import Supervisor


def launcher_environment(state: State, **more: str) -> dict[str, str]:
    """The environment for `python -m dev` as a process of its own."""
    foreign = ("SYNAQ_", "SANDBOX_", "DATABASE_URL", "REDIS_URL", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "MAILROOM_STATE": str(state.root), **more}


def wait_for(
    condition: Callable[[], object], supervisor: Supervisor | None = None, seconds: float = 20
) -> None:
    """Wait until it holds, while the supervisor (if any) does its work."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        if supervisor:
            supervisor.tick()
        time.sleep(0.02)


def pid(state: State, name: str) -> int | None:
    """The present process of that name, as run.json has it."""
    entry = read_record(state).get("processes", {}).get(name)
    return int(entry["pid"]) if entry else None
