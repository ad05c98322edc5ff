"""How long actions of a kind take here: for 'why is it waiting'."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection as database

from provisioning.models import Connection

LATEST = 500  # finished actions that are measured
ENOUGH = 20  # fewer say little
# SYNAQ: all but Archive within a minute as a rule, Archive can wait for a person; pending for more than a few minutes
# with nothing under way is a known fault of theirs.
STUCK = 300.0
ARCHIVE_STUCK = 86_400.0

_USUAL = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY took), percentile_cont(0.95) WITHIN GROUP (ORDER BY took), count(*)
    FROM (
        SELECT extract(epoch FROM ended_at - coalesce(accepted_at, asked_at)) AS took FROM provisioning_action
        WHERE connection_id = %s AND operation = %s AND state = 'finished' ORDER BY ended_at DESC LIMIT %s) AS latest
"""


class Usual(NamedTuple):
    """Seconds from acceptance by SYNAQ to the end, over the last `count` that finished; None where none has."""

    median: float | None
    p95: float | None
    count: int  # type: ignore[assignment]  # the number, not the method of tuples


def usual(operation: str, connection: Connection) -> Usual:
    """How long this operation has taken lately on this connection."""
    with database.cursor() as cursor:
        cursor.execute(_USUAL, [connection.pk, operation, LATEST])
        median, p95, count = cursor.fetchone()
    return Usual(float(median) if count else None, float(p95) if count else None, count)


def stuck_after(found: Usual, *, archive: bool = False) -> float:
    """Seconds from which one of those counts as stuck: five minutes, or three times what 95 of 100 take, if that is longer.
    With Archive on it, a day."""
    measured = 3 * found.p95 if found.p95 is not None and found.count >= ENOUGH else 0.0
    return max(ARCHIVE_STUCK if archive else STUCK, measured)
