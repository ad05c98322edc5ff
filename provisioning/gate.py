"""The rate of a connection, kept over all processes; and what goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis  # noqa: F401  limits asks a half-imported redis for its version when a thread imports it meanwhile
import structlog
from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from provisioning import tallies

log = structlog.get_logger(__name__)
# Who goes through the gate first: what people ask for, polls of it, scheduled work
CLICK, FOLLOW, BEHIND = range(3)
LONGEST_AT_GATE = 5.0  # seconds
BUNCHES = 100  # so many times in a second at most a process asks for permits
PERMIT_LIVES = (
    0.1  # seconds: what is not used in time lapses, so that no later second holds more than its share
)
_local = threading.local()


class NotSent(Exception):
    """The call was given up before it was made: nothing left this machine. The text is for people."""


@contextmanager
def letting_pass(level: int) -> Iterator[None]:
    """While inside, this thread's calls let those of a lower level go first, and leave them a share of the gate."""
    _local.level = level
    try:
        yield
    finally:
        _local.level = CLICK


class _Storage(RedisStorage):
    # Without valkey's client, which it would import along with that of Redis
    DEPENDENCIES = {"redis": RedisStorage.DEPENDENCIES["redis"]}


class _Calls(RateLimitItemPerSecond):
    """So many of the calls in a second, whoever made them: all limits of a gate count in one window."""

    def key_for(self, *identifiers: bytes | str | int | float) -> str:
        return "/".join(["GATE", *map(str, identifiers)])


class Gate:
    """At most `rate` calls a second over all processes. A few of them are left to people by scheduled work, and to what is
    to be sent by polls, so that a click never waits for either. Open to all while Redis is away."""

    def __init__(self, name: str, rate: int) -> None:
        self._limits = [_Calls(max(1, rate - left)) for left in (0, max(1, rate // 50), max(1, rate // 25))]
        self._waiting = [0, 0, 0]  # threads of this process at the gate, by level
        self._name = name
        self._closed_eye_until = 0.0
        # A fast connection's permits are taken several at a time: Redis is not asked before each call.
        self._bunch = max(1, rate // BUNCHES)
        self._permits: dict[_Calls, tuple[int, float]] = {}
        self._lock, self._taking = threading.Lock(), threading.Lock()
        storage = _Storage(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._limiter = MovingWindowRateLimiter(storage)

    def __call__(self) -> None:
        """Return when a call may go out. Raises NotSent after 5 s: who waits longer than its lease must not send."""
        began = time.monotonic()
        level, how = getattr(_local, "level", CLICK), "given up"
        with self._lock:
            self._waiting[level] += 1
        try:
            how = self._wait(level, began + LONGEST_AT_GATE)
        finally:
            with self._lock:
                self._waiting[level] -= 1
            tallies.add("mailroom_gate_passes", how=how)
            if how != "at once":
                tallies.add("mailroom_gate_wait_seconds", time.monotonic() - began)

    def _wait(self, level: int, end: float) -> str:
        """How it passed. Raises NotSent."""
        how = "at once"
        while time.monotonic() > self._closed_eye_until:
            try:
                if not any(self._waiting[:level]) and self._permitted(self._limits[level]):
                    return how
            except Exception as error:
                log.warning("rate gate open: Redis is away", error=type(error).__name__)
                self._closed_eye_until = time.monotonic() + 5
                break
            if time.monotonic() > end:
                raise NotSent("It waits its turn: the connection's rate is used up.")
            how = "after a wait"
            time.sleep(0.005 if level == CLICK else 0.02)
        return "unchecked"  # Redis is away

    def _permitted(self, limit: _Calls) -> bool:
        if self._bunch == 1:
            return self._limiter.hit(limit, self._name)
        with self._taking:
            left, until = self._permits.get(limit, (0, 0.0))
            if not left or time.monotonic() > until:
                if not self._limiter.hit(limit, self._name, cost=self._bunch):
                    return False
                left, until = self._bunch, time.monotonic() + PERMIT_LIVES
            self._permits[limit] = (left - 1, until)
            return True
