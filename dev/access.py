"""`make access`: who gets in where, every route and every role; ends with what was tried, in one line."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dev.environment import test_environment
from dev.throwaway import run_command, throwaway_servers

OPTIONS = ("-q", "-n", "2", "--dist", "worksteal", "-p", "dev.xdist_redis", "--show-capture=no")


def run_access(words: list[str]) -> int:
    """Run the matrix alone; the words go to pytest. 0 when nobody got in, or saw, where they should not."""
    with tempfile.TemporaryDirectory(prefix="mailroom-access-") as folder, throwaway_servers() as servers:
        line = Path(folder, "line")
        environment = test_environment(servers.environment(), servers.secrets) | {"ACCESS_LINE": str(line)}
        code = run_command([sys.executable, "-m", "pytest", "tests/access", *OPTIONS, *words], environment)
        print(line.read_text() if line.exists() else "The matrix did not run to its end.", flush=True)
    return code
