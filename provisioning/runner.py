"""The driver: claims what is due in the ledger, keeps calls under way side by side, writes down what they told.

The main thread alone talks to the database; the pool's threads alone talk to SYNAQ.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache
from typing import cast

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db import connection as database

from provisioning import (
    admission,
    adopting,
    batches,
    collecting,
    connections,
    heartbeats,
    imports,
    ledger,
    outcomes,
    readings,
    schedule,
    secrets,
    tallies,
    together,
    turns,
)
from provisioning.models import Action, Connection
from provisioning.operations import OPERATIONS, Ask, operation_of
from provisioning.synaq import Client
from provisioning.turns import Job, Outcome, ReadJob

log = structlog.get_logger(__name__)

SLOTS = 7702  # class of the advisory locks
WORKS_FOR = 30.0  # seconds
QUIET = 1.5  # seconds without work until it rests; longer than a beat, and than a nudge is spared
PAUSE = 0.1  # seconds between two looks at an empty ledger
LOST_EVERY = 2.0  # seconds
RENEW_EVERY = 10.0  # seconds, a third of a lease
BEHIND_EVERY = 0.5  # seconds between two looks for scheduled work, while there is none
LOOKS_BUSY_EVERY = 0.02  # seconds between two looks, while half of the threads are busy
GATHERS_FOR = 0.02  # seconds in which outcomes come together, while there is more to do than threads
LOOKS_EVERY = 0.05  # seconds between two looks, while only scheduled work is under way
WRITES_FOR = 0.2  # seconds for which outcomes of scheduled work are written down before clicks are looked for
AHEAD, AHEAD_SHARE = 36, 25  # polls that wait for a thread; of a slow connection fewer, which pass in 1/25 s
KEPT_FOR_PEOPLE = 2  # threads that scheduled work leaves free
DATABASE_AWAY = (OperationalError, InterfaceError)
TURNS = {"sending": turns.submit, "waiting": turns.poll, "unconfirmed": turns.look_up}


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    """Kept for the process, never taken over by a fork's child: each thread holds its session open."""
    return ThreadPoolExecutor(settings.RUNNER_THREADS, thread_name_prefix="synaq")


def take_slot() -> int | None:
    """A number that no other driver has, until the database connection closes; None when all are taken."""
    with database.cursor() as cursor:
        for slot in range(settings.RUNNER_SLOTS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [SLOTS, slot])
            if cursor.fetchone()[0]:
                return slot
    return None


def drivers() -> int:
    """How many drive now, over all machines."""
    sql = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with database.cursor() as cursor:
        cursor.execute(sql, [SLOTS])
        return int(cursor.fetchone()[0])


def release_slot(slot: int) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SLOTS, slot])


def drive(stopping: Callable[[], bool] = lambda: False, works_for: float = WORKS_FOR) -> int:
    """Work on what is due for up to `works_for` seconds; rest sooner when there is nothing. Returns turns taken."""
    slot = take_slot()
    if slot is None:
        return 0
    try:
        return Driver(stopping, slot).run(works_for)
    finally:
        with suppress(*DATABASE_AWAY):  # the database that is away has let go of it already
            release_slot(slot)


class Driver:
    """One run of the loop. What is under way is always seen to its end, and its outcome written down."""

    def __init__(self, stopping: Callable[[], bool], slot: int = 0) -> None:
        self.stopping, self.slot = stopping, slot
        self.under_way: dict[Future[Outcome], Job | ReadJob] = {}
        self.turns, self.drivers = 0, 1
        self._lost_at = self._begun_at = 0.0
        self._nothing_behind: dict[int, float] = {}
        self._renewed_at = time.monotonic()

    def run(self, works_for: float) -> int:
        """Loop for up to `works_for` seconds and until nothing is under way. Returns turns taken.

        Raises the database's error when it is away and nothing is under way.
        """
        end = time.monotonic() + works_for
        worked_at = time.monotonic()
        while True:
            over = time.monotonic() > end or self.stopping()
            if not over and self._guarded(self._begin):
                worked_at = time.monotonic()
            if not over:
                self._guarded(self._sign_of_life)
            if self.under_way:
                worked_at = time.monotonic()
                self._guarded(self._renew)
                self._guarded(self._write_down)
            elif over or time.monotonic() - worked_at > QUIET:
                return self.turns
            else:
                time.sleep(PAUSE)

    def _sign_of_life(self) -> int:
        """That somebody drives, and what was counted meanwhile; every few seconds."""
        heartbeats.give_now_and_then(heartbeats.DRIVER, f"slot {self.slot}", process=heartbeats.here())
        return tallies.flush_now_and_then()

    def _guarded(self, step: Callable[[], int]) -> int:
        """The database may restart while calls are under way: their outcomes are kept until it is back."""
        try:
            return step()
        except DATABASE_AWAY:
            if not self.under_way:
                raise
            log.warning("the database is away; outcomes are kept", under_way=len(self.under_way))
            database.close()
            time.sleep(PAUSE)
            return 0

    def _begin(self) -> int:
        """Claim as much as there is room for, and start it."""
        if self._is_too_soon():
            return 0
        if time.monotonic() - self._lost_at > LOST_EVERY:
            self._lost_at = time.monotonic()
            self._sweep()
        begun = 0
        for row, bound in connections.usable().values():
            room = self._room(row)
            if room > 0 and bound is not None:
                room = bound if _anything_due(row) and connections.take_probe(row) else 0
            if room > 0:
                begun += self._begin_on(row, room, probing=bound is not None)
        return begun

    def _is_too_soon(self) -> bool:
        """Calls end hundreds of times a second: not each end is worth a look at all that may be due."""
        now, since = time.monotonic(), time.monotonic() - self._begun_at
        idle = settings.RUNNER_THREADS - len(self.under_way)
        if self.under_way and since < LOOKS_EVERY:
            only_behind = all(job.behind for job in self.under_way.values())
            if only_behind or (since < LOOKS_BUSY_EVERY and idle < settings.RUNNER_THREADS // 2):
                return True
        self._begun_at = now
        return False

    def _sweep(self) -> None:
        """What nobody has told of: lost rows, batches that should have moved, deletions that have come due, files that
        have expired."""
        self.drivers = max(1, drivers())
        ledger.give_up_lost()
        for sweep in (
            schedule.sweep, collecting.sweep, batches.sweep, imports.sweep, adopting.sweep, adopting.by_night,
        ):  # fmt: skip
            try:
                sweep()
            except DATABASE_AWAY:
                raise
            except Exception:
                log.exception("a sweep went wrong", sweep=sweep.__module__)

    def _room(self, row: Connection) -> int:
        """Free threads; and no more than the rate lets through in a few seconds, for who waits longer than a lease
        at the gate must not send any more."""
        ours = sum(job.connection_id == row.pk for job in self.under_way.values())
        most = max(1, 4 * row.rate // self.drivers)
        return min(settings.RUNNER_THREADS - len(self.under_way), most - ours)

    def _ahead(self, row: Connection) -> int:
        """Polls that may wait for a thread: none idles while what came in is written down. Nothing is lost with them."""
        return min(AHEAD, row.rate // AHEAD_SHARE)

    def _kept_for_submits(self) -> int:
        """However many polls are due, some of what waits to be sent goes out: a click stands behind no flood of them."""
        sending = sum(
            isinstance(job, Job) and job.action.state == Action.State.SENDING
            for job in self.under_way.values()
        )
        return max(0, settings.RUNNER_THREADS // 4 - sending)

    def _begin_on(self, row: Connection, room: int, *, probing: bool = False) -> int:
        client = _client(row)
        if client is None:
            return 0
        begun = self._begin_some(row, client, room, probing=probing)
        spare = min(room - begun, self._room_behind())
        if spare > 0 and time.monotonic() > self._nothing_behind.get(row.pk, 0.0):
            scheduled = self._begin_some(row, client, spare, scheduled=True, probing=probing)
            if not scheduled:
                self._nothing_behind[row.pk] = time.monotonic() + BEHIND_EVERY
            begun += scheduled
        return begun

    def _room_behind(self) -> int:
        """Threads that scheduled work may take: a click during a long run finds some free."""
        most = max(1, settings.RUNNER_THREADS - KEPT_FOR_PEOPLE)
        return most - sum(job.behind for job in self.under_way.values())

    def _begin_some(
        self, row: Connection, client: Client, room: int, *, scheduled: bool = False, probing: bool = False
    ) -> int:
        exactly = scheduled or probing
        ahead = 0 if exactly else self._ahead(row)
        polls = ledger.claim_turns(row.pk, room + ahead, scheduled=scheduled)
        left = max(room - len(polls), 0 if exactly else self._kept_for_submits())
        submits = ledger.claim_submits(row.pk, left, scheduled=scheduled) if left else []
        left = room - len(polls) - len(submits)
        reads = readings.claim(row.pk, left, scheduled=scheduled) if left > 0 else []
        for action in [*polls, *submits]:
            action.connection = row
            self._start(action, client)
        for reading in reads:
            self._hand_over(ReadJob(reading, client))
        return len(polls) + len(submits) + len(reads)

    def _start(self, action: Action, client: Client) -> None:
        """Hand one claimed row to a thread. Whatever is odd about it stops this row only."""
        try:
            if action.state == Action.State.SENDING and action.meaning == ledger.RESTORED:
                ledger.unconfirmed(action, ledger.RESTORED, action.words)  # looked up before anything is sent
                return
            if action.state == Action.State.SENDING and not _admitted(action):
                return
            job = _job(action, client)
        except secrets.CannotOpen as error:
            outcomes.fault(action, f"{error} Ask for it again.", sent=False, meaning="sealed")
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.exception("a row could not be begun", action=action.pk)
            words = f"The portal does not know how to go on with it ({type(error).__name__})."
            outcomes.fault(action, words, sent=False)
        else:
            self._hand_over(job)

    def _hand_over(self, job: Job | ReadJob) -> None:
        pool = _pool(os.getpid())
        if isinstance(job, ReadJob):
            self.under_way[pool.submit(turns.carry_out, turns.read, job)] = job
        else:
            turn = TURNS[job.action.state]
            self.under_way[pool.submit(turns.carry_out, turn, job)] = job

    def _renew(self) -> int:
        """A slow API must not let the leases of calls under way run out."""
        if time.monotonic() - self._renewed_at < RENEW_EVERY:
            return 0
        self._renewed_at = time.monotonic()
        ledger.renew(job.action for job in self.under_way.values() if isinstance(job, Job))
        readings.renew(job.reading for job in self.under_way.values() if isinstance(job, ReadJob))
        return 0

    def _write_down(self) -> int:
        done, _ = wait(self.under_way, timeout=PAUSE, return_when=FIRST_COMPLETED)
        if done and len(self.under_way) > settings.RUNNER_THREADS:
            time.sleep(GATHERS_FOR)
            done = {future for future in self.under_way if future.done()}
        plain = [future for future in done if self._is_plain(future)]
        written = self._write_together(plain) if plain else 0
        end = time.monotonic() + WRITES_FOR
        left = sorted(done & self.under_way.keys(), key=lambda one: self.under_way[one].behind)
        for future in left:
            if self.under_way[future].behind and time.monotonic() > end:
                break  # a click may have come in: the rest is written in the next round
            _record(self.under_way[future], future.result())
            del self.under_way[future]
            written += 1
        self.turns += written
        return written

    def _is_plain(self, future: Future[Outcome]) -> bool:
        return together.is_plain(self.under_way[future], future.result())

    def _write_together(self, plain: list[Future[Outcome]]) -> int:
        """All of them in one transaction. Returns how many: none, where one of them has to be written by itself."""
        pairs = [(self.under_way[future], future.result()) for future in plain]
        try:
            together.record(cast("list[together.Pair]", pairs))
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.warning("outcomes are written one by one", error=type(error).__name__, outcomes=len(plain))
            return 0
        for future in plain:
            del self.under_way[future]
        return len(plain)


def _record(job: Job | ReadJob, outcome: Outcome) -> None:
    with structlog.contextvars.bound_contextvars(**job.marks):
        _write(job, outcome)


def _write(job: Job | ReadJob, outcome: Outcome) -> None:
    try:
        if isinstance(job, ReadJob):
            outcomes.record_reading(job, outcome)
        else:
            outcomes.record(job, outcome)
    except DATABASE_AWAY:
        raise
    except Exception:
        # One odd row must not stop the others: its lease runs out, and it is taken up again.
        log.exception("a turn was not written down", outcome=type(outcome).__name__)


def _anything_due(row: Connection) -> bool:
    return ledger.anything_due(row.pk) or readings.anything_due(row.pk)


def _client(row: Connection) -> Client | None:
    """The connection's client; None, and the breaker is told, where its key or address is of no use."""
    try:
        return connections.client_for(row)
    except (secrets.CannotOpen, KeyError, ValueError) as error:
        log.warning("a connection cannot be used", connection=row.pk, error=type(error).__name__)
        words = (
            "The connection's key cannot be opened, or its address is none. An owner must set it up again."
        )
        connections.failed(row.pk, words)
        return None


def _admitted(action: Action) -> bool:
    """Whether it may still be sent. If not, that is written down."""
    if words := admission.waits_for(action):
        outcomes.hold(action, words)
        return False
    if words := admission.why_not(action, operation_of(action)):
        outcomes.refuse(action, words)
        return False
    return True


def _job(action: Action, client: Client) -> Job:
    """Everything that the row's turn needs. Raises what is odd about the row; nothing has been sent then."""
    state, operation = action.state, operation_of(action)
    if state == Action.State.SENDING and action.operation not in OPERATIONS:
        raise NotImplementedError(action.operation)
    # Only sending needs the secrets: a look-up must go on though they cannot be opened.
    opened = secrets.unseal(action.sealed) if state == Action.State.SENDING else {}
    ask = Ask(action.guid, action.payload, opened, action.connection.dialect, action.ou.guid)
    reads = tuple(operation.reads(action)) if state == Action.State.WAITING else ()
    return Job(action, operation, client, ask, reads)
