"""Processes and what they use, read from /proc: processor time, memory, children."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
MB = 1024 * 1024


def tree(pid: int) -> list[int]:
    """The process and all below it that live now."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            below.setdefault(int(fields[1]), []).append(int(folder.name))
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        left += below.get(one, [])
    return found


def cpu(pids: Iterable[int]) -> float:
    """Seconds of processor time that they have used, and the children that they have waited for."""
    return sum(sum(map(int, fields[11:15])) / _TICK for pid in pids if (fields := _stat(pid)))


def memory(pid: int) -> float:
    """MB of the process that lie in memory, what it shares with others included; 0 when it is no more."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / MB
    except OSError:
        return 0.0


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, …; empty when it is no more."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
