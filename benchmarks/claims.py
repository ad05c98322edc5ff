"""The driver's sweep, and its claim of what is due, with 100,000 open actions against 100.

    make bench ONLY=claims

Half of the open ones wait to be polled, half to be sent; a part of them is due. Behind them lie 200,000 that have ended, and
beside them as many readings are due that nobody waits for.
Each figure is the median of many, and each claim is rolled back. Few and many are two databases, asked in turn: a machine
that is slower for a while is slower for both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import stage
from benchmarks.rows import Row, against
from benchmarks.stage import World, say

FEW, MANY, ENDED, TURNS = 100, 100_000, 200_000, 60
MOST = 12

COPY = """
INSERT INTO provisioning_action ({columns})
SELECT {values} FROM provisioning_action a, generate_series(1, %(count)s) n WHERE a.id = %(like)s
"""
OWN = {
    "submission": "gen_random_uuid()",
    "lock_key": "left(gen_random_uuid() || a.lock_key, 600)",
    "title": "n || a.title",
    "state": "%(state)s",
    "sealed": "''",
    # One in four is due, so that also of the few a claim finds as many as it may take; the others over the next minutes
    "next_at": "CASE WHEN %(ended)s THEN NULL WHEN n %% 4 = 0 THEN now() - n * interval '1 ms'"
    " ELSE now() + (600 + n %% 300) * interval '1 s' END",
    "ended_at": "CASE WHEN %(ended)s THEN now() - n * interval '1 s' END",
    "result_guid": "CASE WHEN %(ended)s THEN n::text ELSE '' END",
}


def measure() -> list[Row]:
    many, ended = stage.scaled(MANY), stage.scaled(ENDED)
    with stage.database():
        domain = stage.mirror(_NoApi())
        like = stage.ask_for_mailboxes(domain, 1)[0]
        _copy(like, FEW, 0)
        _read_behind(domain, FEW)
        stage.settled()
        with stage.copied() as copy:
            say(f"{many:,} open actions and {ended:,} that have ended are written")
            _copy(like, many - FEW, ended)
            _read_behind(domain, many - FEW)
            stage.settled()
            found = {what: _in_turn(work, copy) for what, work in _works(domain.connection_id).items()}
    return [
        against(f"claims: {what}, {many:,} open against {FEW}", 1000 * there, 1000 * here, "ms", most=1.5)
        for what, (here, there) in found.items()
    ]


class _NoApi:
    """Nothing is sent here."""

    url, world = "http://127.0.0.1:9", World("company", "package", "domain")


def copy_queued(like: Any, count: int) -> None:
    """So many rows more that wait to be sent now, each a creation of its own, secrets included."""
    from django.db import connection

    own = {
        "submission": "gen_random_uuid()", "lock_key": "a.lock_key || n", "title": "n || a.title",
        "next_at": "now() - interval '1 h'",
        "payload": "jsonb_set(a.payload, '{email_local}', to_jsonb('copy' || n))",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_copying(own), {"count": count, "like": like.pk})


def _copying(own: Mapping[str, str]) -> str:
    from provisioning.models import Action

    fields = [field.column for field in Action._meta.concrete_fields if field.column and field.column != "id"]
    return COPY.format(
        columns=", ".join(f'"{name}"' for name in fields),
        values=", ".join(own.get(name, f'a."{name}"') for name in fields),
    )


def _copy(like: Any, open_ones: int, ended: int) -> None:
    from django.db import connection

    sql = _copying(OWN)
    with connection.cursor() as cursor:
        for state, count in (("queued", open_ones // 2), ("waiting", open_ones // 2), ("finished", ended)):
            cursor.execute(
                sql, {"count": count, "like": like.pk, "state": state, "ended": state == "finished"}
            )


def _read_behind(domain: Any, count: int) -> None:
    """So many readings that are due and that nobody waits for."""
    from django.db import connection

    sql = """
        INSERT INTO provisioning_reading (connection_id, kind, guid, ou_id, domain_id, priority, request_id, asked_at,
          due_at, attempt, failures, page, trouble)
        SELECT %(connection)s, 'mailbox', gen_random_uuid(), %(ou)s, %(domain)s, 1, '', now(), now() - n * interval '1 ms',
          0, 0, 1, ''
        FROM generate_series(1, %(count)s) n
    """
    values = {"connection": domain.connection_id, "ou": domain.ou_id, "domain": domain.pk, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _works(connection_id: int) -> dict[str, Callable[[], object]]:
    from provisioning import ledger, readings, runner

    driver = runner.Driver(lambda: False)
    all_of_it = ledger.Most(MOST, MOST, MOST, MOST)
    return {
        "claim of all that a driver takes on at once": lambda: ledger.claim(connection_id, all_of_it),
        "claim of polls that are due": lambda: ledger.claim_turns(connection_id, MOST),
        "claim of what is to be sent": lambda: ledger.claim_submits(connection_id, MOST),
        "claim of readings, none of people's being due": lambda: readings.claim(connection_id, MOST),
        "sweep": driver._sweep,
    }


def _in_turn(work: Callable[[], object], copy: Any) -> tuple[float, float]:
    """Seconds at the median: of few, of many."""
    from django.db import connections

    grown = connections["default"]
    times: dict[Any, list[float]] = {copy: [], grown: []}
    for turn in range(TURNS):
        for base in (copy, grown) if turn % 2 else (grown, copy):
            with stage.looking_at(base):
                times[base].append(_time(work))
    here, there = (statistics.median(times[base][TURNS // 6 :]) for base in (copy, grown))
    return here, there


def _time(work: Callable[[], object]) -> float:
    from django.db import transaction

    with transaction.atomic():
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took
