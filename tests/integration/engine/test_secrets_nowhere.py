"""A password that went through the portal is nowhere afterwards: not in the database, the logs, or a message."""

from __future__ import annotations

import html
import json
import logging
import urllib.parse
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from provisioning import announce
from tests.integration.engine.asking import PASSWORD, fresh, new_mailbox, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, resets, says

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

SPELLED = {
    PASSWORD,
    json.dumps(PASSWORD)[1:-1],
    html.escape(PASSWORD),
    urllib.parse.quote(PASSWORD),
    urllib.parse.quote_plus(PASSWORD),
}


def whole_database() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def assert_nowhere(*texts: str) -> None:
    for text in texts:
        assert not [spelled for spelled in SPELLED if spelled in text]
        assert "Gr0en" not in text


def finishes(api: FakeApi, world: World) -> None:
    email = f"thandi@{world.domain.name}"
    body = {
        "guid": "m",
        "email": email,
        "state": "active",
        "password": PASSWORD,
        "nested": [{"name": "password", "value": PASSWORD}],
    }
    api.on("POST", "/mailboxes.json", says(202, location="/api/v1/mailboxes/m/actions/7"))
    api.on("GET", "/mailboxes/m.json", says(200, body))
    api.on("GET", "/actions/7", says(200, {"state": "finished", "password": PASSWORD}))


def ends_in_error(api: FakeApi, world: World) -> None:
    finishes(api, world)
    api.on("GET", "/actions/7", says(200, {"state": "error", "errors": ["The store is full."]}))


def is_refused_with_an_echo(api: FakeApi, world: World) -> None:
    errors = [f"password: {PASSWORD} is too weak.", {"field": PASSWORD, "message": html.escape(PASSWORD)}]
    body = {"code": 400, "message": f"Bad password {PASSWORD}", "errors": errors}
    api.on("POST", "/mailboxes.json", says(400, body))


def breaks_with_an_echo(api: FakeApi, world: World) -> None:
    page = f"<html><body><h1>Error</h1><pre>{html.escape(json.dumps({'password': PASSWORD}))}</pre></body></html>"
    api.on("POST", "/mailboxes.json", says(500, page))


def is_lost(api: FakeApi, world: World) -> None:
    api.on("POST", "/mailboxes.json", resets)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (finishes, "finished"),
        (ends_in_error, "failed"),
        (is_refused_with_an_echo, "failed"),
        (breaks_with_an_echo, "unconfirmed"),
        (is_lost, "unconfirmed"),
    ],
)
def test_the_password_is_nowhere_afterwards(
    api: FakeApi,
    world: World,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    end: Any,
    state: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    end(api, world)
    action = new_mailbox(world.domain, at_once=True)
    work()
    row = fresh(action)
    assert row.state == state
    assert api.requests[0].body["mailbox"]["password"] == PASSWORD, "SYNAQ did get it"
    out, err = capfd.readouterr()
    assert_nowhere(whole_database(), caplog.text, out, err, repr(row.errors), row.words)
    # What may have to be sent again keeps it, sealed; what has ended or was taken on does not.
    assert bool(row.sealed) == (state == "unconfirmed")


def test_the_key_of_a_connection_is_in_no_row_and_no_log(
    api: FakeApi, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.on("POST", "/mailboxes.json", says(401, {"code": 401, "message": "The key test-key is wrong."}))
    new_mailbox(world.domain)
    work(rounds=2)
    assert "test-key" not in whole_database()
    assert "test-key" not in caplog.text


def test_a_message_to_the_workers_carries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **kwargs: sent.append((args, kwargs)))
    announce._send()
    assert sent == [(("provisioning.drive",), {"expires": 5, "retry": False})]
