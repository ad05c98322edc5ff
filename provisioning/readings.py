"""What is to be read from SYNAQ: asked for by pages, carried out by the runner, at most one row a thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, When, prefetch_related_objects
from django.db.models.functions import Least, Now
from django.utils import timezone

from provisioning import announce, audit
from provisioning.models import OU, Domain, Reading

LEASE = timedelta(seconds=30)


@transaction.atomic
def want(kind: str, guid: str, *, ou: OU, domain: Domain | None = None, priority: int = 0) -> Reading:
    """Have it read soon. Asked for twice, it is still read once; asked for while it is being read, once more."""
    now, click = timezone.now(), audit.context().request_id[:64]
    reading, made = Reading.objects.get_or_create(
        connection=ou.connection,
        kind=kind,
        guid=guid,
        defaults={
            "ou": ou, "domain": domain, "asked_at": now, "due_at": now, "priority": priority, "request_id": click,
        },
    )  # fmt: skip
    if not made:
        idle = Reading.objects.filter(pk=reading.pk, due_at=None)
        fresh = {"failures": 0, "trouble": "", "page": 1, "request_id": click}
        if not idle.update(asked_at=now, due_at=now, priority=priority, **fresh):
            # one that failed need not sit out its pause; at worst it is being read, and is read once more
            pauses = Q(failures__gt=0)
            Reading.objects.filter(pk=reading.pk).update(
                asked_at=now,
                priority=Least(F("priority"), priority),
                due_at=Case(When(pauses, then=Least(F("due_at"), now)), default=F("due_at")),
                failures=0,
            )
        reading.refresh_from_db()
    transaction.on_commit(announce.nudge)
    return reading


_CLAIM = """
    WITH due AS MATERIALIZED (
      SELECT id FROM provisioning_reading
      WHERE connection_id = %(connection)s AND due_at <= statement_timestamp() AND priority {whose}
      ORDER BY due_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE provisioning_reading r SET attempt = r.attempt + 1, due_at = statement_timestamp() + %(lease)s
      FROM due WHERE r.id = due.id RETURNING r.*
    )
    SELECT * FROM taken ORDER BY asked_at, id
"""


def claim(connection_id: int, most: int, *, scheduled: bool = False) -> list[Reading]:
    """Due rows that nobody holds, oldest first, held for 30 s. Those that people wait for, or `scheduled` ones."""
    sql = _CLAIM.format(whose="> 0" if scheduled else "= 0")
    claimed = list(Reading.objects.raw(sql, {"connection": connection_id, "most": most, "lease": LEASE}))
    prefetch_related_objects(claimed, "connection", "ou__connection", "domain")
    return claimed


def renew(readings: Iterable[Reading]) -> None:
    """Hold claimed rows for another 30 s from now: they are still being read."""
    for reading in readings:
        rows = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt, due_at__isnull=False)
        rows.update(due_at=Now() + LEASE)


def anything_due(connection_id: int) -> bool:
    """Whether anything of the connection is to be read now."""
    return Reading.objects.filter(connection_id=connection_id, due_at__lte=Now()).exists()


def done(reading: Reading) -> None:
    """It was read, and the mirror has it. If it was asked for again meanwhile, it is due again."""
    rows = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)
    again = Case(When(asked_at__gt=reading.asked_at, then=Now()), default=None)
    rows.update(due_at=again, done_at=timezone.now(), failures=0, trouble="", page=1)


def next_page(reading: Reading) -> None:
    """One page of a list was read, and the mirror has it: the next is due."""
    rows = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)
    rows.update(due_at=Now(), page=F("page") + 1, failures=0, trouble="")


def put_off(reading: Reading, words: str, *, final: bool, longest: int = 60) -> None:
    """It could not be read: again later, in `longest` seconds at most, or not again (`final`) until somebody asks."""
    pause = timedelta(seconds=min(longest, 2 ** min(reading.failures, 16)))
    Reading.objects.filter(pk=reading.pk, attempt=reading.attempt).update(
        due_at=None if final else timezone.now() + pause,
        failures=F("failures") + 1,
        trouble=words,
        done_at=timezone.now(),
    )
