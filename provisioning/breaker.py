"""A connection's breaker (docs/decisions/0006): while SYNAQ does not answer, nothing is sent but a probe now and then."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from provisioning import tallies
from provisioning.models import Connection

OPENS_AFTER = 5  # failures in a row
PAUSE = (2.0, 60.0)  # seconds until the next probe: half the age of the trouble, between these
PROBE = timedelta(seconds=20)  # a probe whose worker died is followed by another after this

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
