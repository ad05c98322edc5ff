"""Operating system processes: is it alive, is it still the same one, end it with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

MARK = "MAILROOM_CHILD"  # in the environment of everything we start: the state folder that it belongs to


def identity(pid: int) -> str | None:
    """When the process began, as text: a number that was given out again belongs to another. None: not alive.

    A zombie counts as dead: it holds nothing but its number.
    """
    try:
        # The name in parentheses may hold anything, blanks and parentheses too: read from the last one on.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self").exists() else _identity_by_ps(pid)
    return None if fields[0] in "ZX" else fields[19]


def _identity_by_ps(pid: int) -> str | None:
    # macOS has no /proc
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def is_same(pid: int, began: str | None) -> bool:
    """Whether that very process is still alive."""
    return began is not None and identity(pid) == began


def end_group(pid: int) -> None:
    """Kill what is left of the process group that began with this process."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # macOS answers "not permitted" for a group of zombies


def send(pid: int, number: int) -> None:
    """Send a signal to one process, which may just have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def wait_gone(pid: int, began: str | None, seconds: float) -> bool:
    """Wait until that process has ended; False if it is still there after so many seconds."""
    deadline = time.monotonic() + seconds
    while is_same(pid, began):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def end_leftover(pid: int, began: str | None, polite: int = signal.SIGTERM, seconds: float = 8) -> None:
    """End a process that an earlier launcher left behind, and its group."""
    if is_same(pid, began):
        send(pid, polite)
        wait_gone(pid, began, seconds)
        if is_same(pid, began):
            end_group(pid)
            wait_gone(pid, began, 2)


def marked(state_root: Path) -> list[int]:
    """Processes that carry the mark of this state folder (Linux only: elsewhere an empty list)."""
    wanted = f"{MARK}={state_root}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
