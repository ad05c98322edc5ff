"""Redis may be gone, or worse: there and silent. A click commits all the same, and soon."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from celery import Celery

from provisioning import announce, runner
from provisioning.gate import Gate
from tests.integration.engine.asking import fresh, suspend
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, says


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def refusing() -> str:
    return "redis://127.0.0.1:9/0"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has announcements go to another address."""

    def point(url: str) -> None:
        app = Celery("elsewhere", broker=url, set_as_current=False)
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.conf.broker_url = url
        monkeypatch.setattr(announce, "current_app", app)
        monkeypatch.setattr(announce, "_not_before", 0.0)

    return point


@pytest.fixture(params=["refusing", "silent"])
def away(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.mark.django_db(transaction=True)
def test_a_click_commits_and_is_carried_out_without_it(
    api: FakeApi, broker: Callable[[str], None], away: str
) -> None:
    broker(away)
    world = World(api.url, "legacy")
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    began = time.monotonic()
    action = suspend(world.mailbox)
    assert time.monotonic() - began < 0.5, "a click waits for no broker"
    runner.drive(stopping=lambda: fresh(action).state == "failed", works_for=10)
    assert fresh(action).state == "failed"


def test_clicks_close_together_are_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: queue.Queue[str] = queue.Queue()

    class App:
        def send_task(self, name: str, **_: object) -> None:
            sent.put(name)

    monkeypatch.setattr(announce, "current_app", App())
    monkeypatch.setattr(announce, "_not_before", 0.0)
    for _ in range(20):
        announce.nudge()
    assert sent.get(timeout=5) == "provisioning.drive"
    assert sent.empty()


def test_the_rate_gate_is_open_without_it(away: str, settings: pytest.FixtureRequest) -> None:
    settings.REDIS_URL = away  # type: ignore[attr-defined]
    gate = Gate("test", 1)
    began = time.monotonic()
    for _ in range(20):
        gate()
    assert time.monotonic() - began < 3
