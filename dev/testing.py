"""`make test`: every test, in two runs on the same servers: quick ones side by side, then the browser's."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from dev.chromium import HINT, ensure_chromium
from dev.environment import test_environment
from dev.throwaway import run_command, throwaway_servers

NOTHING_COLLECTED = 5
# The matrix of tests/access walks for minutes: it is `make access`
RUNS = (
    ("not acceptance and not access", ("-n", "2", "-p", "dev.xdist_redis")),
    ("acceptance", ()),
)


def run_tests(words: list[str]) -> int:
    """Run the tests; the words go to pytest (`-k`, paths …). The exit code is the first that is not 0."""
    chromium = ensure_chromium()
    if chromium is None:
        print(f"No Chromium here, so the browser tests are left out: {HINT}.", file=sys.stderr)
    with throwaway_servers() as servers:
        environment = test_environment(servers.environment(), servers.secrets)
        codes = [
            _pytest(kind, options, words, environment | {"CHROMIUM": chromium or ""})
            for kind, options in RUNS
        ]
    return overall(codes)


def _pytest(kind: str, options: tuple[str, ...], words: list[str], environment: Mapping[str, str]) -> int:
    print(f"== tests: {kind} ==", flush=True)
    return run_command([sys.executable, "-m", "pytest", "-q", "-m", kind, *options, *words], environment)


def overall(codes: list[int]) -> int:
    """One exit code of several: a run without tests is no failure unless none of them had any."""
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return 0 if 0 in codes else NOTHING_COLLECTED
