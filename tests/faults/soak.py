"""`make soak`: thousands of actions while everything breaks all the time; then the three books are compared.

MINUTES (30), SEED, DIALECT (current) and ASKS (3 wishes a second) may be given. Exit code 1 if anything was lost or
doubled, if the books disagree, or if the engine mostly stood still. Nobody settles anything by hand: what the API can tell
is looked up, the rest is counted as unconfirmed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import redis

from tests.faults.judge import Verdict
from tests.faults.scene import Place, Scene, Wish

MINUTES = float(os.environ.get("MINUTES") or 30)
SEED = int(os.environ.get("SEED") or random.randrange(10**6))
DIALECT = os.environ.get("DIALECT") or "current"
ASKS = float(os.environ.get("ASKS") or 3)
CUSTOMERS = 4
MOSTLY, RARELY = 0.8, 0.05  # of what was asked: at least so much is applied, at most so much left unconfirmed
SETTLES_IN = 900  # seconds after the last fault: leases, look-ups and the longest pauses have run out by then
# Small chances for every request, from the first to the last
ALWAYS: tuple[Wish, ...] = (
    {"fault": "reset", "when": "before", "chance": 0.01},
    {"fault": "reset", "when": "after", "chance": 0.015},
    {"fault": "silence", "when": "after", "seconds": 12, "chance": 0.002},
    {"fault": "slow", "seconds": 1, "chance": 0.01},
    {"fault": "garbled", "chance": 0.005},
    {"fault": "cut", "chance": 0.005},
    {"fault": "html", "when": "after", "chance": 0.005},
    {"fault": "status", "status": 500, "when": "before", "chance": 0.005},
    {"fault": "status", "status": 503, "when": "after", "chance": 0.005},
    {"fault": "throttle", "seconds": 1, "chance": 0.002},
    {"fault": "error", "chance": 0.01},
)


class Soak:
    """Asks, breaks, and tells how it stands."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.dice = scene, scene.dice
        self.places: list[Place] = []
        self.broken: dict[str, int] = {}
        self._asked = 0

    def run(self, seconds: float) -> None:
        """Ask and break for so long."""
        self.places = [self.scene.place() for _ in range(CUSTOMERS)]
        self._faults()
        began = told = time.monotonic()
        breaks = began + 5
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * ASKS) - self._asked
            if due > 0:
                self._asked += due
                self.scene.ask(*self._wishes(due))
            if now > breaks:
                self._break()
                breaks = time.monotonic() + self.dice.uniform(4, 15)
            if now - told > 60:
                told = now
                print(
                    f"{(now - began) / 60:.0f} min: {len(self.scene.asked)} asked, broken {self.broken}",
                    flush=True,
                )
            time.sleep(0.2)

    # -- asking

    def _wishes(self, count: int) -> list[Wish]:
        boxes = self.scene.rows(
            "SELECT guid, state FROM provisioning_mailbox WHERE gone_at IS NULL ORDER BY random() LIMIT 40"
        )
        return [self._wish([(row["guid"], row["state"]) for row in boxes]) for _ in range(count)]

    def _wish(self, boxes: list[tuple[str, str]]) -> Wish:
        chance = self.dice.random()
        if not boxes or chance < 0.3:
            return self.scene.mailboxes(self.dice.choice(self.places), 1)[0]
        if chance < 0.32:
            return {"what": "company", "title": f"Company {self.dice.randrange(10**9)}"}
        if chance < 0.34:
            guid = self.dice.choice(self.places).domain
            return {"what": "on domain", "guid": guid, "operation": "domain.usage"}
        guid, state = self.dice.choice(boxes)
        next_ = {"inactive": "provision", "error": "provision", "suspended": "activate", "closed": "activate"}
        if state in next_ and self.dice.random() < 0.7:
            return {"what": "on mailbox", "guid": guid, "operation": f"mailbox.{next_[state]}"}
        return self.scene.changes([guid])[0]

    # -- breaking

    def _faults(self) -> None:
        self.scene.faults(
            *({**fault, "path": "/api/"} if fault["fault"] != "error" else fault for fault in ALWAYS)
        )

    def _break(self) -> None:
        ways: list[tuple[int, Callable[[], object]]] = [
            (6, self.scene.kill_drivers),
            (3, self._worker_killed),
            (2, self._worker_told_to_stop),
            (3, self._redis_wiped),
            (2, self._redis_restarted),
            (1, self._postgres_restarted),
            (2, self._port_shut),
            (2, self._outage),
            (1, self._clock_off),
            (1, self._beat_killed),
            (1, self._web_killed),
            (1, self._something_vanishes),
        ]
        (way,) = self.dice.choices([way for _, way in ways], [weight for weight, _ in ways])
        name = getattr(way, "__name__", "").strip("_")
        self.broken[name] = self.broken.get(name, 0) + 1
        with suppress(KeyError):  # what is to be killed is on its way back already
            way()

    def _kill(self, name: str, number: int = signal.SIGKILL) -> None:
        self.scene.stack.kill(name, number, hold=False)

    def _worker_killed(self) -> None:
        drivers = self.scene.drivers()
        self._kill("worker")
        for pid in drivers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _worker_told_to_stop(self) -> None:
        os.kill(self.scene.stack.pids()["worker"], signal.SIGTERM)

    def _redis_wiped(self) -> None:
        with suppress(redis.ConnectionError), redis.from_url(self.scene.stack.redis_url) as server:
            server.flushall()

    def _redis_restarted(self) -> None:
        self._kill("redis")

    def _postgres_restarted(self) -> None:
        self._kill("postgres", signal.SIGINT)

    def _port_shut(self) -> None:
        self.scene.control("shut", seconds=self.dice.uniform(1, 8))

    def _outage(self) -> None:
        self.scene.control("faults", fault="status", status=503, lasts=self.dice.uniform(3, 20))

    def _clock_off(self) -> None:
        self.scene.control("faults", fault="skew", lasts=3)

    def _beat_killed(self) -> None:
        self._kill("beat")

    def _web_killed(self) -> None:
        self._kill("web")

    def _something_vanishes(self) -> None:
        boxes = self.scene.look("truth")["mailbox"]
        if boxes:
            self.scene.vanish(self.dice.choice(sorted(boxes)))

    # -- the end

    def end(self) -> int:
        """All is left in peace until nothing moves; then the line, and why it is not as it should be."""
        self.scene.faults()
        self.scene.control("finish")
        known = {row["guid"] for row in self.scene.rows("SELECT guid FROM provisioning_mailbox")}
        self.scene.ask(*({"what": "read", "guid": guid} for guid in sorted(self.scene.tampered & known)))
        self.scene.wait_until_quiet(SETTLES_IN)
        verdict = self.scene.verdict()
        books = self.scene.look("books")
        print(f"broken {self.broken}, faults {books['faults']}, requests {books['requests']['total']}")
        print(
            f"{verdict.failed} of them ended in failure, as SYNAQ said; {verdict.behind} wait behind an unconfirmed one"
        )
        wrong = [*verdict.wrong, *idle(verdict)]
        for words in wrong:
            print(words)
        print(verdict.line, flush=True)
        return 1 if wrong else 0


def idle(verdict: Verdict) -> list[str]:
    """What is wrong though nothing was lost or doubled: an engine that does not carry out what it is asked for, or does not
    find out what became of it."""
    found = []
    if verdict.applied < MOSTLY * verdict.asked or not verdict.asked:
        found.append(f"only {verdict.applied} of {verdict.asked} were applied")
    if DIALECT == "current" and verdict.unconfirmed > RARELY * verdict.asked:
        found.append(
            f"{verdict.unconfirmed} of {verdict.asked} are left unconfirmed, though lists could tell"
        )
    return found


def main() -> int:
    """Soak for MINUTES, of which the settling at the end is no part."""
    print(f"soak: {MINUTES:g} minutes, SEED={SEED}, {DIALECT}, {ASKS:g} wishes a second", flush=True)
    scene = Scene(DIALECT, SEED)
    try:
        scene.start()
        soak = Soak(scene)
        soak.run(MINUTES * 60)
        return soak.end()
    finally:
        scene.remove()


if __name__ == "__main__":
    sys.exit(main())
