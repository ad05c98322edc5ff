"""For how much a driver has room: what it may claim now, beside what it has under way."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings

from provisioning import pool
from provisioning.ledger import Most
from provisioning.models import Connection
from provisioning.turns import Job, ReadJob

AHEAD, AHEAD_SHARE = 36, 25  # polls that wait for a thread; of a slow connection fewer, which pass in 1/25 s
WAITS_FOR = 4  # seconds of the rate: who waits at the gate for longer than a lease must not send any more
UnderWay = Collection[Job | ReadJob]


def free(under_way: UnderWay, row: Connection, drivers: int) -> int:
    """Threads that have nothing to do; and no more than the rate lets through soon."""
    return min(settings.RUNNER_THREADS - len(under_way), _passes(under_way, row, drivers))


def ahead(under_way: UnderWay, row: Connection, drivers: int, *, looks_behind: bool) -> Most:
    """For so many polls and so many that are to be sent there is room, counted with those that wait for a thread: none
    idles while what came in is written down. No more is claimed to be sent than there are threads: of a killed
    driver, nobody would know what became of it."""
    passes = _passes(under_way, row, drivers)
    threads, more = settings.RUNNER_THREADS, min(AHEAD, row.rate // AHEAD_SHARE)
    sending, follows = 0, [0, 0]
    for job in under_way:
        if job.sends:
            sending += 1
        else:
            follows[job.behind] += 1

    def room(idle: int, further: int = 0) -> int:
        return max(0, min(idle, passes + further))

    behind = threads if looks_behind else 0
    return Most(
        sends_first=room(max(threads - sending, pool.FOR_PEOPLE)),
        sends_behind=room(behind - sending),
        follows_first=room(threads + more - follows[False], more),
        follows_behind=room(behind and behind + more - follows[True], more),
    )


def _passes(under_way: UnderWay, row: Connection, drivers: int) -> int:
    ours = sum(job.connection_id == row.pk for job in under_way)
    return max(1, WAITS_FOR * row.rate // drivers) - ours
