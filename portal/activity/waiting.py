"""Why an action is not done yet: its place in the queue, how long its kind usually takes here, when it counts as stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from portal import access, outages
from portal.activity import present
from provisioning.models import Action
from provisioning.services import timing

_FEW = 5  # below that many ended ones, a median says nothing


@dataclass(frozen=True)
class Waiting:
    """For templates/activity/_waiting.html. Times, not ages: what is shown changes only when something happens."""

    queue: str
    before: list[dict[str, Any]]
    usual: str
    took: str
    stuck_at: datetime | None
    stuck: bool


def of(request: HttpRequest, action: Action) -> Waiting:
    """What there is to say about the action's waiting; of an ended one, how long it took."""
    ahead = _ahead(action)
    seen = list(access.actions(request).filter(pk__in=ahead).select_related("by").order_by("pk")[:3])
    found = timing.usual(action.operation, action.connection)
    stuck_at = _stuck_at(action, found)
    return Waiting(
        queue=_queue(action, len(ahead)),
        before=present.rows(seen),
        usual=_usual(found),
        took=_took(action),
        stuck_at=stuck_at,
        stuck=stuck_at is not None and timezone.now() > stuck_at,
    )


def _ahead(action: Action) -> list[int]:
    """What has to end before it can be sent: one thing is in flight per object."""
    if action.state != Action.State.QUEUED:
        return []
    same = Action.objects.filter(
        connection=action.connection_id, lock_key=action.lock_key, state__in=Action.OPEN, pk__lt=action.pk
    )
    return list(same.order_by("pk").values_list("pk", flat=True)[:100])


def _queue(action: Action, ahead: int) -> str:
    if action.state != Action.State.QUEUED:
        return ""
    if ahead:
        return f"{ahead} before it for this {action.result_kind or action.kind}. One thing at a time is done to it."
    if action.connection.broken_since:
        return "Nothing is before it: it is sent once SYNAQ answers again."
    if outages.nobody_works_since():
        return "Nothing is before it: it is sent once a worker is back."
    if action.next_at and action.next_at > timezone.now() + timedelta(seconds=2):
        return "Nothing is before it. It is tried again by itself."
    return "Nothing is before it: it is sent as soon as a worker is free."


def _usual(found: timing.Usual) -> str:
    if found.median is None or found.p95 is None or found.count < _FEW:
        return "Not enough of this kind have been done here to say what is usual."
    median, most = seconds(found.median), seconds(found.p95)
    return f"At SYNAQ usually {median}, 95 of 100 within {most} (the last {found.count} here)."


def _stuck_at(action: Action, found: timing.Usual) -> datetime | None:
    """From when it counts as stuck; nothing that has not been sent is."""
    began = action.accepted_at or action.sent_at
    if began is None or action.state != Action.State.WAITING:
        return None
    return began + timedelta(seconds=timing.stuck_after(found))


def _took(action: Action) -> str:
    if action.state != Action.State.FINISHED or action.ended_at is None:
        return ""
    return seconds((action.ended_at - action.asked_at).total_seconds())


def seconds(length: float) -> str:
    """A length of time as people say it: `0.8 s`, `12 s`, `3 min`, `2 h`."""
    if length < 10:
        return f"{length:.1f} s"
    if length < 90:
        return f"{length:.0f} s"
    return f"{length / 60:.0f} min" if length < 5400 else f"{length / 3600:.0f} h"
