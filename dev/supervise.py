"""Keep child processes running: start, log, restart when they crash, stop them in order.

Each child leads its own session, so a Ctrl-C in the terminal reaches only the launcher, which then stops the
children in its own order. A child that ends by itself is started again after one second, later up to thirty.
A file `hold/<name>` in the state folder keeps a child stopped until the file is removed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dev import processes
from dev.accounts import Account
from dev.logs import Log
from dev.state import CHECKOUT, State, read_record, write_record
from dev.trouble import Trouble

LONGEST_PAUSE = 30.0
STEADY = 30.0  # a child that ran for so long has shown that it can
TICK = 0.2

Stop = tuple[float, signal.Signals]


@dataclass(frozen=True)
class Program:
    """One thing to run. `ready` tells whether it serves; those of a higher `rank` are stopped later."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    pause: float = 0.05  # between two questions whether it is ready
    account: Account | None = None
    rank: int = 0
    shown: bool = True
    folder: Path = CHECKOUT
    stop: Sequence[Stop] = ((0, signal.SIGTERM), (6, signal.SIGKILL))


@dataclass
class Child:
    """A program and its present process, if it has one."""

    program: Program
    log: Log
    process: subprocess.Popen[bytes] | None = None
    began: str | None = None
    started: float = 0
    pause: float = 1
    due: float = 0
    sent: int = 0
    held: bool = field(default=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """All children of one launcher, in one thread: call `tick` often."""

    def __init__(self, state: State, say: Callable[[str], None] = lambda _line: None) -> None:
        self._state = state
        self._say = say
        self._children: dict[str, Child] = {}
        self._record: dict[str, object] = {"launcher": os.getpid()}

    def note(self, **facts: object) -> None:
        """Add facts to run.json."""
        self._record |= facts
        self._write()

    def start(self, program: Program) -> None:
        """Start it now; see `wait_ready`."""
        child = Child(program, Log(self._state.logs, program.name, self._say if program.shown else None))
        self._children[program.name] = child
        self._spawn(child)

    def wait_ready(self, name: str, seconds: float = 30) -> None:
        """Wait until it serves; trouble if it ends before, or takes longer than this."""
        child = self._children[name]
        deadline = time.monotonic() + seconds
        while not child.program.ready():
            if not child.running or time.monotonic() > deadline:
                child.log.settle()
                words = child.log.last or "it said nothing"
                raise Trouble(f"The {name} did not start: {words} (all of it: {child.log.path}).")
            time.sleep(child.program.pause)

    def tick(self) -> None:
        """Take notice of children that ended or are held, and start those that are due."""
        for child in self._children.values():
            held = (self._state.holds / child.program.name).exists()
            if held and child.running and not child.held:
                self._end([child])
            if child.process is not None and not child.running:
                self._ended(child, held)
            child.held = held
            if child.process is None and not held and time.monotonic() >= child.due:
                self._spawn(child)

    def stop(self) -> None:
        """Stop everything: programs first, what they stand on last."""
        for rank in sorted({child.program.rank for child in self._children.values()}):
            self._end([child for child in self._children.values() if child.program.rank == rank])
        for child in self._children.values():
            child.log.close()
        self._children.clear()
        self._record.pop("ready", None)
        self._write()

    def _spawn(self, child: Child) -> None:
        program = child.program
        try:
            child.process = subprocess.Popen(
                program.argv,
                env={**program.environment, processes.MARK: str(self._state.root)},
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,  # logs, schedules and the sandbox's books are nobody else's business
                **(program.account.for_popen() if program.account else {}),
            )
        except OSError as error:
            raise Trouble(
                f"The {program.name} cannot be started: {error.strerror} ({program.argv[0]})."
            ) from error
        child.began = processes.identity(child.process.pid)
        child.started, child.sent = time.monotonic(), 0
        child.log.follow(child.process)
        self._write()

    def _ended(self, child: Child, held: bool) -> None:
        assert child.process is not None
        processes.end_group(child.process.pid)  # its own children must not go on without it
        if time.monotonic() - child.started > STEADY:
            child.pause = 1
        if not held and not child.held:
            how = _how(child.process.returncode)
            self._say(f"The {child.program.name} ended ({how}); started again in {child.pause:.0f} s.")
        child.due = 0 if held else time.monotonic() + child.pause
        child.pause = 1 if held else min(child.pause * 2, LONGEST_PAUSE)
        child.process = None
        self._write()

    def _end(self, children: Sequence[Child]) -> None:
        began = time.monotonic()
        while any(child.running for child in children):
            for child in children:
                self._press(child, time.monotonic() - began)
            time.sleep(0.02)
        for child in children:
            if child.process is not None:
                processes.end_group(child.process.pid)
                child.log.settle()

    @staticmethod
    def _press(child: Child, waited: float) -> None:
        """Send the next of its stop signals when its time has come."""
        if child.process is None or not child.running or child.sent >= len(child.program.stop):
            return
        after, number = child.program.stop[child.sent]
        if waited >= after:
            child.process.send_signal(number)
            child.sent += 1

    def _write(self) -> None:
        alive = {
            name: {"pid": child.process.pid, "began": child.began, "stop": int(child.program.stop[0][1])}
            for name, child in self._children.items()
            if child.process is not None
        }
        write_record(self._state, {**self._record, "processes": alive})


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def clear_leftovers(state: State) -> int:
    """End what an earlier launcher, itself killed, left running in this folder. Returns how many there were.

    Call it only while holding the folder's lock: then whatever still runs belongs to nobody.
    """
    ended = 0
    # Written in the order of starting, servers first: so end them from the back.
    for entry in reversed(list(read_record(state).get("processes", {}).values())):
        if processes.is_same(entry["pid"], entry["began"]):
            processes.end_leftover(entry["pid"], entry["began"], entry["stop"])
            ended += 1
        elif entry["began"] and processes.identity(entry["pid"]) is None:
            processes.end_group(entry["pid"])  # the leader is gone; its own children may not be
    for pid in processes.marked(state.root):
        processes.end_leftover(pid, processes.identity(pid), signal.SIGTERM, 3)
        ended += 1
    return ended
