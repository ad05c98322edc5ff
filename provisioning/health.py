"""How the portal itself is doing: one line a component, told by what Postgres and Redis know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache

import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection as database
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone

from provisioning import heartbeats
from provisioning.claim_sql import FIRST_IN_LINE
from provisioning.heartbeats import Sign
from provisioning.models import Action, Connection, Reading

log = structlog.get_logger(__name__)

OK, WARN, BAD = "ok", "warn", "bad"
LATE = timedelta(minutes=2)  # so long may what is due wait for its turn
VERY_LATE = timedelta(minutes=15)
MISSED = timedelta(hours=1)  # so long a process that was lost is told of, while others of its kind work
CLOCKS_OFF = 2.0  # seconds; a sign of life may have been on its way for a moment
_ORDER = (OK, WARN, BAD)


@dataclass(frozen=True)
class Line:
    """One component. `said` names nothing of anybody's: what is about a reseller is in the page's own lines. `cause`: the
    component that has to be mended first, after which this one comes back by itself. `each`: the level of each of several,
    by a number that names nobody."""

    name: str
    level: str
    said: str
    facts: dict[str, float] = field(default_factory=dict)
    cause: str = ""
    each: dict[str, str] = field(default_factory=dict)


def worst(levels: Iterable[str]) -> str:
    return max(levels, key=_ORDER.index, default=OK)


def check() -> list[Line]:
    """Every component. Raises nothing: a database that is away is a line, and then the last one."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
        found, broker = heartbeats.signs(), queue()
        return [
            Line("web", OK, "Answers."),
            Line("database", OK, "Answers."),
            broker,
            *processes(found, without_redis=broker.level == BAD),
            clocks(found),
            due(),
            connections(),
        ]
    except DatabaseTrouble as error:
        log.warning("the database is away", error=type(error).__name__)
        return [
            Line("web", OK, "Answers."),
            Line("database", BAD, "Does not answer: all work waits for it."),
            queue(),
        ]


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None, retry_on_timeout=False
    )


def queue() -> Line:
    """Whether Redis answers, and how many messages wait in it: more than a handful means that nobody takes them."""
    try:
        length = float(_redis().llen(settings.CELERY_TASK_DEFAULT_QUEUE))
    except redis.RedisError as error:
        log.warning("Redis is away", error=type(error).__name__)
        return Line("redis", BAD, "Does not answer: work begins again by itself once it does.")
    return Line("redis", OK, "Answers.", {"length": length})


def processes(found: list[Sign], *, without_redis: bool = False) -> list[Line]:
    """Beat, workers and the driver among them. Workers that cannot reach Redis live, and give no sign of life."""
    lines = [
        _process(kind, [sign for sign in found if sign.kind == kind]) for kind in ("worker", "driver", "beat")
    ]
    return [_without_redis(line) for line in lines] if without_redis else lines


def _without_redis(line: Line) -> Line:
    said = _WITHOUT_REDIS.get(line.name)
    return replace(line, said=said, cause="redis") if said and line.level == BAD else line


_NAMED = {"worker": "workers", "driver": "driver", "beat": "beat"}
_DEAD = {
    "worker": "No worker gives a sign of life: nothing is sent to SYNAQ.",
    "driver": "Nobody drives the ledger: what is asked for waits.",
    "beat": "Beat gives no sign of life: work only goes on when somebody clicks.",
}
_WITHOUT_REDIS = {
    "workers": "They wait for Redis, and give no sign of life: nothing is sent to SYNAQ.",
    "driver": "Nobody drives the ledger without Redis: what is asked for waits.",
}


def _process(kind: str, signs: list[Sign]) -> Line:
    alive = [sign for sign in signs if sign.alive]
    facts = {"alive": float(len(alive))}
    if signs:
        facts["age"] = min(sign.age for sign in signs).total_seconds()
    if not alive:
        return Line(_NAMED[kind], BAD, _DEAD[kind], facts)
    lost = [sign for sign in signs if not sign.alive and sign.age < MISSED]
    if kind == "worker" and lost:
        number = f"{len(lost)} worker{'' if len(lost) == 1 else 's'}"
        return Line(
            _NAMED[kind], WARN, f"{len(alive)} at work; {number} ended without a word within the hour.", facts
        )
    said = f"{len(alive)} at work." if kind == "worker" else "Gives signs of life."
    return Line(_NAMED[kind], OK, said, facts)


def clocks_off(signs: Iterable[Sign]) -> float:
    """Seconds by which the clock that differs most differs from the database's."""
    return max((abs(sign.clock_off) for sign in signs if sign.alive), default=0.0)


def clocks(signs: list[Sign]) -> Line:
    """Whether the machines and the database tell the same time."""
    off = clocks_off(signs)
    if off <= CLOCKS_OFF:
        return Line("clocks", OK, "All machines tell the same time.", {"off": off})
    said = f"A machine's clock is {off:.0f} s off the database's: new data may be taken for old."
    return Line("clocks", WARN, said, {"off": off})


# --- the ledger ---------------------------------------------------------------------------------------------------------

# What could be done now and is not: on a connection that may be called, and first in line for its object.
_OLDEST = f"""
    SELECT extract(epoch FROM statement_timestamp() - min(oldest)) FROM (
      SELECT (
        SELECT a.next_at FROM provisioning_action a
        WHERE a.connection_id = c.id AND a.state = 'queued' AND a.priority = 0
          AND a.next_at <= statement_timestamp() AND {FIRST_IN_LINE}
        ORDER BY a.next_at, a.id LIMIT 1) AS oldest
      FROM usable c
      UNION ALL
      SELECT (
        SELECT a.next_at FROM provisioning_action a
        WHERE a.connection_id = c.id AND a.state IN ('waiting', 'unconfirmed') AND a.priority = 0
          AND a.next_at <= statement_timestamp()
        ORDER BY a.next_at, a.id LIMIT 1)
      FROM usable c) AS each_one
"""  # noqa: S608  (a condition of our own)
_USABLE = """
    WITH usable AS (
      SELECT id FROM provisioning_connection WHERE retry_at IS NULL OR retry_at <= statement_timestamp())
"""


def oldest_due() -> float:
    """Seconds for which what people wait for has been due and was not taken up; 0 when nothing is due."""
    with database.cursor() as cursor:
        cursor.execute(_USABLE + _OLDEST)
        found = cursor.fetchone()[0]
    return max(float(found or 0), 0.0)


def due() -> Line:
    """Whether what is due is taken up in time."""
    seconds = oldest_due()
    level = BAD if seconds > VERY_LATE.total_seconds() else WARN if seconds > LATE.total_seconds() else OK
    said = (
        "What is due is taken up in time." if level == OK else "What is due waits for its turn for minutes."
    )
    return Line("ledger", level, said, {"oldest": seconds})


def open_by_state(where: Q | None = None) -> dict[str, int]:
    """How many actions are open, by state; all states named. `where` narrows it to what somebody may see."""
    rows = Action.objects.filter(where or Q(), state__in=Action.OPEN).order_by()
    found = dict(rows.values_list("state").annotate(Count("pk")))
    return {state.value: found.get(state.value, 0) for state in Action.OPEN}


def for_a_person(where: Q | None = None) -> int:
    """Unconfirmed actions that only a person can settle."""
    return Action.objects.filter(where or Q(), state=Action.State.UNCONFIRMED, next_at=None).count()


def readings_due() -> int:
    return Reading.objects.filter(due_at__lte=Now()).count()


# --- connections --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """One connection as it stands: `broken` for so many seconds, or `paused` for so many more as SYNAQ asked (429)."""

    row: Connection
    broken: float
    paused: float

    @property
    def level(self) -> str:
        return BAD if self.broken else WARN if self.paused or self.row.check_ok is False else OK


def links(rows: Iterable[Connection]) -> list[Link]:
    now = timezone.now()
    found = []
    for row in rows:
        broken = (now - row.broken_since).total_seconds() if row.broken_since else 0.0
        waits = (row.retry_at - now).total_seconds() if row.retry_at and not row.broken_since else 0.0
        found.append(Link(row, broken, max(waits, 0.0)))
    return found


def connections() -> Line:
    """All of them in one line."""
    return of_links(links(Connection.objects.order_by("pk")))


def of_links(found: Iterable[Link]) -> Line:
    each = {str(link.row.pk): link.level for link in found}
    level = worst(each.values())
    said = (
        "Calls to SYNAQ are not held back."
        if level == OK
        else "Calls to SYNAQ are held back, or were refused."
    )
    return Line("connections", level, said, each=each)
