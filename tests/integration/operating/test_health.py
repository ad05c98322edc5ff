"""What load balancers and monitors are told: components in a word, nothing of anybody's, and a code that keeps the web
server in service while a worker is dead."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from portal.health import advice, probes
from provisioning import health, heartbeats
from provisioning.models import Action, Connection, Heartbeat
from tests.integration.factories import make_connection, make_ou

COMPONENTS = {"web", "database", "redis", "workers", "driver", "beat", "clocks", "ledger", "connections"}


@pytest.fixture
def alive() -> None:
    for kind in (heartbeats.WORKER, heartbeats.DRIVER, heartbeats.BEAT):
        heartbeats.give(kind, f"{kind} here")


def age(kind: str, seconds: float) -> None:
    Heartbeat.objects.filter(kind=kind).update(at=Now() - timedelta(seconds=seconds), facts={})
    probes.forget()


def told(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = client.get(f"/health{query}")
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("alive")
def test_all_is_well_and_every_component_is_named(client: Client) -> None:
    row = make_connection()
    more = {"connection": {str(row.pk): "ok"}, "oldest_due_seconds": 0.0}
    assert told(client) == (200, {"status": "ok", **dict.fromkeys(COMPONENTS, "ok"), **more})
    assert told(client, "?strict")[0] == 200


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(("kind", "name"), [("beat", "beat"), ("worker", "workers"), ("driver", "driver")])
def test_a_dead_process_is_told_within_a_minute_and_the_web_server_stays_in_service(
    client: Client, kind: str, name: str
) -> None:
    age(kind, 60 - probes.YOUNG - heartbeats.EVERY)
    status, said = told(client)
    assert (status, said["status"], said[name]) == (200, "down", "down")
    assert client.get("/health/ready").status_code == 200
    assert told(client, "?strict")[0] == 503


@pytest.mark.usefixtures("alive")
def test_a_process_between_two_signs_of_life_is_not_called_dead(client: Client) -> None:
    for kind in ("beat", "worker", "driver"):
        age(kind, 3 * heartbeats.EVERY)
    assert told(client)[1]["status"] == "ok"


@pytest.mark.usefixtures("alive")
def test_one_worker_of_two_that_was_lost_is_told_for_an_hour_and_one_that_ended_in_order_is_not(
    client: Client,
) -> None:
    heartbeats.give("worker", "lost")
    Heartbeat.objects.filter(name="lost").update(at=Now() - timedelta(minutes=5))
    assert told(client)[1]["workers"] == "degraded"
    heartbeats.end("worker", "lost")
    probes.forget()
    assert told(client)[1]["workers"] == "ok"


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("off", [-9.0, 9.0])
def test_a_machine_whose_clock_differs_is_told_of(client: Client, off: float) -> None:
    assert told(client)[1]["clocks"] == "ok"
    right = time.time
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: right() + off)
        heartbeats.give("worker", "elsewhere")
    probes.forget()
    assert told(client)[1]["clocks"] == "degraded"
    age("worker", 3600)
    assert told(client)[1]["clocks"] == "ok", "one that is no more tells no time"


@pytest.mark.usefixtures("alive")
def test_a_database_that_is_away_takes_the_server_out_of_service_and_is_told_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection to 10.1.2.3 refused")

    with monkeypatch.context() as patched:
        patched.setattr("django.db.connection.cursor", away)
        answers = [client.get(path) for path in ("/health", "/health/ready")]
        assert client.get("/health/live").status_code == 200
    for answer in answers:
        assert (answer.status_code, answer.json()["database"]) == (503, "down")
        assert "10.1.2.3" not in answer.content.decode()


@pytest.mark.usefixtures("alive")
def test_redis_away_is_one_line_and_no_reason_to_keep_people_out(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    health._redis.cache_clear()
    try:
        status, said = told(client)
    finally:
        health._redis.cache_clear()
    assert (status, said["redis"], said["database"]) == (200, "down", "ok")


@pytest.mark.usefixtures("alive")
def test_a_broken_connection_is_told_without_a_name(client: Client) -> None:
    row = make_connection(name="Secret Reseller", base_url="https://hidden.example")
    Connection.objects.filter(pk=row.pk).update(
        broken_since=timezone.now(), trouble="key wrong for hidden-user"
    )
    answer = client.get("/health")
    assert answer.json()["connections"] == "down"
    assert not any(
        word in answer.content.decode().lower() for word in ("secret", "hidden", "http", row.api_user)
    )


def due(seconds: float, *, lock: str = "", connection: Connection | None = None, **fields: Any) -> Action:
    ou = make_ou(connection)
    facts = {
        "operation": "mailbox.suspend", "kind": "mailbox", "guid": "g", "title": "t", "state": "queued",
        "next_at": timezone.now() - timedelta(seconds=seconds),
    }  # fmt: skip
    return Action.objects.create(
        connection=ou.connection, ou=ou, submission=uuid.uuid4(), lock_key=lock or str(ou.pk),
        **{**facts, **fields},
    )  # fmt: skip


@pytest.mark.usefixtures("alive")
def test_the_oldest_due_action_is_what_could_be_done_now_and_is_not(client: Client) -> None:
    due(20)
    assert 20 <= health.oldest_due() < 25
    assert told(client)[1]["ledger"] == "ok"
    due(1000, state="waiting")
    assert health.oldest_due() > 1000
    probes.forget()
    assert told(client)[1]["ledger"] == "down"


def test_what_waits_behind_another_of_its_object_or_for_a_broken_connection_is_not_late() -> None:
    first = due(0, state="waiting", lock="one", next_at=timezone.now() + timedelta(minutes=5))
    due(5000, lock="one", connection=first.connection)
    broken = due(5000)
    Connection.objects.filter(pk=broken.connection_id).update(
        broken_since=timezone.now(), retry_at=timezone.now() + timedelta(minutes=1)
    )
    due(5000, priority=1)  # scheduled work stands behind people, and has time
    assert health.oldest_due() < 1


@pytest.mark.usefixtures("alive")
def test_asked_often_it_is_looked_up_once(client: Client, django_assert_num_queries: Any) -> None:
    told(client)
    with django_assert_num_queries(0):
        told(client)


def test_one_that_ends_leaves_another_of_its_name_alive() -> None:
    heartbeats.give("beat", "beat@here", process="here:1")
    heartbeats.end("beat", "beat@here")
    assert [sign.name for sign in heartbeats.signs()] == ["beat@here"]
    heartbeats.give("beat", "beat@here", process=heartbeats.here())
    heartbeats.end("beat", "beat@here")
    assert heartbeats.signs() == []


def test_workers_that_wait_for_redis_are_told_of_as_waiting_and_redis_is_what_to_mend(settings: Any) -> None:
    heartbeats.give("beat", "beat here")
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    health._redis.cache_clear()
    try:
        found = {line.name: line for line in health.check()}
    finally:
        health._redis.cache_clear()
    for name in ("workers", "driver"):
        assert found[name].level == health.BAD
        assert "Redis" in found[name].said
        assert "RedisAway" in advice.of(found[name])
    assert "BeatDead" in advice.of(replace(found["beat"], level=health.BAD))
