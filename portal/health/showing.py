"""What the Health page shows, as its template wants it."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from portal.health import advice
from portal.health.advice import ADVICE, Advice
from provisioning import health, heartbeats
from provisioning.health import Line
from provisioning.models import Action, Batch, Connection, Reading, Tally, UsageRun
from provisioning.operations import OPERATIONS

TONES = {health.OK: "good", health.WARN: "warn", health.BAD: "bad"}
WORDS = {health.OK: "Well", health.WARN: "Degraded", health.BAD: "Down"}
LATELY = timedelta(minutes=10)
_KINDS = {"web": "Web process", "worker": "Worker", "driver": "Driver of the ledger", "beat": "Beat"}
_STATE_URL = {"queued": "open", "sending": "open", "waiting": "open", "unconfirmed": "unconfirmed"}


@dataclass(frozen=True)
class Component:
    line: Line
    advice: Advice

    @property
    def label(self) -> str:
        return ADVICE[self.line.name].label

    @property
    def tone(self) -> str:
        return TONES[self.line.level]

    @property
    def word(self) -> str:
        return WORDS[self.line.level]

    @property
    def well(self) -> bool:
        return self.line.level == health.OK


def components(lines: Sequence[Line]) -> list[Component]:
    """What is not well first, else as they hang together."""
    found = [Component(line, advice.about(line)) for line in lines]
    order = (health.BAD, health.WARN, health.OK)
    return sorted(found, key=lambda one: order.index(one.line.level))


def overall(lines: Sequence[Line]) -> dict[str, str]:
    """One sentence."""
    ours = [line.level for line in lines]
    level = health.worst(ours)
    number = sum(one != health.OK for one in ours)
    said = "All is well." if not number else f"{number} thing{'' if number == 1 else 's'} to look at."
    return {"tone": TONES[level], "said": said}


def ledger(watched: Sequence[Connection], lines: Sequence[Line]) -> dict[str, Any]:
    """The queue of the viewer's connections, and how fast it moves."""
    ours = Q(connection__in=watched)
    oldest = next((line.facts["oldest"] for line in lines if line.name == "ledger"), 0.0)
    ended = Action.objects.filter(
        ours, state=Action.State.FINISHED, operation__in=OPERATIONS, ended_at__gt=timezone.now() - LATELY
    ).count()
    return {
        "states": [
            {"state": state, "count": count, "url": f"{reverse('activity:list')}?state={_STATE_URL[state]}"}
            for state, count in health.open_by_state(ours).items()
        ],
        "for_a_person": health.for_a_person(ours),
        "stopped": Batch.objects.filter(ou__connection__in=watched, state=Batch.State.STOPPED).count(),
        "oldest": round(oldest / 60),
        "a_minute": round(ended / (LATELY.total_seconds() / 60), 1),
        "readings": Reading.objects.filter(ours, due_at__lte=timezone.now()).count(),
    }


def nights(watched: Sequence[Connection]) -> list[dict[str, Any]]:
    """The last night's count of usage, one line a connection."""
    rows = UsageRun.objects.filter(connection__in=watched, why=UsageRun.Why.NIGHT)
    last = rows.order_by("connection", "-id").distinct("connection").select_related("connection", "batch")
    return [{"run": run, "batch": run.batch, "late": _is_late(run)} for run in last]


def _is_late(run: UsageRun) -> bool:
    return settings.USAGE_HOUR is not None and timezone.now() - run.made_at > timedelta(hours=26)


@dataclass(frozen=True)
class Process:
    label: str
    name: str
    at: datetime
    alive: bool


def processes() -> list[Process]:
    """Those heard of within the hour; whoever has a place that another took is no longer told of."""
    signs = [sign for sign in heartbeats.signs() if sign.alive or sign.age < health.MISSED]
    return [
        Process(_KINDS.get(sign.kind, sign.kind), _name(sign), sign.at, sign.alive)
        for sign in sorted(signs, key=lambda sign: (sign.kind, sign.name))
        if sign.alive or sign.kind in ("worker", "beat")
    ]


def _name(sign: heartbeats.Sign) -> str:
    process = sign.facts.get("process")
    return f"{sign.name} ({process})" if process else sign.name


def mail() -> dict[str, Any]:
    """When the mail server last took a mail, and last refused one. None waits here: who asked was told at once."""
    rows = Tally.objects.filter(name="mailroom_mails")
    taken = rows.filter(labels__contains='"taken"').aggregate(at=Max("at"))["at"]
    refused = rows.filter(labels__contains='"refused"').aggregate(at=Max("at"))["at"]
    return {"taken": taken, "refused": refused, "bad": bool(refused and (not taken or refused > taken))}


def versions() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))"
        )
        postgres, size = cursor.fetchone()
    return [
        ("Mailroom", _own()),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("Postgres", str(postgres)),
        ("Size of the database", str(size)),
    ]


@cache
def _own() -> str:
    file = settings.BASE_DIR / "pyproject.toml"
    return str(tomllib.loads(file.read_text())["project"]["version"]) if file.is_file() else "?"
