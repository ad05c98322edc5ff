"""What is to be read from SYNAQ: asked for by pages, carried out by the runner, at most one row a thing."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning import announce
from provisioning.models import OU, Domain, Reading

LEASE = timedelta(seconds=30)


@transaction.atomic
def want(kind: str, guid: str, *, ou: OU, domain: Domain | None = None) -> Reading:
    """Have it read soon. Asked for twice, it is still read once."""
    now = timezone.now()
    reading, made = Reading.objects.get_or_create(
        connection=ou.connection,
        kind=kind,
        guid=guid,
        defaults={"ou": ou, "domain": domain, "asked_at": now, "due_at": now},
    )
    if not made and reading.due_at is None:
        Reading.objects.filter(pk=reading.pk, due_at=None).update(
            asked_at=now, due_at=now, failures=0, trouble=""
        )
        reading.refresh_from_db()
    transaction.on_commit(announce.nudge)
    return reading


@transaction.atomic
def claim(connection_id: int, most: int) -> list[Reading]:
    """Due rows that nobody holds, oldest first, held for 30 s."""
    now = timezone.now()
    due = Reading.objects.filter(connection_id=connection_id, due_at__lte=now).order_by("due_at", "id")
    ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:most])
    if not ids:
        return []
    Reading.objects.filter(pk__in=ids).update(attempt=F("attempt") + 1, due_at=now + LEASE)
    return list(
        Reading.objects.filter(pk__in=ids).select_related("connection", "ou", "ou__connection", "domain")
    )


def done(reading: Reading) -> None:
    """It was read, and the mirror has it."""
    rows = Reading.objects.filter(pk=reading.pk, attempt=reading.attempt)
    rows.update(due_at=None, done_at=timezone.now(), failures=0, trouble="")


def put_off(reading: Reading, words: str, *, final: bool) -> None:
    """It could not be read: again later, or not again (`final`) until somebody asks."""
    pause = timedelta(seconds=min(60, 2 ** min(reading.failures, 6)))
    Reading.objects.filter(pk=reading.pk, attempt=reading.attempt).update(
        due_at=None if final else timezone.now() + pause,
        failures=F("failures") + 1,
        trouble=words,
        done_at=timezone.now(),
    )
