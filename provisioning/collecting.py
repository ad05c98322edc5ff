"""Counting of many domains in one go: each night and on the month's last evening by itself, or when a person asks.

A run is a batch of the kind `usage`: it stands behind what people wait for, goes on after a failure, and tries what failed
twice more before it is listed.
"""

from __future__ import annotations

import calendar
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from provisioning import batches
from provisioning.batches import Wish
from provisioning.models import OU, Action, Batch, Connection, Domain, Reading, UsageRun
from provisioning.operations import OPERATIONS

KIND = "usage"
OPERATION = "domain.usage"
# What may be billed: in service, or held back from it. The rest has nothing in use yet, or no more.
COUNTED_STATES = frozenset({"active", "stale", "suspended", "closed"})
# What is in service has packages, though SYNAQ's answer need not show them; unless it shows that it has none
_SHOWS_NONE = Q(raw={}) | Q(raw__packages__isnull=False, raw__packages=[])
SOMETHING_SOLD = Q(links__isnull=False) | ~_SHOWS_NONE
MONTH_END = time(22, 0)  # late on the last day, and early enough for many thousands before midnight
_MARK = uuid.UUID("6a1f2c52-6a0e-4f37-9a52-1f7d6f5a9c10")
Why = UsageRun.Why
_LABELS = {Why.NIGHT: "nightly", Why.MONTH_END: "last day of the month", Why.PERSON: "asked for"}


@dataclass(frozen=True)
class Asked:
    """Who wants a run, and why: a person by a form, or nobody, by the clock."""

    why: str
    day: date
    submission: uuid.UUID
    by: Any = None
    reason: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a run is, in domains. `compiling` have been counted and their report is not finished yet."""

    total: int
    done: int
    failed: int
    compiling: int
    ended: bool


def domains_of(connection: Connection) -> list[Domain]:
    """What a run over the whole connection counts."""
    rows = Domain.objects.filter(connection=connection, gone_at=None, state__in=COUNTED_STATES)
    return list(rows.filter(SOMETHING_SOLD).distinct().order_by("name", "id"))


def begin(connection: Connection, domains: Sequence[Domain], ou: OU, asked: Asked) -> UsageRun:
    """Start a run; the one there is when the same form came before, be it at the same moment. `ou`: whose batch it is,
    for scope.

    Raises IntegrityError when that day's scheduled run was begun already.
    """
    same = UsageRun.objects.filter(batch__submission=asked.submission)
    try:
        return same.first() or _make(connection, domains, ou, asked)
    except IntegrityError:
        if (run := same.first()) is None:
            raise
        return run


@transaction.atomic
def _make(connection: Connection, domains: Sequence[Domain], ou: OU, asked: Asked) -> UsageRun:
    """A new run. Raises IntegrityError when that day's scheduled run was begun already."""
    run = UsageRun.objects.create(connection=connection, why=asked.why, by=asked.by, day=asked.day)
    counted = f"{len(domains):,} domain{'' if len(domains) == 1 else 's'}"
    label = f"{OPERATIONS[OPERATION].label}: {counted} ({_LABELS[Why(asked.why)]})"
    wishes = [Wish(OPERATION, "domain", domain.guid, domain.name) for domain in domains]
    run.batch = batches.start(
        KIND, label, ou, wishes,
        by=asked.by, submission=asked.submission, reason=asked.reason, about_kind="domain",
    )  # fmt: skip
    run.save(update_fields=["batch"])
    return run


def progress(run: UsageRun) -> Progress:
    """Counted by a few queries, however many domains there are."""
    batch = run.batch
    if batch is None:
        return Progress(0, 0, 0, 0, ended=True)
    done = batch.steps.filter(action__state=Action.State.FINISHED)
    due = Reading.objects.filter(connection=run.connection_id, kind=Reading.Kind.USAGE, due_at__isnull=False)
    compiling = due.filter(guid__in=done.values("guid")).count()
    return Progress(
        total=batch.steps.count(),
        done=done.count(),
        failed=batches.failed_steps(batch).count(),
        compiling=compiling,
        ended=batch.state != Batch.State.RUNNING,
    )


# --- by the clock -------------------------------------------------------------------------------------------------------


def sweep(now: datetime | None = None) -> int:
    """Begin the runs that have come due, each once a connection and day. Returns how many."""
    now = timezone.localtime(now or timezone.now(), timezone.get_default_timezone())
    return sum(_begin_all(why, now) for why in _due(now))


def _due(now: datetime) -> Iterator[str]:
    """What should have begun today. What was missed on another day is not caught up with: its data would be of today."""
    hour = settings.USAGE_HOUR
    if hour is None:
        return
    if now.hour >= hour:
        yield Why.NIGHT
    last = calendar.monthrange(now.year, now.month)[1]
    if now.day == last and now.time() >= MONTH_END:
        yield Why.MONTH_END


def _begin_all(why: str, now: datetime) -> int:
    today = now.date()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # One that was set up today waits for its first night: nothing of it need be in the mirror yet.
    waiting = Connection.objects.filter(made_at__lt=midnight).exclude(
        pk__in=UsageRun.objects.filter(why=why, day=today).values("connection")
    )
    return sum(_begin_one(connection, why, today) for connection in waiting)


def _begin_one(connection: Connection, why: str, day: date) -> bool:
    root = OU.objects.filter(connection=connection, parent=None, gone_at=None).order_by("id").first()
    domains = domains_of(connection)
    if root is None or not domains:
        return False
    try:
        with transaction.atomic():
            _end_stopped(connection)
            mark = uuid.uuid5(_MARK, f"{connection.pk} {why} {day}")
            _make(connection, domains, root, Asked(why, day, mark))
    except IntegrityError:  # another driver's sweep was a moment faster
        return False
    return True


def _end_stopped(connection: Connection) -> None:
    """What failed in an earlier scheduled run is asked for again by this one: nobody need look after it any more."""
    runs = UsageRun.objects.filter(connection=connection, batch__state=Batch.State.STOPPED).exclude(
        why=Why.PERSON
    )
    for run in runs.select_related("batch"):
        if run.batch is not None:
            batches.abandon(run.batch, by=None)
