"""Children are kept running, held, stopped in order, and found again after the launcher was killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import processes
from dev.state import CHECKOUT, State
from dev.supervise import Program, Supervisor, clear_leftovers
from dev.trouble import Trouble
from tests.integration.dev.helpers import pid, wait_for

SLEEPER = "import time\nwhile True: time.sleep(60)"
STUBBORN = (
    f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n{SLEEPER}"
)
PARENT = f"import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).pid, flush=True)\n{SLEEPER}"


def program(name: str, code: str, **more: object) -> Program:
    return Program(name, [sys.executable, "-c", code], {"PATH": os.defpath}, **more)  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(state: State, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(state, said.append)
    yield supervisor
    supervisor.stop()


def test_a_child_that_is_killed_is_started_again(
    supervisor: Supervisor, state: State, said: list[str]
) -> None:
    supervisor.start(program("worker", SLEEPER))
    first = pid(state, "worker")
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: pid(state, "worker") not in (None, first), supervisor)
    assert any("The worker ended (signal 9); started again in 1 s." in line for line in said)


def test_the_pause_grows_for_a_child_that_keeps_failing(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(program("worker", "raise SystemExit(3)"))
    wait_for(lambda: len([line for line in said if "exit code 3" in line]) == 2, supervisor)
    assert "started again in 1 s" in said[0]
    assert "started again in 2 s" in said[1]


def test_a_held_child_stays_away_until_it_is_released(supervisor: Supervisor, state: State) -> None:
    supervisor.start(program("worker", SLEEPER))
    first = pid(state, "worker")
    (state.holds / "worker").touch()
    wait_for(lambda: pid(state, "worker") is None, supervisor)
    until = time.monotonic() + 1.5
    wait_for(lambda: time.monotonic() > until, supervisor)
    assert pid(state, "worker") is None
    (state.holds / "worker").unlink()
    wait_for(lambda: pid(state, "worker") not in (None, first), supervisor)


def test_the_children_of_a_killed_child_go_with_it(supervisor: Supervisor, state: State) -> None:
    supervisor.start(program("worker", PARENT))
    log = state.logs / "worker.log"
    wait_for(lambda: log.exists() and log.read_text().strip())
    grandchild = int(log.read_text())
    first = pid(state, "worker")
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: processes.identity(grandchild) is None, supervisor)


def test_one_that_is_deaf_to_the_polite_signal_is_killed(state: State) -> None:
    supervisor = Supervisor(state)
    supervisor.start(program("worker", STUBBORN, stop=((0, signal.SIGTERM), (0.3, signal.SIGKILL))))
    log = state.logs / "worker.log"
    wait_for(lambda: log.exists() and "deaf" in log.read_text())
    number = pid(state, "worker")
    assert number
    supervisor.stop()
    assert processes.identity(number) is None


def test_servers_are_stopped_after_the_programs_that_use_them(state: State, tmp_path: Path) -> None:
    order = tmp_path / "order"
    noting = (
        "import signal, sys, time\n"
        f"def end(*_):\n  open({str(order)!r}, 'a').write('NAME\\n'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\n"
        "while True: time.sleep(60)"
    )
    supervisor = Supervisor(state)
    for name, rank in (("postgres", 2), ("redis", 1), ("web", 0)):
        supervisor.start(program(name, noting.replace("NAME", name), rank=rank))
    wait_for(
        lambda: all("up" in (state.logs / f"{name}.log").read_text() for name in ("postgres", "redis", "web"))
    )
    supervisor.stop()
    assert order.read_text().split() == ["web", "redis", "postgres"]


def test_a_child_that_ends_before_it_serves_is_one_sentence_with_its_last_words(
    supervisor: Supervisor,
) -> None:
    supervisor.start(program("web", "print('no such module'); raise SystemExit(1)", ready=lambda: False))
    with pytest.raises(Trouble, match=r"The web did not start: no such module \(all of it: .*web\.log\)"):
        supervisor.wait_ready("web")


def test_a_program_that_does_not_exist_is_one_sentence(supervisor: Supervisor) -> None:
    with pytest.raises(Trouble, match="The web cannot be started: No such file"):
        supervisor.start(Program("web", ["/nowhere/web"], {}))


def test_what_a_killed_launcher_left_is_ended_by_the_next(state: State) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from dev.state import State; from dev.supervise import Program, Supervisor\n"
        f"supervisor = Supervisor(State(Path({str(state.root)!r})))\n"
        f"supervisor.start(Program('worker', [sys.executable, '-c', {PARENT!r}], {{'PATH': '/usr/bin'}}))\n"
        "time.sleep(60)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)
    log = state.logs / "worker.log"
    wait_for(lambda: log.exists() and log.read_text().strip())
    left = [pid(state, "worker") or 0, int(log.read_text())]
    launcher.kill()
    launcher.wait()
    assert all(processes.identity(number) for number in left)
    assert clear_leftovers(state) >= 1
    wait_for(lambda: not any(processes.identity(number) for number in left))


def test_a_number_that_was_given_out_again_is_left_alone(state: State) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True)
    try:
        entry = {"pid": stranger.pid, "began": "another time", "stop": 15}
        state.record.write_text(f'{{"processes": {{"web": {str(entry).replace(chr(39), chr(34))}}}}}')
        clear_leftovers(state)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_zombie_counts_as_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    wait_for(lambda: processes.identity(child.pid) is None)
    child.wait()
