"""The ledger's commonest changes, for many rows in one statement each: a driver at work makes hundreds a second.

As in `ledger.py`, each names the states that it comes from, and touches a row only while its attempt is the claim's. Each
returns the ids of the rows that it touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from provisioning import counting, pace
from provisioning.ledger import LONGEST_STATE, State
from provisioning.models import Action

# One statement each: the rows that are still ours, and a line of history where there is something to tell.
_STILL = """
WITH v AS (
  SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::timestamptz[], %s::text[])
    AS v (id, attempt, remote_state, next_at, told)
), touched AS (
  UPDATE provisioning_action a
  SET remote_state = v.remote_state, next_at = v.next_at, polls = a.polls + 1, lease_until = NULL, words = ''
  FROM v WHERE a.id = v.id AND a.attempt = v.attempt AND a.state = 'waiting' RETURNING a.id
), {noted} SELECT id FROM touched
"""
_ACCEPTED = """
WITH v AS (
  SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
      %s::timestamptz[], %s::text[])
    AS v (id, attempt, path, remote_id, remote_state, guid, at, next_at, told)
), touched AS (
  UPDATE provisioning_action a
  SET state = 'waiting', sealed = '', remote_path = v.path, remote_id = v.remote_id, remote_state = v.remote_state,
    result_guid = v.guid, accepted_at = v.at, next_at = v.next_at, tries = 0, lease_until = NULL, meaning = '', words = '',
    errors = '[]'
  FROM v WHERE a.id = v.id AND a.attempt = v.attempt AND a.state IN ('sending', 'unconfirmed') RETURNING a.id
), {noted} SELECT id FROM touched
"""
_FINISHED = """
WITH v AS (
  SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS v (id, attempt, told)
), touched AS (
  UPDATE provisioning_action a
  SET state = 'finished', ended_at = clock_timestamp(), remote_state = 'finished', next_at = NULL, lease_until = NULL,
    sealed = '', words = '', meaning = '', errors = '[]'
  FROM v WHERE a.id = v.id AND a.attempt = v.attempt AND a.state = 'waiting' RETURNING a.id
), {noted} SELECT id FROM touched
"""
_NOTED = """noted AS (
  INSERT INTO provisioning_event (action_id, at, kind, text, data)
  SELECT v.id, clock_timestamp(), '{kind}', '', v.told::jsonb FROM v JOIN touched USING (id) WHERE v.told IS NOT NULL
)"""
_STILL, _ACCEPTED, _FINISHED = (
    sql.format(noted=_NOTED.format(kind=kind))
    for sql, kind in ((_STILL, "answered"), (_ACCEPTED, "accepted"), (_FINISHED, "finished"))
)


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


def accepted(rows: Sequence[Taken]) -> set[int]:
    """As `ledger.accepted`."""
    now = timezone.now()
    facts = [
        (
            row.path,
            row.remote_id,
            "finished" if row.done else "new",
            row.guid,
            now,
            now + _wait(row),
            _told_of(row),
        )
        for row in rows
    ]
    touched = _ids(_ACCEPTED, [*_ours(row.action for row in rows), *map(list, zip(*facts, strict=True))])
    _set((row.action for row in rows), touched, State.WAITING)
    return touched


def _told_of(row: Taken) -> str:
    return json.dumps({"status": row.status, "remote_id": row.remote_id, "path": row.path, "guid": row.guid})


def still(rows: Sequence[Polled]) -> set[int]:
    """As `ledger.still`, without trouble: a line of history only where SYNAQ says another state, or trouble ended."""
    states = [row.remote_state[:LONGEST_STATE] for row in rows]
    news = [
        json.dumps({"remote_state": state}) if state != row.action.remote_state or row.action.words else None
        for row, state in zip(rows, states, strict=True)
    ]
    ours = _ours(row.action for row in rows)
    return _ids(_STILL, [*ours, states, [row.next_at for row in rows], news])


def finished(rows: Sequence[Done]) -> set[int]:
    """As `ledger.finish`, in the transaction that writes the mirror. The caller sets it on the actions once that went
    well."""
    told = [json.dumps({"remote_state": "finished", "exclusions": list(row.exclusions)}) for row in rows]
    touched = _ids(_FINISHED, [*_ours(row.action for row in rows), told])
    done = [row.action for row in rows if row.action.pk in touched]
    for action in done:
        transaction.on_commit(partial(counting.ended, action.operation, State.FINISHED, action.asked_at))
    return touched


def _wait(row: Taken) -> timedelta:
    return timedelta(0) if row.done else pace.first_poll(row.action)


def _ours(actions: Iterable[Action]) -> list[list[int]]:
    found = list(actions)
    return [[action.pk for action in found], [action.attempt for action in found]]


def _ids(sql: str, params: Sequence[Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {number for (number,) in cursor.fetchall()}


def _set(actions: Iterable[Action], touched: set[int], state: str) -> None:
    for action in actions:
        if action.pk in touched:
            action.state = state
