"""From a connection's row to a client: opens the sealed key, hands out salts, keeps the rate, minds the breaker."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from provisioning import secrets
from provisioning.models import Connection, SaltBlock
from provisioning.synaq import Client, Dialect

log = structlog.get_logger(__name__)

BLOCK = 64
BLOCK_LIVES = 5.0  # seconds: salts of an older block would look like a clock that is behind
OPENS_AFTER = 5  # failures in a row
PAUSES = (2, 5, 10, 20, 40, 60)  # seconds until the next probe


class Salts:
    """Salts that no other thread, process or machine can have: blocks of microseconds from one Postgres row."""

    def __init__(self, api_user: str) -> None:
        self.api_user = api_user
        self._lock = threading.Lock()
        self._left: deque[int] = deque()
        self._fresh_until = 0.0

    def __call__(self) -> str:
        with self._lock:
            if not self._left or time.monotonic() > self._fresh_until:
                first = take_block(self.api_user)
                self._left = deque(range(first, first + BLOCK))
                self._fresh_until = time.monotonic() + BLOCK_LIVES
            return str(self._left.popleft())


def take_block(api_user: str) -> int:
    """First of BLOCK salts that are ours alone. Commits at once, on a connection that is closed again in a thread."""
    now = int(time.time() * 1_000_000)
    table = SaltBlock._meta.db_table
    sql = f"""
        INSERT INTO {table} AS s (api_user, last) VALUES (%s, %s)
        ON CONFLICT (api_user) DO UPDATE SET last = GREATEST(s.last, EXCLUDED.last - {BLOCK}) + {BLOCK} RETURNING last
    """  # noqa: S608  (the table's name and a constant are all that is put in)
    with database.cursor() as cursor:
        cursor.execute(sql, [api_user, now + BLOCK])
        last = int(cursor.fetchone()[0])
    if threading.current_thread() is not threading.main_thread() and not database.in_atomic_block:
        database.close()
    return last - BLOCK + 1


class Gate:
    """At most `rate` calls a second over all processes. Open to all while Redis is away."""

    def __init__(self, name: str, rate: int) -> None:
        self._item = RateLimitItemPerSecond(rate)
        self._name = name
        self._closed_eye_until = 0.0
        storage = RedisStorage(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._limiter = MovingWindowRateLimiter(storage)

    def __call__(self) -> None:
        """Return when a call may go out."""
        while time.monotonic() > self._closed_eye_until:
            try:
                if self._limiter.hit(self._item, self._name):
                    return
            except Exception as error:
                log.warning("rate gate open: Redis is away", error=type(error).__name__)
                self._closed_eye_until = time.monotonic() + 5
                return
            time.sleep(0.02)


_clients: dict[int, tuple[tuple[object, ...], Client]] = {}
_clients_lock = threading.Lock()


def client_for(connection: Connection) -> Client:
    """The process's client for this connection; a new one when address, key, dialect or rate have changed."""
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
        )
        _clients[connection.pk] = (facts, client)
        return client


def usable() -> dict[int, tuple[Connection, int | None]]:
    """Connections that may be called now, each with the most turns to begin: None for no bound, 1 for a probe."""
    rows = Connection.objects.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now()))
    return {row.pk: (row, 1 if row.retry_at else None) for row in rows}


def take_probe(connection: Connection) -> bool:
    """True for the one process that may try a broken connection: it moves the next try on."""
    until = timezone.now() + timedelta(seconds=15)
    rows = Connection.objects.filter(pk=connection.pk, retry_at=connection.retry_at)
    return bool(rows.update(retry_at=until))


def answered(ids: Iterable[int]) -> None:
    """SYNAQ answered sensibly: the breaker closes."""
    Connection.objects.filter(pk__in=ids).exclude(failures=0, retry_at=None).update(
        failures=0, broken_since=None, retry_at=None, trouble=""
    )


def failed(pk: int, words: str) -> None:
    """One more call without a sensible answer. The fifth in a row opens the breaker; each later one keeps it open longer."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=pk)
        row.failures = F("failures") + 1
        row.trouble = words
        row.save(update_fields=["failures", "trouble"])
        row.refresh_from_db()
        if row.failures < OPENS_AFTER:
            return
        now = timezone.now()
        pause = PAUSES[min(row.failures - OPENS_AFTER, len(PAUSES) - 1)]
        row.broken_since = row.broken_since or now
        row.retry_at = now + timedelta(seconds=pause)
        row.save(update_fields=["broken_since", "retry_at"])


def throttled(pk: int, seconds: float, words: str) -> None:
    """SYNAQ asked us to wait (429): nothing is sent on this connection until then."""
    until = timezone.now() + timedelta(seconds=min(max(seconds, 1.0), 3600.0))
    Connection.objects.filter(pk=pk).update(retry_at=until, trouble=words)
