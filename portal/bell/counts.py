"""The bell in the top bar: what the person asked for, as far as they have not looked at it yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from portal import access, roles
from provisioning.models import Action

MOVING = (Action.State.QUEUED, Action.State.SENDING, Action.State.WAITING)


MOST = 100  # of each: so many are "99+", and no more are looked at, however many there are


@dataclass(frozen=True)
class Bell:
    """Numbers of the person's own actions, each up to MOST: in flight, unconfirmed, and since they looked: failed, ended
    well."""

    moving: int = 0
    unconfirmed: int = 0
    failed: int = 0
    finished: int = 0

    @property
    def shown(self) -> str:
        """The number beside the bell: what went wrong first, else what moves, else what ended; "" where there is none."""
        number = self.failed + self.unconfirmed or self.moving or self.finished
        return _in_short(number) if number else ""

    @property
    def tone(self) -> str:
        if self.failed or self.unconfirmed:
            return "bad"
        return "busy" if self.moving else "good"

    @property
    def said(self) -> str:
        """All of it in words."""
        parts = [
            (self.failed, "failed"),
            (self.unconfirmed, "unconfirmed"),
            (self.moving, "in progress"),
            (self.finished, "finished"),
        ]
        said = ", ".join(f"{_in_short(number)} {word}" for number, word in parts if number)
        return f"My actions: {said}" if said else "My actions"


def _in_short(number: int) -> str:
    return str(number) if number < MOST else f"{MOST - 1}+"


def looked(person: Any) -> datetime:
    """Since when the person has not looked."""
    since: datetime = person.looked_at or person.date_joined
    return since


def of(request: HttpRequest) -> Bell | None:
    """The numbers, in one query a request; None for who sees no activity."""
    if not hasattr(request, "_bell"):
        request._bell = _counted(request)  # type: ignore[attr-defined]
    bell: Bell | None = request._bell  # type: ignore[attr-defined]
    return bell


def _counted(request: HttpRequest) -> Bell | None:
    if not access.grants(request).has(roles.SEE_ACTIVITY):
        return None
    person = access.viewer(request)
    mine = access.actions(request).filter(by=person.pk)
    ended = mine.filter(ended_at__gt=looked(person))
    first, *others = (
        each.order_by().values_list("state", flat=True)[:MOST]
        for each in (
            mine.filter(state__in=MOVING),
            mine.filter(state=Action.State.UNCONFIRMED),
            ended.filter(state=Action.State.FAILED),
            ended.filter(state=Action.State.FINISHED),
        )
    )
    found = Counter(first.union(*others, all=True))
    return Bell(
        moving=min(MOST, sum(found[state] for state in MOVING)),
        unconfirmed=found[Action.State.UNCONFIRMED],
        failed=found[Action.State.FAILED],
        finished=found[Action.State.FINISHED],
    )
