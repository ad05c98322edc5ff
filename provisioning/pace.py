"""When a new action is first asked after: when such actions end, by what this process has seen on that connection.

Asking twice a second from the start would make polls in vain half of all calls. So the first poll comes when half of the
latest such actions had ended; what takes far longer than others moves it little, and where a first poll finds the end, it
may have come sooner, and the next is a little earlier. That a poll came late, for others went before it, moves nothing.
While no end is known, the first few are asked after from the shortest pause on, and the others later: they mostly learn
from the first when such actions end. In memory only: a new process knows nothing.
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

SCOUTS = 8  # how many are asked after at the shortest pause while no end is known
OTHERS = 1.5  # seconds: when the others are, by when the scouts mostly know
MOST = 4096  # actions whose last poll is remembered

_Kind = tuple[int, str]  # connection, operation
_ends: defaultdict[_Kind, deque[float]] = defaultdict(lambda: deque(maxlen=LATEST))
_under_way: dict[_Kind, float] = {}  # the greatest age at which one was not at its end, while no end is known
_scouts: defaultdict[_Kind, int] = defaultdict(int)
_in_vain: dict[
    int, float
] = {}  # by an action's id, the age at which a poll of this process found it under way


def first_poll(action: Action) -> timedelta:
    """How long after it was taken on the action is to be polled first."""
    kind = _kind(action)
    ends = _ends.get(kind)
    seconds = median_low(ends) if ends else max(_under_way.get(kind, 0.0), _without_knowing(kind))
    return timedelta(seconds=min(max(seconds, SHORTEST), LONGEST))


def _without_knowing(kind: _Kind) -> float:
    _scouts[kind] += 1
    return SHORTEST if _scouts[kind] <= SCOUTS else OTHERS


def under_way(action: Action) -> None:
    """Learn from an action that a poll has just found under way."""
    if (age := _age(action)) is None:
        return
    if len(_in_vain) >= MOST:
        del _in_vain[next(iter(_in_vain))]
    _in_vain[action.pk] = age
    kind = _kind(action)
    if kind not in _ends and age < LONGEST:  # what is stuck says nothing of others
        _under_way[kind] = max(age, _under_way.get(kind, 0.0))


def ended(action: Action) -> None:
    """Learn from an action whose end a poll has just found."""
    if (age := _age(action)) is None:
        return
    kind, in_vain = _kind(action), _in_vain.pop(action.pk, None)
    if in_vain is not None:
        end = min(age, in_vain + max(SHORTEST, GROWTH * in_vain) / 2)
    elif action.polls:
        # When another process may have found it under way
        before = max(0.0, min(age - SHORTEST, age / (1 + GROWTH)))
        end = (before + age) / 2
    else:
        end = SOONER * min(age, max(SHORTEST, median_low(_ends[kind])) if kind in _ends else age)
    _ends[kind].append(end)
    _under_way.pop(kind, None)


def _kind(action: Action) -> _Kind:
    return action.connection_id, action.operation


def _age(action: Action) -> float | None:
    """Seconds since it was taken on."""
    taken = action.accepted_at
    return None if taken is None else (timezone.now() - taken).total_seconds()
