"""Salts that are used once, whichever thread, process or machine takes them."""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from django.db import Error as DatabaseTrouble
from django.db import connection as database

from provisioning.gate import NotSent
from provisioning.models import SaltBlock

BLOCK = 512  # what is left of a block is let go: it costs nothing but microseconds
BLOCK_LIVES = 5.0  # seconds: salts of an older block would look like a clock that is behind
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
