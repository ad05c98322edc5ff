"""The bell in the top bar: what the person asked for, as far as they have not looked at it yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest

from portal import access, roles
from provisioning.models import Action

MOVING = (Action.State.QUEUED, Action.State.SENDING, Action.State.WAITING)


@dataclass(frozen=True)
class Bell:
    """Numbers of the person's own actions: in flight, unconfirmed, and since they looked: failed, ended well."""

    moving: int = 0
    unconfirmed: int = 0
    failed: int = 0
    finished: int = 0

    @property
    def shown(self) -> int:
        """The number beside the bell: what went wrong first, else what moves, else what ended."""
        return self.failed + self.unconfirmed or self.moving or self.finished

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
        said = ", ".join(f"{number} {word}" for number, word in parts if number)
        return f"My actions: {said}" if said else "My actions"


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
    ended = Q(ended_at__gt=looked(person))
    mine = access.actions(request).filter(Q(state__in=Action.OPEN) | ended, by=person.pk)
    return Bell(
        **mine.aggregate(
            moving=Count("pk", filter=Q(state__in=MOVING)),
            unconfirmed=Count("pk", filter=Q(state=Action.State.UNCONFIRMED)),
            failed=Count("pk", filter=ended & Q(state=Action.State.FAILED)),
            finished=Count("pk", filter=ended & Q(state=Action.State.FINISHED)),
        )
    )
