"""How many may drive at the same time, on however many machines: whoever drives holds one of as many slots."""

from __future__ import annotations

from django.conf import settings
from django.db import connection as database

KIND = 7702  # class of the advisory locks


def take() -> int | None:
    """A number that no other driver has, until the database connection closes; None when all are taken."""
    with database.cursor() as cursor:
        for slot in range(settings.RUNNER_SLOTS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [KIND, slot])
            if cursor.fetchone()[0]:
                return slot
    return None


def release(slot: int) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [KIND, slot])


def taken() -> int:
    """How many drive now, over all machines."""
    sql = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with database.cursor() as cursor:
        cursor.execute(sql, [KIND])
        return int(cursor.fetchone()[0])
