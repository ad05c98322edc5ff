"""The ledger's commonest changes, for many rows in one statement each: a driver at work makes hundreds a second.

As in `ledger.py`, each names the states that it comes from, and touches a row only while its attempt is the claim's. Each
returns the ids of the rows that it touched, and sets on those actions what it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from provisioning import counting
from provisioning.ledger import LONGEST_STATE, State
from provisioning.models import Action

_HELD = """
SELECT a.id FROM provisioning_action a JOIN unnest(%s::bigint[], %s::int[]) AS v (id, attempt)
  ON a.id = v.id AND a.attempt = v.attempt
WHERE a.state = 'waiting' ORDER BY a.id FOR UPDATE OF a
"""
_STILL = """
UPDATE provisioning_action a
SET remote_state = v.remote_state, next_at = v.next_at, polls = a.polls + 1, lease_until = NULL, words = ''
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::timestamptz[]) AS v (id, attempt, remote_state, next_at)
WHERE a.id = v.id AND a.attempt = v.attempt AND a.state = 'waiting' RETURNING a.id
"""
_ACCEPTED = """
UPDATE provisioning_action a
SET state = 'waiting', sealed = '', remote_path = v.path, remote_id = v.remote_id, remote_state = v.remote_state,
  result_guid = v.guid, accepted_at = v.at, next_at = v.next_at, tries = 0, lease_until = NULL, meaning = '', words = '',
  errors = '[]'
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
  AS v (id, attempt, path, remote_id, remote_state, guid, at, next_at)
WHERE a.id = v.id AND a.attempt = v.attempt AND a.state IN ('sending', 'unconfirmed') RETURNING a.id
"""
_FINISHED = """
UPDATE provisioning_action a
SET state = 'finished', ended_at = %s, remote_state = 'finished', next_at = NULL, lease_until = NULL, sealed = '',
  words = '', meaning = '', errors = '[]'
FROM unnest(%s::bigint[], %s::int[]) AS v (id, attempt)
WHERE a.id = v.id AND a.attempt = v.attempt AND a.state = 'waiting' RETURNING a.id
"""
_NOTE = """
INSERT INTO provisioning_event (action_id, at, kind, text, data)
SELECT action_id, %s, kind, '', data::jsonb FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v (action_id, kind, data)
"""


@dataclass(frozen=True)
class Taken:
    """SYNAQ took an action on: where it can be followed, what it made. `done`: nothing is left but to read the result."""

    action: Action
    path: str
    remote_id: str
    guid: str
    done: bool
    status: int | None


@dataclass(frozen=True)
class Polled:
    action: Action
    remote_state: str
    next_at: datetime


@dataclass(frozen=True)
class Done:
    action: Action
    exclusions: Sequence[str] = field(default_factory=tuple)


def held(actions: Iterable[Action]) -> set[int]:
    """Of waiting rows those that are still ours, held until the transaction ends."""
    return _ids(_HELD, _ours(actions))


def accepted(rows: Sequence[Taken]) -> set[int]:
    """As `ledger.accepted`."""
    now = timezone.now()
    facts = [
        (row.path, row.remote_id, "finished" if row.done else "new", row.guid, now, now + _wait(row.done))
        for row in rows
    ]
    touched = _ids(_ACCEPTED, [*_ours(row.action for row in rows), *map(list, zip(*facts, strict=True))])
    told = {
        row.action.pk: {"status": row.status, "remote_id": row.remote_id, "path": row.path, "guid": row.guid}
        for row in rows
    }
    _note("accepted", touched, told)
    _set((row.action for row in rows), touched, State.WAITING)
    return touched


def still(rows: Sequence[Polled]) -> set[int]:
    """As `ledger.still`, without trouble: a line of history only where SYNAQ says another state, or trouble ended."""
    states = [row.remote_state[:LONGEST_STATE] for row in rows]
    touched = _ids(_STILL, [*_ours(row.action for row in rows), states, [row.next_at for row in rows]])
    news = {
        row.action.pk: {"remote_state": state}
        for row, state in zip(rows, states, strict=True)
        if state != row.action.remote_state or row.action.words
    }
    _note("answered", touched, news)
    return touched


def finished(rows: Sequence[Done]) -> set[int]:
    """As `ledger.finish`, in the transaction that wrote the mirror."""
    touched = _ids(_FINISHED, [timezone.now(), *_ours(row.action for row in rows)])
    told = {row.action.pk: {"remote_state": "finished", "exclusions": list(row.exclusions)} for row in rows}
    _note("finished", touched, told)
    _set((row.action for row in rows), touched, State.FINISHED)
    for action in (row.action for row in rows if row.action.pk in touched):
        transaction.on_commit(partial(counting.ended, action.operation, State.FINISHED, action.asked_at))
    return touched


def _wait(done: bool) -> timedelta:
    return timedelta(0) if done else timedelta(seconds=0.5)


def _ours(actions: Iterable[Action]) -> list[list[int]]:
    found = list(actions)
    return [[action.pk for action in found], [action.attempt for action in found]]


def _ids(sql: str, params: Sequence[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {number for (number,) in cursor.fetchall()}


def _note(kind: str, touched: set[int], told: Mapping[int, Mapping[str, Any]]) -> None:
    lines = [(number, kind, json.dumps(data)) for number, data in told.items() if number in touched]
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [timezone.now(), *map(list, zip(*lines, strict=True))])


def _set(actions: Iterable[Action], touched: set[int], state: str) -> None:
    for action in actions:
        if action.pk in touched:
            action.state = state
