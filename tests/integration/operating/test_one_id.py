"""One id from the click to the wire: on the page, in the trail, in the ledger, in each line of web server and worker."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.test import Client
from django.urls import reverse

from provisioning.models import Action, AuditEntry, Reading
from tests.integration.engine.asking import work
from tests.integration.engine.fake_api import FakeApi, running_api, says
from tests.integration.factories import (
    fresh,
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_person,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Lines(logging.Handler):
    """Every line as it would be printed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, dict):
            self.lines.append(json.loads(json.dumps(record.msg, default=str)))

    def about(self, reference: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("request_id") == reference]


@pytest.fixture
def log() -> Iterator[Lines]:
    lines = Lines()
    for name in ("", "provisioning.wire"):
        logging.getLogger(name).addHandler(lines)
    yield lines
    for name in ("", "provisioning.wire"):
        logging.getLogger(name).removeHandler(lines)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_api() as running:
        yield running


def test_one_id_leads_from_the_click_to_each_call(client: Client, api: FakeApi, log: Lines) -> None:
    mailbox = make_mailbox(make_domain(make_ou(parent=make_ou(make_connection(base_url=api.url)))), "ann")
    path = f"/api/v1/mailboxes/{mailbox.guid}"
    api.on("POST", f"{path}/actions.json", says(202, location=f"{path}/actions/7"))
    api.on("GET", f"{path}/actions/7.json", says(200, {"state": "pending"}), says(200, {"state": "finished"}))
    api.on(
        "GET", f"{path}.json", says(200, {"guid": mailbox.guid, "email": mailbox.email, "state": "suspended"})
    )
    fresh(client).force_login(make_person("owner", mailbox.ou))
    answer = client.post(reverse("mailboxes:do", args=[mailbox.guid, "suspend"]))
    reference, action = answer["X-Request-ID"], Action.objects.get()
    assert action.request_id == AuditEntry.objects.get(kind="asked").request_id == reference
    work()
    lines = log.about(reference)
    assert [line["event"] for line in lines][:2] == ["asked", "request"]
    calls = [line for line in lines if line["event"] == "synaq call"]
    assert [(line["call"], line["status"]) for line in calls] == [
        ("POST mailboxes/{guid}/actions", 202),
        ("GET mailboxes/{guid}/actions/{guid}", 200),
        ("GET mailboxes/{guid}/actions/{guid}", 200),
        ("GET mailboxes/{guid}", 200),
    ]
    assert {line["action"] for line in calls} == {action.pk}
    assert [line["attempt"] for line in calls] == sorted(line["attempt"] for line in calls)
    assert all(line["ms"] >= 0 and line["path"].startswith(path) for line in calls)
    assert reference in client.get(reverse("activity:detail", args=[action.pk])).content.decode()


def test_a_reading_that_somebody_asked_for_carries_its_id_and_what_nobody_clicked_carries_none(
    client: Client, api: FakeApi, log: Lines
) -> None:
    mailbox = make_mailbox(make_domain(make_ou(parent=make_ou(make_connection(base_url=api.url)))), "ann")
    client.force_login(make_person("owner", mailbox.ou))
    reference = client.post(reverse("mailboxes:refresh", args=[mailbox.guid]))["X-Request-ID"]
    assert Reading.objects.get().request_id == reference
    work()
    calls = [line for line in log.about(reference) if line["event"] == "synaq call"]
    assert [(line["call"], line["meaning"]) for line in calls] == [("GET mailboxes/{guid}", "missing")]
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_an_error_page_names_the_id_that_the_log_has(
    client: Client, monkeypatch: pytest.MonkeyPatch, log: Lines
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    client.raise_request_exception = False
    client.force_login(make_person("owner", make_ou()))
    monkeypatch.setattr("portal.listing.page", broken)
    answer = client.get(reverse("activity:list"))
    reference = answer["X-Request-ID"]
    assert answer.status_code == 500
    assert f"Reference: <code>{reference}</code>" in answer.content.decode()
    assert any("exception" in line or line.get("code") == 500 for line in log.about(reference))
    missing = client.get("/nothing/here/")
    assert missing["X-Request-ID"] in missing.content.decode()
