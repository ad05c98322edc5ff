"""`make test`: every test. Quick ones and the browser's run on the same servers and at the same time; then, by themselves,
those that break things.

The browser's mostly wait for a page or for an action's end; the quick ones fill the time, and give way.
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

NOTHING_COLLECTED = 5
GIVES_WAY = 5  # by how much the quick ones are nicer
# Two processes each. Neighbours stay together, for what a file's tests share; a browser's file stays with one stack.
# The matrix of tests/access walks as everybody for minutes: that is `make access`; here it walks as a few
QUICK = (
    "not acceptance and not thorough and not faults",
    ("-n", "2", "--dist", "worksteal", "-p", "dev.xdist_redis"),
)
BROWSER = ("acceptance", ("-n", "2", "--dist", "loadfile"))
FAULTS = ("faults", ())  # they measure how soon work goes on, so nothing runs beside them


def run_tests(words: list[str]) -> int:
    """Run the tests; the words go to pytest (`-k`, paths …). The exit code is the first that is not 0."""
    chromium = ensure_chromium()
    if chromium is None:
        print(f"No Chromium here, so the browser tests are left out: {HINT}.", file=sys.stderr)
    with throwaway_servers() as servers:
        environment = test_environment(servers.environment(), servers.secrets)
        environment |= {"CHROMIUM": chromium or ""}
        with tempfile.TemporaryFile() as words_of_browser:
            browser = _pytest(*BROWSER, words, environment, stdout=words_of_browser)
            print(
                f"== tests: {QUICK[0]} (the browser's run beside them, and are told of afterwards) ==",
                flush=True,
            )
            quick = _pytest(*QUICK, words, environment)
            os.setpriority(os.PRIO_PROCESS, quick.pid, os.getpriority(os.PRIO_PROCESS, 0) + GIVES_WAY)
            codes = await_all(quick, browser)
            words_of_browser.seek(0)
            print(
                f"== tests: {BROWSER[0]} ==\n{words_of_browser.read().decode(errors='replace')}", flush=True
            )
        print(f"== tests: {FAULTS[0]} ==", flush=True)
        codes += await_all(_pytest(*FAULTS, words, environment))
    return overall(codes)


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
