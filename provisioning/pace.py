"""When a new action is first asked after: when such actions end, as this process has seen on that connection.

What was asked after in vain moves the pause towards the age that it had; as long as first polls find actions ended, the
pause is shortened again, step by step, for they may have ended sooner. In memory only: a new process begins at the shortest
pause and learns anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from provisioning.models import Action

SHORTEST, LONGEST = 0.5, 5.0  # seconds
PAST = 1.05  # of the age at which something had not ended yet
TOWARDS = 0.1  # the part of the way that one poll in vain moves the pause: a straggler moves it little
SOONER = 0.95  # at most once in the time of a pause, for those under way side by side tell the same
NEAR = 1.3  # a poll that came later than so many times the pause tells nothing of it


@dataclass
class _Pause:
    seconds: float = SHORTEST
    shortened_at: float = 0.0  # by time.monotonic()


_pauses: dict[tuple[int, str], _Pause] = {}


def _pause_of(action: Action) -> _Pause:
    return _pauses.setdefault((action.connection_id, action.operation), _Pause())


def first_poll(action: Action) -> timedelta:
    """How long after it was taken on the action is to be polled first."""
    return timedelta(seconds=_pause_of(action).seconds)


def polled(action: Action, *, ended: bool) -> None:
    """Learn from what a poll of the action found."""
    if action.accepted_at is None:
        return
    pause, age = _pause_of(action), (timezone.now() - action.accepted_at).total_seconds()
    if not ended:
        pause.seconds += TOWARDS * max(0.0, min(PAST * age, LONGEST) - pause.seconds)
        return
    now = time.monotonic()
    if not action.polls and age <= NEAR * pause.seconds and now - pause.shortened_at > pause.seconds:
        pause.seconds, pause.shortened_at = max(SOONER * pause.seconds, SHORTEST), now
