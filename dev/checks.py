"""`make check`: everything that reads the code without running it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from dev.environment import test_environment
from dev.state import CHECKOUT
from dev.throwaway import throwaway_servers

BIN = Path(sys.executable).parent
PRODUCTION = {
    "MAILROOM_ENV": "production",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
}
PACKAGES = ("portal", "provisioning", "sandbox", "dev", "tests")

# name, words, whether it runs with the settings of production. The slowest first.
CHECKS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("types", ("mypy", "--explicit-package-bases", *PACKAGES), False),
    ("template-form", ("djlint", "--check", "templates"), False),
    ("template-lint", ("djlint", "--lint", "--quiet", "templates"), False),
    ("lint", ("ruff", "check", "."), False),
    ("form", ("ruff", "format", "--check", "."), False),
    ("imports", ("lint-imports",), False),
    ("settings", ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"), True),
    ("migrations", ("python", "manage.py", "makemigrations", "--check", "--dry-run"), True),
)


def run_checks(words: list[str]) -> int:
    """Run all checks (or those named), two at a time; 1 if any finds something."""
    chosen = [check for check in CHECKS if not words or check[0] in words]
    with throwaway_servers() as servers, ThreadPoolExecutor(2) as pool:
        environment = test_environment(servers.environment(), servers.secrets)
        passed = list(pool.map(lambda check: _check(*check, environment=environment), chosen))
    return 0 if all(passed) else 1


def _check(name: str, words: tuple[str, ...], production: bool, *, environment: Mapping[str, str]) -> bool:
    began = monotonic()
    answer = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=CHECKOUT,
        env={**environment, **(PRODUCTION if production else {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = answer.returncode == 0
    head = f"{'ok    ' if passed else 'FAILED'} {name} ({monotonic() - began:.1f} s)"
    print(head if passed else f"{head}\n{answer.stdout.rstrip()}", flush=True)
    return passed
