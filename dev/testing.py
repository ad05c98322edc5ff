"""`make test`: every test. Quick ones and the browser's run on the same servers and at the same time; then those that break
things, one generation of the API beside the other.

The browser's mostly wait for a page or for an action's end; the quick ones fill the time, and give way. Those that break
things mostly wait too, each in a Mailroom of its own; they measure how soon work goes on, so nothing busy runs beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO

from dev.chromium import HINT, ensure_chromium
from dev.environment import test_environment
from dev.throwaway import await_all, throwaway_servers

Kind = tuple[str, tuple[str, ...]]  # an expression of marks, and how pytest runs them

NOTHING_COLLECTED = 5
GIVES_WAY = 5  # by how much the quick ones are nicer
# Two processes each. Neighbours stay together, for what a file's tests share; a browser's file stays with one stack.
# The matrix of tests/access walks as everybody for minutes: that is `make access`; here it walks as a few
QUICK: Kind = (
    "not acceptance and not thorough and not faults",
    ("-n", "2", "--dist", "worksteal", "-p", "dev.xdist_redis"),
)
BROWSER: Kind = ("acceptance", ("-n", "2", "--dist", "loadfile"))
FAULTS: Kind = ("faults and not legacy", ())
FAULTS_LEGACY: Kind = ("faults and legacy", ())


def run_tests(words: list[str]) -> int:
    """Run the tests; the words go to pytest (`-k`, paths …). The exit code is the first that is not 0."""
    chromium = ensure_chromium()
    if chromium is None:
        print(f"No Chromium here, so the browser tests are left out: {HINT}.", file=sys.stderr)
    with throwaway_servers() as servers:
        environment = test_environment(servers.environment(), servers.secrets)
        environment |= {"CHROMIUM": chromium or ""}
        codes = _side_by_side(QUICK, BROWSER, words, environment, gives_way=GIVES_WAY)
        codes += _side_by_side(FAULTS, FAULTS_LEGACY, words, environment)
    return overall(codes)


def _side_by_side(
    shown: Kind, beside: Kind, words: list[str], environment: Mapping[str, str], gives_way: int = 0
) -> list[int]:
    """Run both; what is said of the second is printed once both have ended. `gives_way`: how much nicer the first is."""
    with tempfile.TemporaryFile() as said:
        second = _pytest(*beside, words, environment, stdout=said)
        print(f"== tests: {shown[0]} (beside them, and told of afterwards: {beside[0]}) ==", flush=True)
        first = _pytest(*shown, words, environment)
        os.setpriority(os.PRIO_PROCESS, first.pid, os.getpriority(os.PRIO_PROCESS, 0) + gives_way)
        codes = await_all(first, second)
        said.seek(0)
        print(f"== tests: {beside[0]} ==\n{said.read().decode(errors='replace')}", flush=True)
    return codes


def _pytest(
    kind: str,
    options: tuple[str, ...],
    words: list[str],
    environment: Mapping[str, str],
    stdout: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "pytest", "-q", "-m", kind, *options, *words]
    return subprocess.Popen(argv, env=dict(environment), stdout=stdout, stderr=stdout and subprocess.STDOUT)


def overall(codes: list[int]) -> int:
    """One exit code of several: a run without tests is no failure unless none of them had any."""
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    if failed:
        return failed[0]
    return 0 if 0 in codes else NOTHING_COLLECTED
