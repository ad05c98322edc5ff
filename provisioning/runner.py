"""The driver: claims what is due in the ledger, keeps calls under way side by side, writes down what they told.

The main thread alone talks to the database; the pool's threads alone talk to SYNAQ.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache

import structlog
from django.conf import settings
from django.db import connection as database

from provisioning import connections, ledger, outcomes, readings, secrets, turns
from provisioning.models import Action, Connection
from provisioning.operations import OPERATIONS, Ask
from provisioning.turns import Job, Outcome, ReadJob

log = structlog.get_logger(__name__)

SLOTS = 7702  # class of the advisory locks
WORKS_FOR = 30.0  # seconds
QUIET = 1.5  # seconds without work until it rests; longer than a beat, and than a nudge is spared
PAUSE = 0.1  # seconds between two looks at an empty ledger
LOST_EVERY = 2.0  # seconds


@cache
def _pool() -> ThreadPoolExecutor:
    """Made after the fork, kept for the process: each thread holds its session open."""
    return ThreadPoolExecutor(settings.RUNNER_THREADS, thread_name_prefix="synaq")


def take_slot() -> int | None:
    """A number that no other driver has, until the database connection closes; None when all are taken."""
    with database.cursor() as cursor:
        for slot in range(settings.RUNNER_SLOTS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [SLOTS, slot])
            if cursor.fetchone()[0]:
                return slot
    return None


def release_slot(slot: int) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SLOTS, slot])


def drive(stopping: Callable[[], bool] = lambda: False, works_for: float = WORKS_FOR) -> int:
    """Work on what is due for up to `works_for` seconds; rest sooner when there is nothing. Returns turns taken."""
    slot = take_slot()
    if slot is None:
        return 0
    try:
        return Driver(stopping).run(works_for)
    finally:
        release_slot(slot)


class Driver:
    """One run of the loop."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self.stopping = stopping
        self.under_way: dict[Future[Outcome], Job | ReadJob] = {}
        self.turns = 0
        self._lost_at = 0.0

    def run(self, works_for: float) -> int:
        end = time.monotonic() + works_for
        worked_at = time.monotonic()
        while True:
            over = time.monotonic() > end or self.stopping()
            if not over and self._begin():
                worked_at = time.monotonic()
            if self.under_way:
                worked_at = time.monotonic()
                self._write_down()
            elif over or time.monotonic() - worked_at > QUIET:
                return self.turns
            else:
                time.sleep(PAUSE)

    def _begin(self) -> int:
        """Claim as much as there is room for, and start it."""
        if time.monotonic() - self._lost_at > LOST_EVERY:
            ledger.give_up_lost()
            self._lost_at = time.monotonic()
        begun = 0
        for row, bound in connections.usable().values():
            room = settings.RUNNER_THREADS - len(self.under_way)
            if bound is not None:
                room = min(room, bound) if connections.take_probe(row) else 0
            if room > 0:
                begun += self._begin_on(row, room)
        return begun

    def _begin_on(self, row: Connection, room: int) -> int:
        polls = ledger.claim_turns(row.pk, room)
        submits = ledger.claim_submits(row.pk, room - len(polls)) if room > len(polls) else []
        left = room - len(polls) - len(submits)
        reads = readings.claim(row.pk, left) if left else []
        for action in [*polls, *submits]:
            self._start(action)
        for reading in reads:
            job = ReadJob(reading, connections.client_for(reading.connection))
            self.under_way[_pool().submit(turns.read, job)] = job
        return len(polls) + len(submits) + len(reads)

    def _start(self, action: Action) -> None:
        operation = OPERATIONS[action.operation]
        try:
            opened = secrets.unseal(action.sealed)
        except secrets.CannotOpen as error:
            ledger.fail(action, "sealed", f"{error} Ask for it again.", [])
            return
        ask = Ask(action.guid, action.payload, opened, action.connection.dialect)
        job = Job(
            action, operation, connections.client_for(action.connection), ask, tuple(operation.reads(action))
        )
        turn = {"sending": turns.submit, "waiting": turns.poll, "unconfirmed": turns.look_up}[action.state]
        self.under_way[_pool().submit(turn, job)] = job

    def _write_down(self) -> None:
        done, _ = wait(self.under_way, timeout=PAUSE, return_when=FIRST_COMPLETED)
        for future in done:
            job = self.under_way.pop(future)
            self.turns += 1
            try:
                if isinstance(job, ReadJob):
                    outcomes.record_reading(job, future.result())
                else:
                    outcomes.record(job, future.result())
            except Exception:
                # One odd row must not stop the others: its lease runs out, and it is taken up again.
                log.exception(
                    "a turn was not written down", job=str(getattr(job, "action", None) or job.reading)
                )
