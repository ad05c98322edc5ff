"""Find the browser for the tests, or install it where that needs no question."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dev.trouble import Trouble

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
HINT = "install Chromium (on Debian: apt-get install chromium), or set CHROMIUM to the program"


def find_chromium() -> str | None:
    """The program that CHROMIUM names, else the first on the PATH."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    if not named and MAC.exists():
        found.append(str(MAC))
    return next((path for path in found if path), None)


def ensure_chromium() -> str | None:
    """Chromium's path, installed from Debian's packages if we may; None if it is missing and that is allowed.

    Raises Trouble where CI=true: there browser tests must not be left out unseen.
    """
    path = find_chromium() or _install()
    if path is None and os.environ.get("CI", "").lower() in ("1", "true"):
        raise Trouble(f"The browser tests need Chromium: {HINT}.")
    return path


def _install() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get") or not Path("/etc/debian_version").exists():
        return None
    print("Installing Chromium from Debian's packages ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run(
            ["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False
        ).returncode:
            return None
    return shutil.which("chromium")
