"""A worker that lost Redis asks for it as often after an hour as after a moment."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kombu.connection import Connection
from redis import ConnectionError as RedisAway

from portal.celery import app
from portal.consuming import Consumer


def test_the_pauses_do_not_grow_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 60:
            raise KeyboardInterrupt

    monkeypatch.setattr("kombu.utils.functional.sleep", sleep)
    connection = Connection("redis://127.0.0.1:9/0")  # type: ignore[no-untyped-call]  # no type information is published
    tried: list[float] = []

    def refused(*_: object, **__: object) -> None:
        tried.append(sum(slept))
        raise RedisAway

    monkeypatch.setattr(connection, "_connection_factory", refused)
    consumer = Consumer.__new__(Consumer)
    consumer.app, consumer.first_connection_attempt, consumer.broker_connection_retry_attempt = app, True, 0
    with pytest.raises(KeyboardInterrupt):
        consumer.ensure_connected(connection)
    pauses = [later - before for before, later in pairwise(tried)]
    assert len(pauses) > 20
    assert max(pauses) <= 2


def test_workers_are_started_with_it() -> None:
    assert app.conf.worker_consumer == "portal.consuming:Consumer"
