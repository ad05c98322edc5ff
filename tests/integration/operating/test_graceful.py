"""A deploy in the middle of work: asked to stop, each process ends what is under way and leaves the rest to the next one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from dev.ports import free_port
from provisioning.models import Action, Heartbeat
from tests.integration.engine.asking import fresh, suspend
from tests.integration.engine.fake_api import FakeApi, running_api, says
from tests.integration.factories import make_connection, make_domain, make_mailbox, make_ou

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def process(*argv: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One of the portal's programs, on this test's database."""
    facts = connection.settings_dict
    url = f"postgresql://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *argv], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait(10)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_api() as running:
        yield running


def test_a_worker_ends_its_call_writes_down_the_answer_and_begins_nothing_more(
    api: FakeApi, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    under_way, may_answer = threading.Event(), threading.Event()

    def slowly(wire: socket.socket) -> None:
        under_way.set()
        may_answer.wait(20)
        says(202, location="/api/v1/mailboxes/x/actions/7")(wire)

    api.on("POST", "/actions.json", slowly)
    domain = make_domain(make_ou(parent=make_ou(make_connection(base_url=api.url))))
    queue = f"graceful-{os.getpid()}"
    celery = ("celery", "--quiet", "-A", "portal.celery:app")
    first = suspend(make_mailbox(domain))
    words = ("worker", "-P", "prefork", "-c", "1", "-Q", queue, "-l", "WARNING", "-n", f"{queue}@here")
    with process(*celery, *words, log=log) as worker:
        subprocess.run(
            [sys.executable, "-m", *celery, "call", "provisioning.drive", "--queue", queue],
            cwd=ROOT, env={**os.environ, "REDIS_URL": settings.REDIS_URL}, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        assert under_way.wait(40)
        assert Heartbeat.objects.filter(kind="worker", name=f"{queue}@here").exists()
        worker.send_signal(signal.SIGTERM)
        until(lambda: b"Warm shutdown" in log.read_bytes())  # it has told its child
        second = suspend(make_mailbox(domain))
        may_answer.set()
        assert worker.wait(30) == 0
    assert fresh(first).state == "waiting", "the answer was written down"
    assert fresh(second).state == "queued", "nothing more was begun"
    assert api.count("POST") == 1
    assert not Heartbeat.objects.filter(kind="worker", name=f"{queue}@here").exists(), (
        "nobody needs to miss it"
    )


def test_a_web_server_answers_what_it_has_begun_and_takes_no_more(tmp_path: Path) -> None:
    port = free_port()
    serve = ("gunicorn", "portal.wsgi:application", "-w", "1", "--worker-class", "gthread", "--threads", "2")
    words = ("--no-control-socket", "--preload", "--graceful-timeout", "20", "--bind", f"127.0.0.1:{port}")
    with process(*serve, *words, log=tmp_path / "log") as web:
        until(lambda: _connects(port))
        until(lambda: _live(port))
        with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
            body = b"theme=dark"
            head = b"POST /theme/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n"
            wire.sendall(head + kind + body[:3])
            until(lambda: Heartbeat.objects.filter(kind="web").exists())
            web.send_signal(signal.SIGTERM)
            until(lambda: not _connects(port))  # it listens no more
            wire.sendall(body[3:])
            assert wire.recv(100).startswith(b"HTTP/1.1 403"), "answered: a form without its token is refused"
        assert web.wait(30) == 0


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _live(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return wire.recv(100).startswith(b"HTTP/1.1 200")


def test_beat_ends_at_once_and_takes_its_sign_of_life_away(tmp_path: Path) -> None:
    argv = ("celery", "--quiet", "-A", "portal.celery:app", "beat", "--pidfile=", "-l", "WARNING")
    with process(*argv, "--schedule", str(tmp_path / "schedule"), log=tmp_path / "log") as beat:
        until(lambda: Heartbeat.objects.filter(kind="beat").exists())
        beat.send_signal(signal.SIGTERM)
        assert beat.wait(10) == 0
    assert not Heartbeat.objects.filter(kind="beat").exists()
    assert Action.objects.count() == 0
