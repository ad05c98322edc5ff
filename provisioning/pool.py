"""The threads of a process that talk to SYNAQ.

What people wait for goes before what is behind; and of either, while both wait, what is to be sent gets two thirds of the
threads, and what follows it (polls, look-ups, readings) the rest: of many at once, the last is sent before the first have
all been asked after, so that no time is spent in waiting for the last alone.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from functools import cache
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from django.conf import settings

FOR_PEOPLE = 2  # threads more than the setting's, for what people wait for alone
T = TypeVar("T")
Work = Callable[[], None]


class Lane:
    """What waits: to be sent, and to follow what was sent."""

    def __init__(self, most: int) -> None:
        self.most = most  # threads that may work for it at the same time
        self.sends: deque[Work] = deque()
        self.follows: deque[Work] = deque()
        self.working = self.sending = 0

    def may_begin(self) -> int:
        """How much of what waits a free thread could take now."""
        return min(len(self.sends) + len(self.follows), max(0, self.most - self.working))

    def next(self) -> tuple[Work, bool] | None:
        """The next work, and whether it sends; None where there is none, or enough threads are at it."""
        if self.working >= self.most or not (self.sends or self.follows):
            return None
        sends = bool(self.sends) and (not self.follows or self.sending < max(1, 2 * self.most // 3))
        return (self.sends if sends else self.follows).popleft(), sends


class Pool:
    """Threads that are begun when there is work for them, and kept: each holds its session open.

    What is behind lets all else go first, and never takes more than `threads`; there are some more for people.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads + FOR_PEOPLE
        self._lock = threading.Condition()
        self._lanes = (Lane(self.threads), Lane(threads))
        self._begun = self._idle = 0

    def put(self, work: Work, *, sends: bool, behind: bool) -> None:
        """Have it done by the next thread that is free. It must not raise."""
        with self._lock:
            lane = self._lanes[behind]
            (lane.sends if sends else lane.follows).append(work)
            runnable = sum(lane.may_begin() for lane in self._lanes)
            if not runnable:
                return  # who ends its work takes this: to wake another in vain would only cost
            # A thread that was woken a moment ago still counts as idle, and what it was woken for still waits
            if self._idle >= runnable:
                self._lock.notify()
            elif self._begun < self.threads:
                self._begun += 1
                name = f"synaq_{self._begun}"
                threading.Thread(target=self._run, name=name, daemon=True).start()

    def busy(self) -> int:
        """How many threads work now, or would at once: what waits counts as well."""
        with self._lock:
            return sum(len(lane.sends) + len(lane.follows) + lane.working for lane in self._lanes)

    def _run(self) -> None:
        while True:
            with self._lock:
                lane, work, sends = self._next()
                lane.working += 1
                lane.sending += sends
            try:
                work()
            finally:
                with self._lock:
                    lane.working -= 1
                    lane.sending -= sends

    def _next(self) -> tuple[Lane, Work, bool]:
        """Wait for it, holding the lock."""
        while True:
            for lane in self._lanes:
                if found := lane.next():
                    return lane, *found
            self._idle += 1
            self._lock.wait()
            self._idle -= 1


class Results(Generic[T]):
    """What threads hand back to the one that gave them work."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[T] = SimpleQueue()
        self.add = self._queue.put

    def take(self, timeout: float) -> list[T]:
        """All that came in; where there is nothing yet, the first that comes within `timeout` seconds."""
        found: list[T] = []
        try:
            found.append(self._queue.get(timeout=timeout) if timeout else self._queue.get_nowait())
            while True:
                found.append(self._queue.get_nowait())
        except Empty:
            return found


@cache
def _of(_process: int) -> Pool:
    return Pool(settings.RUNNER_THREADS)


def of_this_process() -> Pool:
    """Kept for the process; a fork's child has its own."""
    return _of(os.getpid())
