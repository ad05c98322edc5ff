"""Faults of the network as a client at the other end of a real connection sees them, and what was applied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.sandbox.test_process import COMPANY, RESELLER, Process

COMPANIES = f"ous/{RESELLER}/companies.json"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    process = Process(folder / "sandbox.sqlite3")
    yield process
    assert process.stop() == "", "a broken connection is no error of the server's"


def plan(sandbox: Process, **wish: object) -> None:
    requests.post(f"{sandbox.url}/control/faults", json=wish, timeout=5).raise_for_status()


def companies(sandbox: Process) -> int:
    return len(sandbox.look("inventory")["ous"])


@pytest.mark.parametrize(
    ("fault", "when", "applied", "seen"),
    [
        ("reset", "before", 0, "reset by peer"),
        ("reset", "after", 1, "reset by peer"),
        ("silence", "before", 0, "reset by peer"),
        ("silence", "after", 1, "reset by peer"),
        ("cut", "after", 1, "."),
    ],
)
def test_a_connection_breaks_before_or_after_the_request_was_applied(
    sandbox: Process, fault: str, when: str, applied: int, seen: str
) -> None:
    before = companies(sandbox)
    plan(sandbox, fault=fault, when=when, seconds=0.2, method="POST")
    with pytest.raises(requests.ConnectionError, match=seen):
        sandbox.call("POST", COMPANIES, {"ou": COMPANY})
    assert companies(sandbox) == before + applied


def test_an_answer_with_a_body_breaks_in_its_middle(sandbox: Process) -> None:
    plan(sandbox, fault="cut", method="GET")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        sandbox.call("GET", f"ous/{RESELLER}.json")
    assert sandbox.call("GET", f"ous/{RESELLER}.json").status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer_comes_in_the_end(sandbox: Process, when: str) -> None:
    before = companies(sandbox)
    plan(sandbox, fault="slow", when=when, seconds=0.3)
    began = time.monotonic()
    assert sandbox.call("POST", COMPANIES, {"ou": COMPANY}).status_code == 201
    assert time.monotonic() - began >= 0.3
    assert companies(sandbox) == before + 1


def test_others_are_served_while_one_waits(sandbox: Process) -> None:
    plan(sandbox, fault="silence", seconds=30, method="DELETE")
    with pytest.raises(requests.ReadTimeout):
        sandbox.call("DELETE", f"ous/{RESELLER}.json", timeout=0.3)
    assert sandbox.call("GET", f"ous/{RESELLER}.json").status_code == 200


def test_a_shut_port_refuses_and_opens_again(sandbox: Process) -> None:
    with requests.Session() as kept_open:
        kept_open.get(f"{sandbox.url}/health", timeout=5)
        requests.post(f"{sandbox.url}/control/shut", json={"seconds": 3}, timeout=5).raise_for_status()
        wait_for(lambda: not answers(sandbox), "the port to be shut")
        with pytest.raises(requests.ConnectionError):
            kept_open.get(f"{sandbox.url}/health", timeout=5)
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(f"{sandbox.url}/health", timeout=5)
    wait_for(lambda: answers(sandbox), "the port to be open")
    assert sandbox.call("GET", f"ous/{RESELLER}.json").status_code == 200


def test_a_request_that_is_refused_is_not_applied_and_shuts_the_door_behind_it(sandbox: Process) -> None:
    before = companies(sandbox)
    plan(sandbox, fault="refuse", seconds=2, method="POST", path="companies")
    assert sandbox.call("GET", f"ous/{RESELLER}.json").status_code == 200
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        sandbox.call("POST", COMPANIES, {"ou": COMPANY})
    with pytest.raises(requests.ConnectionError, match="refused"):
        sandbox.call("POST", COMPANIES, {"ou": COMPANY})
    wait_for(lambda: answers(sandbox), "the port to be open")
    assert companies(sandbox) == before


def answers(sandbox: Process) -> bool:
    try:
        # Shorter than any shutting: a connection that was taken on in its moment is never answered
        return requests.get(f"{sandbox.url}/health", timeout=1).status_code == 200
    except requests.RequestException:  # refused, or taken on in the moment of shutting
        return False


def wait_for(condition: object, what: str) -> None:
    assert callable(condition)
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
