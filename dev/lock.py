"""`make lock`: write the locked requirements anew from the .in files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from dev.state import CHECKOUT
from dev.trouble import Trouble

# For every platform and every Python that we support; the lock names no package source.
OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet")
FILES = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))


def run_lock(words: list[str]) -> int:
    """Resolve and write both files; more words go to `uv pip compile`, such as `--upgrade`."""
    with tempfile.TemporaryDirectory(prefix="mailroom-lock-") as folder:
        _run([sys.executable, "-m", "venv", folder])
        programs = Path(folder, "bin")
        _run([str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", "uv"])
        for source, target in FILES:
            _run([str(programs / "uv"), "pip", "compile", source, "-o", target, *OPTIONS, *words])
            print(f"{target} is written.")
    return 0


def _run(words: list[str]) -> None:
    answer = subprocess.run(words, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True, check=False)
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Trouble(f"The lock could not be written: {last}")
