"""The driver's sweep, and its claim of what is due, with 100,000 open actions against 100.

    make bench ONLY=claims

Half of the open ones wait to be polled, half to be sent; a part of them is due. Behind them lie 200,000 that have ended.
Each figure is the median of many, taken in turn within one database, and each claim is rolled back.
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
        stage.settled()
        few = _timed(domain.connection_id)
        say(f"{many:,} open actions and {ended:,} that have ended are written")
        _copy(like, many - FEW, ended)
        stage.settled()
        found = _timed(domain.connection_id)
    return [
        against(
            f"claims: {what}, {many:,} open against {FEW}",
            1000 * found[what],
            1000 * few[what],
            "ms",
            most=1.5,
        )
        for what in found
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


def _timed(connection_id: int) -> dict[str, float]:
    """Seconds of each, at the median."""
    from provisioning import ledger, runner

    driver = runner.Driver(lambda: False)
    each: dict[str, Callable[[], object]] = {
        "claim of polls that are due": lambda: ledger.claim_turns(connection_id, MOST),
        "claim of what is to be sent": lambda: ledger.claim_submits(connection_id, MOST),
        "sweep": driver._sweep,
    }
    return {what: statistics.median(_times(work)) for what, work in each.items()}


def _times(work: Callable[[], object]) -> list[float]:
    from django.db import transaction

    found = []
    for _ in range(TURNS):
        with transaction.atomic():
            began = time.perf_counter()
            work()
            found.append(time.perf_counter() - began)
            transaction.set_rollback(True)
    return found[TURNS // 6 :]
