"""When a new action is first asked after: when such actions end, by what this process has seen on that connection.

Asking twice a second from the start would make polls in vain half of all calls. So the first poll comes when half of the
latest such actions had ended; what takes far longer than others moves it little, and where a first poll finds the end, it
may have come sooner, and the next is a little earlier. In memory only: a new process begins at the shortest pause.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import timedelta
from statistics import median_low

from django.utils import timezone

from provisioning.models import Action

SHORTEST, LONGEST = 0.5, 5.0  # seconds
LATEST = 16  # actions
GROWTH = 0.15  # of the age: the pause between later polls (outcomes.py)
SOONER = 0.97  # of the age at which the first poll found the end: it may have come before

_ends: defaultdict[tuple[int, str], deque[float]] = defaultdict(lambda: deque(maxlen=LATEST))


def first_poll(action: Action) -> timedelta:
    """How long after it was taken on the action is to be polled first."""
    ends = _ends.get((action.connection_id, action.operation))
    return timedelta(seconds=min(max(median_low(ends), SHORTEST), LONGEST) if ends else SHORTEST)


def ended(action: Action) -> None:
    """Learn from an action whose end a poll has just found."""
    if action.accepted_at is None:
        return
    age = (timezone.now() - action.accepted_at).total_seconds()
    before = max(0.0, min(age - SHORTEST, age / (1 + GROWTH)))  # when a poll found it under way, if one did
    end = (before + age) / 2 if action.polls else SOONER * age
    _ends[action.connection_id, action.operation].append(end)
