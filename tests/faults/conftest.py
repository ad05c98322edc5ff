"""One running Mailroom for each generation of the API, and a seed by which a run can be had again: `SEED=… pytest …`."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.scene import QUICK, Place, Scene

SEED = int(os.environ.get("SEED") or random.randrange(10**6))
ROUNDS = int(os.environ.get("ROUNDS") or 1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Also where pytest is quiet: how the run can be had again."""
    terminalreporter.write_line(f"faults: SEED={SEED} ROUNDS={ROUNDS}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both generations of the API unless a module wants one (`DIALECTS`). `round_`: how often something random is tried;
    more of them by ROUNDS=…"""
    if "running" in metafunc.fixturenames:
        dialects = getattr(metafunc.module, "DIALECTS", ("legacy", "current"))
        values = [
            pytest.param(name, marks=pytest.mark.legacy if name == "legacy" else ()) for name in dialects
        ]
        metafunc.parametrize("running", values, indirect=True, scope="session")
    if "round_" in metafunc.fixturenames:
        metafunc.parametrize("round_", range(ROUNDS))


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = Scene(request.param, SEED)
    try:
        yield scene.start()
    finally:
        scene.remove()


@pytest.fixture(scope="session")
def place(running: Scene) -> Place:
    return running.place()


@pytest.fixture
def scene(running: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The running one with dice of the test's own; afterwards all is as it was."""
    running.dice = random.Random(f"{SEED} {request.node.name}")
    yield running
    for name in {"web", "worker", "beat", "sandbox", "redis", "postgres"} - running.stack.pids().keys():
        running.stack.start_again(name)
    running.faults()
    running.control("speed", seconds=QUICK)
    running.control("finish")
    running.tell_database(
        "UPDATE provisioning_connection SET retry_at = NULL, broken_since = NULL, failures = 0, trouble = ''"
    )
    assert running.look("books")["salts_reused"] == 0
