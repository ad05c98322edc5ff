"""Signs of life: each process gives one every few seconds, in Postgres, and takes its row away when it ends in order.

Written by the driver's main thread, by a worker's parent, by beat and by the web processes' reporter; ages are told by the
database's clock.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from provisioning.models import Heartbeat

log = structlog.get_logger(__name__)

WEB, WORKER, DRIVER, BEAT = "web", "worker", "driver", "beat"
KINDS = (WEB, WORKER, DRIVER, BEAT)
EVERY = 5.0  # seconds between two of one process
SILENT = timedelta(seconds=30)  # so old, and the process counts as dead: said within a minute, look included
KEPT = timedelta(days=1)
_next_at: dict[tuple[str, str], float] = {}


@dataclass(frozen=True)
class Sign:
    """One process as it was last heard of."""

    kind: str
    name: str
    age: timedelta
    at: datetime
    facts: dict[str, Any]

    @property
    def alive(self) -> bool:
        return self.age < SILENT

    @property
    def clock_off(self) -> float:
        """Seconds by which its machine's clock was ahead of the database's; behind it where less than 0."""
        clock = self.facts.get("clock")
        return clock - self.at.timestamp() if isinstance(clock, float) else 0.0


def here() -> str:
    """A name for this process."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}"


def give(kind: str, name: str, **facts: Any) -> None:
    """A sign of life, now. Raises the database's error when it is away."""
    row = {"at": Now(), "facts": {**facts, "clock": time.time()}}
    Heartbeat.objects.update_or_create(kind=kind, name=name[:150], defaults=row)


def give_now_and_then(kind: str, name: str, **facts: Any) -> bool:
    """A sign of life unless the last one is young. Raises the database's error when it is away."""
    now = time.monotonic()
    if now < _next_at.get((kind, name), 0.0):
        return False
    _next_at[kind, name] = now + EVERY
    give(kind, name, **facts)
    return True


def give_safely(kind: str, name: str, **facts: Any) -> None:
    """As `give_now_and_then`, for processes that have other things to do than to mind the database: never raises, and
    holds no connection."""
    try:
        if give_now_and_then(kind, name, **facts) and not connection.in_atomic_block:
            connection.close()
    except DatabaseTrouble as error:
        log.warning("no sign of life: the database is away", kind=kind, error=type(error).__name__)
        connection.close()


def end(kind: str, name: str) -> None:
    """The process ends in order: nobody needs to miss it. Never raises. Another one of that name that lives goes on."""
    ours = Q(facts__process=here()) | Q(facts__process__isnull=True)
    try:
        with transaction.atomic():
            Heartbeat.objects.filter(ours, kind=kind, name=name[:150]).delete()
        _next_at.pop((kind, name), None)
    except DatabaseTrouble:
        log.warning("an end was not written down: the database is away", kind=kind)


def signs() -> list[Sign]:
    """All that were heard of within a day, those heard last first."""
    age = ExpressionWrapper(Now() - F("at"), output_field=DurationField())
    rows = Heartbeat.objects.annotate(age=age).filter(at__gt=Now() - KEPT).order_by("-at")
    return [Sign(row.kind, row.name, max(row.age, timedelta(0)), row.at, row.facts) for row in rows]


def silent_since(kind: str) -> datetime | None:
    """When a process of that kind was last heard of, if all are silent by now; None while one lives, and where none was
    heard of within a day."""
    rows = Heartbeat.objects.filter(kind=kind, at__gt=Now() - KEPT)
    last = rows.order_by("-at").values_list("at", ExpressionWrapper(Now() - F("at"), DurationField())).first()
    return last[0] if last and last[1] >= SILENT else None


def forget_old() -> int:
    """Remove processes that nobody has heard of for a day."""
    return Heartbeat.objects.filter(at__lt=Now() - KEPT).delete()[0]
