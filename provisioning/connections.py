"""From a connection's row to a client: opens the sealed key, hands out salts, keeps the rate, minds the breaker."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import redis  # noqa: F401  limits asks a half-imported redis for its version when a thread imports it meanwhile
import structlog
from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from provisioning import secrets, tallies
from provisioning.models import Connection, SaltBlock
from provisioning.synaq import Client, Dialect
from provisioning.synaq.transport import Made

log = structlog.get_logger(__name__)
# A line for each call is worth its own way out: structlog's would cost a tenth of what the call does
wire = logging.getLogger("provisioning.wire")

BLOCK = 512  # what is left of a block is let go: it costs nothing but microseconds
BLOCK_LIVES = 5.0  # seconds: salts of an older block would look like a clock that is behind
OPENS_AFTER = 5  # failures in a row
PAUSE = (2.0, 60.0)  # seconds until the next probe: half the age of the trouble, between these
PROBE = timedelta(seconds=20)  # a probe whose worker died is followed by another after this
LONGEST_AT_GATE = 5.0  # seconds
BUNCHES = 100  # so many times in a second at most a process asks for permits
PERMIT_LIVES = (
    0.1  # seconds: what is not used in time lapses, so that no later second holds more than its share
)


class NotSent(Exception):
    """The call was given up before it was made: nothing left this machine. The text is for people."""


_local = threading.local()


def drawn() -> int:
    """How many salts this thread has drawn: as many as requests it may have sent."""
    count: int = getattr(_local, "drawn", 0)
    return count


class Salts:
    """Salts that no other thread, process or machine can have: blocks of microseconds from one Postgres row."""

    def __init__(self, api_user: str) -> None:
        self.api_user = api_user
        self._lock = threading.Lock()
        self._left: deque[int] = deque()
        self._fresh_until = 0.0
        self._process = os.getpid()

    def __call__(self) -> str:
        """A salt, in digits. Raises NotSent while no block can be had."""
        with self._lock:
            # A child of a fork holds its parent's block: both would use it.
            stale = time.monotonic() > self._fresh_until or self._process != os.getpid()
            if stale or not self._left:
                self._refill()
            _local.drawn = drawn() + 1
            return str(self._left.popleft())

    def _refill(self) -> None:
        try:
            first = take_block(self.api_user)
        except DatabaseTrouble as error:
            raise NotSent("The portal's database was away, so nothing was sent.") from error
        self._left = deque(range(first, first + BLOCK))
        self._fresh_until = time.monotonic() + BLOCK_LIVES
        self._process = os.getpid()


def take_block(api_user: str) -> int:
    """First of BLOCK salts (microseconds since 1970) that are ours alone.

    Commits at once, outside a transaction of the caller's; in a thread the database connection is closed again.
    """
    try:
        return _take_block(api_user)
    finally:
        if threading.current_thread() is not threading.main_thread() and not database.in_atomic_block:
            database.close()


def _take_block(api_user: str) -> int:
    now = int(time.time() * 1_000_000)
    table = SaltBlock._meta.db_table
    sql = f"""
        INSERT INTO {table} AS s (api_user, last) VALUES (%s, %s)
        ON CONFLICT (api_user) DO UPDATE SET last = GREATEST(s.last, EXCLUDED.last - {BLOCK}) + {BLOCK} RETURNING last
    """  # noqa: S608  (the table's name and a constant are all that is put in)
    with database.cursor() as cursor:
        cursor.execute(sql, [api_user, now + BLOCK])
        last = int(cursor.fetchone()[0])
    return last - BLOCK + 1


CLICK, FOLLOW, BEHIND = range(
    3
)  # who goes through the gate first: what people ask for, polls of it, scheduled work


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


def told(made: Made) -> None:
    """One call to SYNAQ: a line in the log, with the id of the click that it is for, and a count. No query, no body."""
    shape = made.call.shape
    tallies.add("mailroom_synaq_calls", call=shape, meaning=made.meaning)
    tallies.observe("mailroom_synaq_call_seconds", made.seconds, call=shape)
    if wire.isEnabledFor(logging.INFO):
        wire.info(
            {
                "event": "synaq call", **structlog.contextvars.get_contextvars(), "call": shape,
                "path": made.call.path, "status": made.status, "meaning": made.meaning,
                "ms": round(made.seconds * 1000, 1), **({"created": made.guid} if made.guid else {}),
            }
        )  # fmt: skip


_clients: dict[int, tuple[tuple[object, ...], Client]] = {}
_clients_lock = threading.Lock()


def client_for(connection: Connection) -> Client:
    """The process's client for this connection; a new one when address, key, dialect or rate have changed.

    Raises `secrets.CannotOpen` where the key cannot be unsealed, ValueError where the address or key is no such thing.
    """
    facts = (
        connection.base_url,
        connection.api_user,
        connection.sealed_key,
        connection.dialect,
        connection.rate,
    )
    with _clients_lock:
        known = _clients.get(connection.pk)
        if known and known[0] == facts:
            return known[1]
        client = Client(
            connection.base_url,
            connection.api_user,
            secrets.unseal(connection.sealed_key)["key"],
            dialect=Dialect(connection.dialect),
            salts=Salts(connection.api_user),
            gate=Gate(f"synaq-{connection.pk}", connection.rate),
            observe=told,
        )
        _clients[connection.pk] = (facts, client)
        return client


# --- the breaker (docs/decisions/0006) ----------------------------------------------------------------------------------


# Asked many times a second, so in plain SQL: to put them together would cost more than to run them.
_USABLE = """
    SELECT * FROM provisioning_connection WHERE retry_at IS NULL OR retry_at <= statement_timestamp() ORDER BY id
"""
_ANSWERED = """
    UPDATE provisioning_connection
    SET retry_at = CASE WHEN broken_since IS NULL AND retry_at > statement_timestamp() THEN retry_at END,
      failures = 0, broken_since = NULL, trouble = ''
    WHERE id = %s AND (failures > 0 OR broken_since IS NOT NULL OR retry_at <= statement_timestamp())
"""


def usable() -> dict[int, tuple[Connection, int | None]]:
    """Connections that may be called now, each with the most turns to begin: None for no bound, 1 for a probe."""
    rows = Connection.objects.raw(_USABLE)
    return {row.pk: (row, 1 if row.broken_since else None) for row in rows}


def take_probe(connection: Connection) -> bool:
    """True for the one process that may try a broken connection: it moves the next try on."""
    rows = Connection.objects.filter(pk=connection.pk, retry_at=connection.retry_at)
    return bool(rows.update(retry_at=timezone.now() + PROBE))


def answered(pk: int) -> None:
    """SYNAQ answered sensibly: the breaker closes. A pause that SYNAQ asked for (429) goes on to its end."""
    with database.cursor() as cursor:
        cursor.execute(_ANSWERED, [pk])


def failed(pk: int, words: str) -> None:
    """One more call without a sensible answer. The fifth in a row opens the breaker; each later one keeps it open.

    The pause grows with the age of the trouble, not with the count: calls that fail side by side are one trouble.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=pk)
        row.failures += 1
        row.trouble = words
        if row.failures >= OPENS_AFTER:
            now = timezone.now()
            if row.broken_since is None:
                tallies.add("mailroom_breaker_opened")
            row.broken_since = row.broken_since or now
            age = (now - row.broken_since).total_seconds()
            row.retry_at = now + timedelta(seconds=min(max(age / 2, PAUSE[0]), PAUSE[1]))
        row.save(update_fields=["failures", "trouble", "broken_since", "retry_at"])


def throttled(pk: int, seconds: float, words: str) -> None:
    """SYNAQ asked us to wait (429): nothing is sent on this connection until then, an hour at most.

    It did answer, so the breaker closes; a shorter wait never cuts a longer one.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=pk)
        until = timezone.now() + timedelta(seconds=min(max(seconds, 1.0), 3600.0))
        if row.broken_since is None and row.retry_at is not None:
            until = max(until, row.retry_at)
        row.failures, row.broken_since, row.retry_at, row.trouble = 0, None, until, words
        row.save(update_fields=["failures", "broken_since", "retry_at", "trouble"])
