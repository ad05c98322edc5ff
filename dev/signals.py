"""Signals that ask the launcher to stop, as an exception of the main thread."""

from __future__ import annotations

import signal
from types import FrameType


class Stopped(BaseException):
    """The launcher was asked to stop. Not an Exception: nothing may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


def listen() -> None:
    """Turn Ctrl-C, SIGTERM and the closing of the terminal into `Stopped`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)


def ignore() -> None:
    """While stopping, further requests to stop change nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
