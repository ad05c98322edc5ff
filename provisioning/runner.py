"""The driver: claims what is due in the ledger, keeps calls under way side by side, writes down what they told.

The main thread alone talks to the database; the pool's threads alone talk to SYNAQ.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db import connection as database

from provisioning import (
    adopting,
    batches,
    breaker,
    carrying,
    collecting,
    elapsed,
    heartbeats,
    imports,
    jobs,
    ledger,
    outcomes,
    pool,
    readings,
    room,
    schedule,
    secrets,
    slots,
    tallies,
    together,
    turns,
)
from provisioning.models import OU, Action, Connection, Reading
from provisioning.synaq import Client
from provisioning.turns import Job, Outcome, ReadJob

log = structlog.get_logger(__name__)

WORKS_FOR = 30.0  # seconds
WINDS_DOWN = 5.0  # seconds after that in which what people wait for is still begun, while calls are under way
QUIET = 1.5  # seconds without work until it rests; longer than a beat, and than a nudge is spared
PAUSE = 0.1  # seconds between two looks at an empty ledger
LOST_EVERY = 2.0  # seconds
RENEW_EVERY = 10.0  # seconds, a third of a lease
# seconds between two looks for scheduled work, while there is none: more and more
BEHIND_FIRST, BEHIND_EVERY = 0.05, 0.2
LOOKS_FREE_EVERY = 0.02  # seconds between two looks, while calls are under way and some threads are free
LOOKS_MOST_FREE_EVERY = 0.005  # the same, while half of them are
LOOKS_EVERY = 0.05  # seconds between two looks, while no thread is, or only scheduled work is under way
GATHERS_FOR = 0.04  # seconds in which outcomes come together, while there is more to do than threads
ENDS_FOR = 0.12  # the same, for what nothing waits for and nobody looks at
GATHERS_BRIEFLY = 0.01  # the same, while half of the threads are busy
GATHERS_EVERY = 0.003  # seconds between two looks whether they still are
READINGS_EVERY = 0.1  # seconds between two looks for what is to be read, while there was nothing
WRITES_FOR = 0.2  # seconds for which outcomes of scheduled work are written down before clicks are looked for
DATABASE_AWAY = (OperationalError, InterfaceError)
TURNS = {"sending": turns.submit, "waiting": turns.poll, "unconfirmed": turns.look_up}


def drive(stopping: Callable[[], bool] = lambda: False, works_for: float = WORKS_FOR) -> int:
    """Work on what is due for up to `works_for` seconds; rest sooner when there is nothing. Returns turns taken."""
    slot = slots.take()
    if slot is None:
        return 0
    driver = Driver(stopping, slot)
    try:
        return driver.run(works_for)
    finally:
        with suppress(*DATABASE_AWAY):  # the database that is away has let go of it already
            driver.let_go()


class Driver:
    """One run of the loop. What is under way is always seen to its end, and its outcome written down."""

    def __init__(self, stopping: Callable[[], bool], slot: int | None = None) -> None:
        self.stopping, self.slot = stopping, slot
        self.under_way: dict[int, Job | ReadJob] = {}  # handed to a thread, and not written down yet; by id()
        self._results: pool.Results[tuple[Job | ReadJob, Outcome]] = pool.Results()
        self._told: list[tuple[Job | ReadJob, Outcome]] = []  # came in, and is not written down yet
        self.turns, self.drivers = 0, 1
        self._lost_at = self._begun_at = 0.0
        self._ous: dict[int, OU] = {}  # as they were during this run: whose they are does not change
        self._nothing_behind: dict[int, float] = {}  # when to look again, by connection
        self._looked_behind: dict[int, float] = {}  # the pause before that
        self._nothing_to_read: dict[tuple[int, bool], float] = {}
        self._renewed_at = self._wrote_at = time.monotonic()
        self._winds_down = False  # its time is over, and calls are under way
        self._lost_slot = False  # with the connection to the database that held it

    def run(self, works_for: float) -> int:
        """Loop for up to `works_for` seconds and until nothing is under way. Returns turns taken.

        Raises the database's error when it is away and nothing is under way.
        """
        end = time.monotonic() + works_for
        worked_at = time.monotonic()
        while True:
            begins = self._may_begin(end)
            if begins and self._guarded(self._begin):
                worked_at = time.monotonic()
            if begins:
                self._guarded(self._sign_of_life)
            if self.under_way:
                worked_at = time.monotonic()
                self._guarded(self._renew)
                self._guarded(self._write_taken)
                if self._may_begin(end):
                    self._guarded(self._begin)  # threads work again while the rest is written
                self._guarded(self._write_down)
            elif not begins or time.monotonic() - worked_at > QUIET:
                return self.turns
            else:
                time.sleep(PAUSE)

    def let_go(self) -> None:
        """Others may drive in its place."""
        if self.slot is not None:
            slots.release(self.slot)

    def _may_begin(self, end: float) -> bool:
        """Whether more is taken on. After its time only what people wait for is: else a click would wait for all the calls
        that are under way."""
        late = time.monotonic() - end
        self._winds_down = late > 0
        if self.stopping() or (late > 0 and (late >= WINDS_DOWN or not self.under_way)):
            return False
        if self._lost_slot:
            self._guarded(self._take_slot)
        return not self._lost_slot

    def _take_slot(self) -> int:
        self.slot = slots.take()
        self._lost_slot = self.slot is None
        return 0

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
            self._lost_slot, self.slot = self.slot is not None or self._lost_slot, None
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
        for row, bound in breaker.usable().values():
            if bound is None:
                begun += self._begin_on(row)
            elif (
                not self._winds_down
                and self._room(row) > 0
                and _anything_due(row)
                and breaker.take_probe(row)
            ):
                begun += self._probe(row, bound)
        return begun

    def _is_too_soon(self) -> bool:
        """Calls end hundreds of times a second: not each end is worth a look at all that may be due."""
        now = time.monotonic()
        since = now - self._begun_at
        if self.under_way and since < LOOKS_EVERY:
            free = settings.RUNNER_THREADS - len(self.under_way) + len(self._told)
            pause = LOOKS_MOST_FREE_EVERY if free > settings.RUNNER_THREADS // 2 else LOOKS_FREE_EVERY
            if free <= 0 or since < pause:
                return True
        self._begun_at = now
        return False

    def _sweep(self) -> None:
        """What nobody has told of: lost rows, batches that should have moved, deletions that have come due, files that
        have expired."""
        self.drivers = max(1, slots.taken())
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
        return room.free(self.under_way.values(), row, self.drivers)

    def _begin_on(self, row: Connection) -> int:
        client = jobs.client_of(row)
        if client is None:
            return 0
        looks_behind = not self._winds_down and time.monotonic() > self._nothing_behind.get(row.pk, 0.0)
        most = room.ahead(self.under_way.values(), row, self.drivers, looks_behind=looks_behind)
        held_at = elapsed.now()
        claimed = ledger.claim(row.pk, most)
        begun = self._begin_all(claimed, row, client, held_at) + self._read_some(row, client, behind=False)
        if looks_behind:
            begun += self._read_some(row, client, behind=True)
            if any(job.behind for job in self.under_way.values()):
                self._looked_behind.pop(row.pk, None)
            else:
                pause = min(2 * self._looked_behind.get(row.pk, BEHIND_FIRST / 2), BEHIND_EVERY)
                self._looked_behind[row.pk] = pause
                self._nothing_behind[row.pk] = time.monotonic() + pause
        return begun

    def _probe(self, row: Connection, most: int) -> int:
        """A broken connection is tried with what is due on it."""
        client = jobs.client_of(row)
        if client is None:
            return 0
        begun = self._begin_exactly(row, client, most)
        return begun or self._begin_exactly(row, client, most, scheduled=True)

    def _read_some(self, row: Connection, client: Client, *, behind: bool) -> int:
        """What is to be read, where a thread is free."""
        left = self._room(row)
        if left <= 0 or time.monotonic() < self._nothing_to_read.get((row.pk, behind), 0.0):
            return 0
        found = readings.claim(row.pk, left, scheduled=behind)
        if not found:
            self._nothing_to_read[row.pk, behind] = time.monotonic() + READINGS_EVERY
        return self._read_all(found, client)

    def _begin_exactly(self, row: Connection, client: Client, most: int, *, scheduled: bool = False) -> int:
        """No more than so many in all."""
        held_at = elapsed.now()
        claimed = ledger.claim_turns(row.pk, most, scheduled=scheduled)
        if left := most - len(claimed):
            claimed += ledger.claim_submits(row.pk, left, scheduled=scheduled)
        begun = self._begin_all(claimed, row, client, held_at)
        if left := most - begun:
            begun += self._read_all(readings.claim(row.pk, left, scheduled=scheduled), client)
        return begun

    def _begin_all(self, actions: list[Action], row: Connection, client: Client, held_at: float) -> int:
        if missing := {action.ou_id for action in actions} - self._ous.keys():
            self._ous |= OU.objects.in_bulk(missing)
        for action in actions:
            action.connection, action.ou = row, self._ous[action.ou_id]
            self._start(action, client, held_at)
        return len(actions)

    def _read_all(self, found: list[Reading], client: Client) -> int:
        for reading in found:
            self._hand_over(ReadJob(reading, client))
        return len(found)

    def _start(self, action: Action, client: Client, held_at: float) -> None:
        """Hand one claimed row to a thread. Whatever is odd about it stops this row only."""
        try:
            if action.state == Action.State.SENDING and action.meaning == ledger.RESTORED:
                ledger.unconfirmed(action, ledger.RESTORED, action.words)  # looked up before anything is sent
                return
            if action.state == Action.State.SENDING and not jobs.is_admitted(action):
                return
            job = jobs.job_of(action, client, held_at)
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
        self.under_way[id(job)] = job
        turn: Any = turns.read if isinstance(job, ReadJob) else TURNS[job.action.state]
        pool.of_this_process().put(partial(self._take_turn, turn, job), sends=job.sends, behind=job.behind)

    def _take_turn(self, turn: Any, job: Any) -> None:
        """In a thread of the pool."""
        self._results.add((job, carrying.carry_out(turn, job)))

    def _renew(self) -> int:
        """A slow API must not let the leases of calls under way run out."""
        if time.monotonic() - self._renewed_at < RENEW_EVERY:
            return 0
        now = time.monotonic()
        ledger.renew(job.action for job in self.under_way.values() if isinstance(job, Job))
        readings.renew(job.reading for job in self.under_way.values() if isinstance(job, ReadJob))
        self._renewed_at = now
        return 0

    def _gather(self) -> None:
        """What came in; for the first of it, it waits a moment, and for more while there is enough else to do."""
        self._take(0.0 if self._told else PAUSE)
        if not self._told:
            return
        began, threads = time.monotonic(), pool.of_this_process()
        while (busy := threads.busy()) > settings.RUNNER_THREADS // 2:
            most = GATHERS_FOR if busy > settings.RUNNER_THREADS else GATHERS_BRIEFLY
            if time.monotonic() - began > most:
                break
            time.sleep(GATHERS_EVERY)
        self._take(0.0)

    def _take(self, timeout: float) -> None:
        came = self._results.take(timeout)
        for job, outcome in came:
            outcomes.learn(job, outcome)
        self._told += came

    def _write_taken(self) -> int:
        """Of what came in, that SYNAQ took something on: what is to be sent next waits for that to be known."""
        self._gather()
        written = self._write_together([pair for pair in self._told if isinstance(pair[1], turns.Accepted)])
        self.turns += written
        return written

    def _write_down(self) -> int:
        """What came in. Returns how many were written down."""
        if not self._told:
            self._gather()
        if self._may_wait():
            return 0
        self._wrote_at = time.monotonic()
        written = self._write_together([pair for pair in self._told if together.is_plain(*pair)])
        end = time.monotonic() + WRITES_FOR
        for job, outcome in sorted(self._told, key=lambda pair: pair[0].behind):
            if job.behind and time.monotonic() > end:
                break  # a click may have come in: the rest is written in the next round
            _record(job, outcome)
            self._is_written([(job, outcome)])
            written += 1
        self.turns += written
        return written

    def _may_wait(self) -> bool:
        """Whether what came in is a moment old, only what nobody looks at, and there is more to do than threads: then it is
        written together with what comes next."""
        if time.monotonic() - self._wrote_at > ENDS_FOR or any(not job.behind for job, _ in self._told):
            return False
        return pool.of_this_process().busy() > settings.RUNNER_THREADS

    def _write_together(self, plain: list[tuple[Job | ReadJob, Outcome]]) -> int:
        """All of them in one transaction. Returns how many: none, where one of them has to be written by itself."""
        if not plain:
            return 0
        try:
            together.record(cast("list[together.Pair]", plain))
        except DATABASE_AWAY:
            raise
        except Exception as error:
            log.warning("outcomes are written one by one", error=type(error).__name__, outcomes=len(plain))
            return 0
        self._is_written(plain)
        return len(plain)

    def _is_written(self, pairs: list[tuple[Job | ReadJob, Outcome]]) -> None:
        done = {id(job) for job, _ in pairs}
        self._told = [pair for pair in self._told if id(pair[0]) not in done]
        for number in done:
            del self.under_way[number]


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
