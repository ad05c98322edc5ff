"""`make soak`: thousands of actions while everything breaks all the time; ends with one line, and 1 if it is not true."""

from __future__ import annotations

import os
import sys

from dev.throwaway import run_command


def run_soak(words: list[str]) -> int:
    """Half an hour of faults (MINUTES=…), then what was asked, done and shown is compared."""
    return run_command([sys.executable, "-m", "tests.faults.soak", *words], os.environ)
