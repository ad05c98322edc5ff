"""Counts of what happens, for Prometheus: kept in each process's memory, added up in Postgres every few seconds.

Every label is a name of our own (a route, an operation, a call's shape): nothing that customers or SYNAQ choose, so that
their number is bounded. A killed process loses a few seconds of counts and nothing else.
"""

from __future__ import annotations

import json
import os
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import structlog
from django.db import DataError, connection
from django.db import Error as DatabaseTrouble

from provisioning.models import Tally

log = structlog.get_logger(__name__)

EVERY = 5.0  # seconds
WEB_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ACTION_SECONDS = (1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)


@dataclass(frozen=True)
class Metric:
    """A counter, or, with `bounds`, a histogram of seconds (its rows: one a bound, and the sum)."""

    name: str
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


TABLE = {
    metric.name: metric
    for metric in (
        Metric("mailroom_http_requests", "Requests answered", ("route", "method", "status")),
        Metric("mailroom_http_request_seconds", "Time to answer a request", ("route",), WEB_SECONDS),
        Metric("mailroom_actions_ended", "Actions that ended", ("operation", "outcome")),
        Metric("mailroom_action_seconds", "From the click to the end, of finished actions", ("operation",), ACTION_SECONDS),
        Metric("mailroom_unconfirmed", "Actions whose outcome was not known at first", ("operation",)),
        Metric("mailroom_synaq_calls", "Calls to SYNAQ by what they meant", ("call", "meaning")),
        Metric("mailroom_synaq_call_seconds", "Time of a call to SYNAQ", ("call",), CALL_SECONDS),
        Metric("mailroom_gate_passes", "Calls that came to the rate gate, by how they left it", ("how",)),
        Metric("mailroom_gate_wait_seconds", "Time that calls waited at the rate gate, summed up"),
        Metric("mailroom_breaker_opened", "Times that a connection's breaker opened"),
        Metric("mailroom_audit_entries", "Entries of the audit trail", ("kind",)),
        Metric("mailroom_mails", "Mails by whether the server took them", ("mail", "outcome")),
    )
}  # fmt: skip
_SUM = "sum"
_lock = threading.Lock()
_pending: dict[tuple[str, str], float] = {}
_next_flush = 0.0


@lru_cache(maxsize=4096)
def _labels(facts: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(facts), separators=(",", ":"), sort_keys=True)


def add(name: str, amount: float = 1.0, **labels: str) -> None:
    """Count one more. Raises KeyError for a name or a label that TABLE does not have."""
    if set(labels) != set(TABLE[name].labels):
        raise KeyError(f"{name} is counted by {TABLE[name].labels}")
    _add(name, _labels(tuple(labels.items())), amount)


def observe(name: str, seconds: float, **labels: str) -> None:
    """One more that took so many seconds."""
    bounds = TABLE[name].bounds
    place = bisect_left(bounds, seconds)
    bound = str(bounds[place]) if place < len(bounds) else "+Inf"
    _add(name, _labels((*labels.items(), ("le", bound))), 1.0)
    _add(name, _labels((*labels.items(), ("le", _SUM))), seconds)


def _add(name: str, labels: str, amount: float) -> None:
    with _lock:
        _pending[name, labels] = _pending.get((name, labels), 0.0) + amount


def _forget() -> None:
    """A forked child has its parent's counts: the parent hands them in."""
    global _lock
    _lock = threading.Lock()
    _pending.clear()


os.register_at_fork(after_in_child=_forget)


def flush() -> int:
    """Add what was counted here to what stands in Postgres; how many counts. Raises its error when it is away: nothing is
    lost then. Not inside a transaction of the caller's: others would wait for its end."""
    with _lock:
        taken = dict(_pending)
        _pending.clear()
    if not taken:
        return 0
    try:
        _write(taken)
    except DataError:  # counts must never keep work from being done
        log.exception("counts were dropped", names=sorted({name for name, _ in taken}))
    except DatabaseTrouble:
        with _lock:
            for key, amount in taken.items():
                _pending[key] = _pending.get(key, 0.0) + amount
        raise
    return len(taken)


def flush_now_and_then() -> int:
    """As `flush`, every few seconds."""
    global _next_flush
    now = time.monotonic()
    if now < _next_flush:
        return 0
    _next_flush = now + EVERY
    return flush()


def _write(taken: dict[tuple[str, str], float]) -> None:
    rows = sorted(taken.items())  # always in one order: two processes never wait for each other
    table = Tally._meta.db_table
    sql = f"""
        INSERT INTO {table} AS t (name, labels, value, at)
        SELECT n, l, v, now() FROM unnest(%s::text[], %s::text[], %s::float8[]) AS taken (n, l, v)
        ON CONFLICT (name, labels) DO UPDATE SET value = t.value + EXCLUDED.value, at = EXCLUDED.at
    """  # noqa: S608  (the table's name is all that is put in)
    names, labels = [key[0] for key, _ in rows], [key[1] for key, _ in rows]
    with connection.cursor() as cursor:
        cursor.execute(sql, [names, labels, [amount for _, amount in rows]])


def read() -> dict[str, dict[str, float]]:
    """All counts: by metric, by labels as JSON."""
    found: dict[str, dict[str, float]] = {name: {} for name in TABLE}
    for name, labels, value in Tally.objects.values_list("name", "labels", "value"):
        if name in found:
            found[name][labels] = value
    return found
