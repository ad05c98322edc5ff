"""`make run` from outside: start, stop, start again, be killed, talk to a given API."""

import time
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest

from dev import processes
from dev.state import State, read_record
from tests.acceptance.stack import Stack

ROLES = {"owner", "support", "support_nobill", "auditor", "finance", "company_admin", "company_helpdesk"}
PROCESSES = {"web", "worker", "beat", "sandbox", "redis", "postgres"}


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """A stack of these tests alone: they end it in every way."""
    stack = Stack(SANDBOX_ACTION_SECONDS="0.1-0.2")
    try:
        yield stack.start()
    finally:
        stack.remove()


def counts(stack: Stack) -> dict[str, int]:
    """How many rows the mirror holds, table by table."""
    tables = ("ou", "package", "domain", "mailbox", "action")
    with psycopg.connect(stack.database_url) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM provisioning_{name}").fetchone()[0]  # type: ignore[index]
            for name in tables
        }


def page(stack: Stack) -> str:
    with urllib.request.urlopen(f"{stack.web_url}/accounts/login/", timeout=10) as answer:  # noqa: S310  our own
        body: bytes = answer.read()
    return body.decode()


def test_a_fresh_start_has_every_process_the_demo_and_a_sign_in_for_each_role(own: Stack) -> None:
    assert set(own.pids()) == PROCESSES
    assert set(own.sign_ins) == ROLES
    assert all(person.password in own.output() for person in own.sign_ins.values())
    found = counts(own)
    assert found["ou"] >= 9  # the reseller and at least eight companies
    assert found["package"] >= 12
    assert found["domain"] >= 15
    assert found["mailbox"] >= 300
    assert found["action"] >= 3
    assert 'name="password"' in page(own)


def test_generated_secrets_are_nowhere_in_the_output_and_the_logs(own: Stack) -> None:
    secrets = (own.state / "secrets.env").read_text().splitlines()
    names = ("SANDBOX_USER", "SANDBOX_RESELLER_GUID")  # who it is: a call's path in the log says so
    values = [line.partition("=")[2] for line in secrets if not line.startswith(names)]
    texts = [own.output(), *(own.log(name) for name in (*PROCESSES, "prepare"))]
    assert not [value for value in values for text in texts if value in text]
    assert not [p for p in own.sign_ins.values() for name in PROCESSES if p.password in own.log(name)]


def test_a_killed_worker_is_started_again(own: Stack) -> None:
    first = own.pids()["worker"]
    own.kill("worker", hold=False)
    own.start_again("worker")
    assert own.pids()["worker"] != first


def test_a_killed_postgres_comes_back_and_the_pages_with_it(own: Stack) -> None:
    before = counts(own)
    own.kill("postgres")
    own.start_again("postgres")

    def back() -> bool:
        try:
            return counts(own) == before
        except psycopg.OperationalError:
            return False

    own.wait_until(back, 30, "the database")
    assert 'name="password"' in page(own)


def test_ctrl_c_ends_everything_within_seconds_and_the_next_start_finds_everything(own: Stack) -> None:
    before, people, sandbox = counts(own), own.sign_ins, own.control("inventory")
    left = own.pids()
    began = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - began < 15
    assert not [name for name, pid in left.items() if processes.identity(pid)]
    assert processes.marked(own.state) == []

    began = time.monotonic()
    own.start()
    assert time.monotonic() - began < 20  # under ten where nothing else runs; a busy machine gets twice that
    assert counts(own) == before
    assert own.sign_ins == people
    assert own.control("inventory") == sandbox


def test_after_the_launcher_was_killed_the_next_one_takes_over(own: Stack) -> None:
    before, left = counts(own), own.pids()
    own.kill_launcher()
    assert all(processes.identity(pid) for pid in left.values())
    own.start()
    assert not [pid for pid in left.values() if processes.identity(pid)]
    assert set(own.pids()) == PROCESSES
    assert counts(own) == before


def test_against_a_given_api_there_is_no_sandbox_and_no_demo(own: Stack) -> None:
    """The given API is the other one's sandbox: any that keeps to the contract would do."""
    secrets = dict(line.split("=", 1) for line in (own.state / "secrets.env").read_text().splitlines())
    connected = Stack(
        SYNAQ_BASE_URL=own.sandbox_url,
        SYNAQ_API_USER=secrets["SANDBOX_USER"],
        SYNAQ_API_KEY=secrets["SANDBOX_KEY"],
        SYNAQ_RESELLER_GUID=secrets["SANDBOX_RESELLER_GUID"],
        PORTAL_ADMIN_EMAIL="first@owner.example",
        PORTAL_ADMIN_PASSWORD="a long enough word of mine",
    )
    try:
        connected.start()
        assert set(connected.pids()) == PROCESSES - {"sandbox"}
        record = read_record(State(connected.state))
        assert record["sign_ins"] == [{"role": "owner", "email": "first@owner.example", "password": None}]
        assert "a long enough word of mine" not in connected.output()
        assert counts(connected) == {"ou": 1, "package": 0, "domain": 0, "mailbox": 0, "action": 0}
    finally:
        connected.remove()
