"""What the children print: all of it into files of bounded size, the telling part onto the terminal."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

WIDTH = 220
MOST, PERIOD = 12, 10.0  # lines of one child on the terminal, in so many seconds
LEFT_OUT = ("timestamp", "exception", "logger", "request_id", "user_id")
TRACEBACK = (" ", "\t", "Traceback (most", "During handling of", "The above exception")
QUIET = re.compile(r"\b(?:INFO|DEBUG)\b|\"level\": ?\"(?:info|debug)\"|\[(?:info|debug) *\]", re.IGNORECASE)


class Log:
    """The log of one child, through all its restarts."""

    def __init__(self, folder: Path, name: str, say: Callable[[str], None] | None) -> None:
        self.path = folder / f"{name}.log"
        self.last = ""
        self._name = name
        self._say = say
        self._shown: deque[float] = deque()
        self._thread: threading.Thread | None = None
        self._file = RotatingFileHandler(self.path, maxBytes=10_000_000, backupCount=2, encoding="utf-8")

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        """Read what the process prints, in a thread of its own: a full pipe would stop the process."""
        self._thread = threading.Thread(target=self._copy, args=(process,), daemon=True)
        self._thread.start()

    def settle(self) -> None:
        """Wait a moment for the last lines of a process that has ended."""
        if self._thread is not None:
            self._thread.join(timeout=1)

    def close(self) -> None:
        """Take the last lines and close the file."""
        self.settle()
        self._file.close()

    def _copy(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for raw in process.stdout:
                self._take(raw.decode(errors="replace").rstrip())

    def _take(self, line: str) -> None:
        if not line:
            return
        self.last = line
        self._file.emit(logging.LogRecord(self._name, logging.INFO, "", 0, line, None, None))
        if self._say is not None and _telling(line):
            self._show(_brief(line)[:WIDTH])

    def _show(self, line: str) -> None:
        """One page that fails at every look must not push the address of the portal off the screen."""
        assert self._say is not None
        now = time.monotonic()
        while self._shown and now - self._shown[0] > PERIOD:
            self._shown.popleft()
        if len(self._shown) < MOST:
            self._shown.append(now)
            more = f" ... (more of it in {self.path})" if len(self._shown) == MOST else ""
            self._say(f"{self._name:<8}| {line}{more}")


def _telling(line: str) -> bool:
    """Whether the line is worth a look while all goes well: warnings and errors, of a traceback its end only."""
    return not QUIET.search(line) and not line.startswith(TRACEBACK)


def _brief(line: str) -> str:
    """A structured line in words: what happened first, then the rest without the times and the traceback."""
    try:
        facts = json.loads(line)
        event, level = facts.pop("event"), facts.pop("level")
    except (ValueError, KeyError, AttributeError, TypeError):
        return line
    rest = " ".join(
        f"{name}={value}" for name, value in facts.items() if name not in LEFT_OUT and value is not None
    )
    return f"{level}: {event} {rest}"
