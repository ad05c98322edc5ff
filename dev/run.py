"""`make run`: from nothing to an open page, and back to nothing on Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dev import programs, signals
from dev.environment import portal_environment, sandbox_environment
from dev.ports import LOOPBACK, remembered_port
from dev.secrets import load_secrets
from dev.servers import start_servers
from dev.settings import Wanted, claim_port, wanted
from dev.state import CHECKOUT, State
from dev.supervise import TICK, Supervisor, clear_leftovers
from dev.trouble import Trouble


@dataclass(frozen=True)
class SignIn:
    """One person to sign in as; `password` is None where only its owner knows it."""

    role: str
    email: str
    password: str | None


def say(line: str) -> None:
    """Print it. A terminal that was closed must not keep the launcher from stopping what it started."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def run() -> int:
    """Start everything, keep it running, stop it when asked to."""
    asked = wanted()
    state = State.chosen(connected=not asked.sandbox)
    with state.lock():
        supervisor = Supervisor(state, say)
        try:
            _start(state, supervisor, asked)
            while True:
                supervisor.tick()
                time.sleep(TICK)
        except signals.Stopped:
            say("Stopping ...")
            return 0
        finally:
            signals.ignore()
            supervisor.stop()


def _start(state: State, supervisor: Supervisor, asked: Wanted) -> None:
    state.check_space()
    clear_leftovers(state)
    state.release_holds()
    port = claim_port(asked.port)
    secrets = load_secrets(state)
    api, control = asked.base_url, ""
    if asked.sandbox:
        say("Starting the sandbox, Postgres and Redis ...")
        sandbox_port = remembered_port(state, "sandbox")
        api = f"http://{LOOPBACK}:{sandbox_port}"
        control = f"{api}/control/"
        environment = sandbox_environment(state, secrets, asked, sandbox_port)
        supervisor.start(programs.sandbox(environment, sandbox_port))
    servers = start_servers(state, supervisor, secrets, durable=True)
    if asked.sandbox:
        supervisor.wait_ready("sandbox")
    environment = portal_environment(state, secrets, servers.environment(), asked, port, api)
    say("Preparing the database ...")
    people = _prepare(state, supervisor, environment, api if asked.sandbox else "")
    if not asked.sandbox or os.environ.get("PORTAL_ADMIN_EMAIL"):
        people.insert(0, _owner(environment, secrets))
    say("Starting the web server, the worker and beat ...")
    for program in (
        programs.worker(environment),
        programs.beat(environment, state),
        programs.web(environment, port),
    ):
        supervisor.start(program)
    supervisor.wait_ready("web", 60)
    supervisor.note(
        ready=True,
        web=f"http://{LOOPBACK}:{port}",
        sandbox=api if asked.sandbox else None,
        control=control or None,
        sign_ins=[vars(person) for person in people],
        **{name.lower(): value for name, value in servers.environment().items()},
    )
    _announce(state, port, people, control)


def _prepare(
    state: State, supervisor: Supervisor, environment: Mapping[str, str], sandbox: str
) -> list[SignIn]:
    """Migrate, make the connection and the first owner, load the demo; returns the demo's people."""
    steps = ["migrate", "setup_connection"]
    # The demo brings an owner of its own.
    if not sandbox or os.environ.get("PORTAL_ADMIN_EMAIL"):
        steps.append("ensure_owner")
    if sandbox:
        steps.append(f"load_demo={sandbox}")
    log = state.logs / "prepare.log"
    # Its output holds the demo's passwords: into memory, not into the log.
    with tempfile.TemporaryFile("w+") as output, log.open("w") as errors:
        argv = [sys.executable, "-m", "dev.prepare", *steps]
        code = _wait(
            supervisor,
            subprocess.Popen(
                argv,
                env=dict(environment),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            ),
        )
        output.seek(0)
        lines = output.read().splitlines()
    if code != 0:
        words = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = words[-1] if words else f"exit code {code}"
        raise Trouble(
            last if code == 2 else f"The database could not be prepared: {last} (all of it: {log})."
        )
    for line in lines:
        if "\t" not in line:
            say(f"  {line}")
    return _sign_ins(lines)


def _wait(supervisor: Supervisor, process: subprocess.Popen[bytes]) -> int:
    try:
        while process.poll() is None:
            supervisor.tick()
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return process.returncode


def _sign_ins(lines: Sequence[str]) -> list[SignIn]:
    fields = [line.split("\t") for line in lines]
    return [SignIn(*part) for part in fields if len(part) == 3]


def _owner(environment: Mapping[str, str], secrets: Mapping[str, str]) -> SignIn:
    email, password = environment["PORTAL_ADMIN_EMAIL"], environment["PORTAL_ADMIN_PASSWORD"]
    return SignIn("owner", email, password if password == secrets["PORTAL_ADMIN_PASSWORD"] else None)


def _announce(state: State, port: int, people: Sequence[SignIn], control: str) -> None:
    width = max(len(person.role) for person in people)
    mail = max(len(person.email) for person in people)
    say(f"\nMailroom is running at http://localhost:{port}\n\nSign in as")
    for person in people:
        say(
            f"  {person.role:<{width}}  {person.email:<{mail}}  {person.password or '(the password you set)'}"
        )
    if control:
        say(f"\nThe sandbox, in SYNAQ's place: {control}")
    say(f"Logs: {state.logs}\nCtrl-C stops everything.\n")
