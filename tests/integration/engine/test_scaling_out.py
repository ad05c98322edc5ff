"""More workers on more machines are the same command with the same two addresses: here three of them, and two beats."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from provisioning import slots
from provisioning.models import Action, Mailbox
from tests.integration.engine.test_chaos import MAILBOXES, active_domain, ask_for_mailboxes, books
from tests.integration.sandboxed import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
CELERY = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "portal.celery:app"]
WORKER = [
    *CELERY,
    "worker",
    "--pool",
    "prefork",
    "-c",
    "1",
    "--without-mingle",
    "--without-gossip",
    "-l",
    "WARNING",
]
BEAT = [*CELERY, "beat", "--pidfile=", "-l", "WARNING", "--schedule"]


@contextmanager
def running(folder: Path, workers: int, beats: int) -> Iterator[None]:
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(address),
        "USAGE_HOUR": "off",
        "LOG_LEVEL": "WARNING",
    }
    commands = [WORKER] * workers + [[*BEAT, str(folder / f"beat-{number}")] for number in range(beats)]
    started = [subprocess.Popen(command, cwd=ROOT, env=environment) for command in commands]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def test_three_workers_and_two_beats_do_each_thing_once(legacy_sandbox: Sandbox, tmp_path: Path) -> None:
    legacy_sandbox.tell("reset", seed="empty")
    domain = active_domain(legacy_sandbox.root(), "legacy")
    with running(tmp_path, workers=3, beats=2):
        until(lambda: slots.taken() == 3, 60, "three drivers")
        ask_for_mailboxes(domain)
        until(lambda: not Action.objects.filter(state__in=Action.OPEN).exists(), 60, "the end of all")
    assert Action.objects.filter(operation="mailbox.create", state="finished").count() == MAILBOXES
    there = books(legacy_sandbox)
    assert {email: book["Create"] for email, book in there.items()} == dict.fromkeys(there, 1)
    assert set(there) == set(Mailbox.objects.values_list("email", flat=True))
    assert len(there) == MAILBOXES
    assert legacy_sandbox.ask("books")["salts_reused"] == 0
