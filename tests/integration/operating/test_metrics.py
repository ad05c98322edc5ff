"""What Prometheus is shown, and to whom."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from portal import mail, measuring
from provisioning import audit, heartbeats, ledger, tallies
from provisioning.models import Action, Tally
from tests.integration.factories import make_ou, make_person

TOKEN = "a-token-of-more-than-twenty-letters"
pytestmark = pytest.mark.usefixtures("_token")


@pytest.fixture
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def page(client: Client) -> str:
    answer = client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    return answer.content.decode()


def values(client: Client) -> dict[tuple[str, tuple[str, ...]], float]:
    """All samples, by name and the values of their labels, sorted by these."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page(client))
        for sample in family.samples
    }


@pytest.mark.parametrize("header", ["", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ü"])
def test_whoever_lacks_the_token_gets_404_an_owner_too(client: Client, header: str) -> None:
    client.force_login(make_person("owner", make_ou()))
    assert client.get("/metrics", HTTP_AUTHORIZATION=header).status_code == 404


def test_without_a_token_there_is_no_such_page_in_production(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN, settings.PRODUCTION = "", True
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404


def test_in_development_loopback_needs_no_token_and_others_see_nothing(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 404


def test_requests_are_counted_by_route_and_never_by_address(client: Client) -> None:
    client.force_login(make_person("support", make_ou(title="Hidden Ltd")))
    client.get("/mailboxes/hidden-guid/")
    client.get("/nothing-of-ours/hidden/")
    found, shown = values(client), page(client)
    assert found["mailroom_http_requests_total", ("GET", "mailboxes:detail", "4xx")] == 1
    assert found["mailroom_http_requests_total", ("GET", "none", "4xx")] == 1
    assert found["mailroom_http_request_seconds_count", ("mailboxes:detail",)] == 1
    assert "hidden" not in shown.lower()


def test_a_request_under_way_and_the_processes_are_shown(client: Client) -> None:
    with measuring.under_way:
        measuring.report()
    found = values(client)
    assert found["mailroom_http_in_flight", ()] == 1
    assert found["mailroom_processes", ("web",)] == 1
    assert found["mailroom_processes", ("beat",)] == 0


def action(state: str = "queued", **fields: Any) -> Action:
    ou = make_ou()
    return Action.objects.create(
        connection=ou.connection, ou=ou, operation="mailbox.suspend", kind="mailbox", guid="g", title="t",
        submission=uuid.uuid4(), lock_key=f"mailbox:{ou.pk}", state=state,
        next_at=timezone.now() - timedelta(seconds=90), **fields,
    )  # fmt: skip


def test_the_ledger_is_told_as_it_is_now_and_by_what_ended(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    action()
    ended, lost = action("waiting"), action("sending")
    with django_capture_on_commit_callbacks(execute=True):
        ledger.finish(ended)
        ledger.unconfirmed(lost, "cut_off", "It was cut off.")
        ledger.not_told(lost, None, "No call would tell.")
    found = values(client)
    assert found["mailroom_actions_open", ("queued",)] == 1
    assert found["mailroom_unconfirmed_for_a_person", ()] == 1
    assert found["mailroom_oldest_due_seconds", ()] >= 90
    assert found["mailroom_actions_ended_total", ("mailbox.suspend", "finished")] == 1
    assert found["mailroom_unconfirmed_total", ("mailbox.suspend",)] == 1
    assert found["mailroom_action_seconds_count", ("mailbox.suspend",)] == 1


def test_what_was_rolled_back_is_not_counted(client: Client) -> None:
    ledger.finish(action("waiting"))  # never committed here
    assert not any(name == "mailroom_actions_ended_total" for name, _ in values(client))


def test_refused_sign_ins_and_mails_are_counted(
    client: Client, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 9
    settings.EMAIL_HOST = "127.0.0.1"
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/login/", {"login": "nobody@example.test", "password": "wrong"})
        audit.record("exported", by=None)
    mail.send(
        "sign_in_changed", to="a@example.test", subject="s", context={"name": "A", "what": "w", "url": "u"}
    )
    found = values(client)
    assert found["mailroom_audit_entries_total", ("sign_in_failed",)] == 1
    assert found["mailroom_mails_total", ("sign_in_changed", "refused")] == 1
    assert "example.test" not in page(client)


def test_counts_of_two_processes_add_up_and_a_child_does_not_repeat_its_parents(client: Client) -> None:
    tallies.add("mailroom_breaker_opened")
    tallies.flush()
    tallies.add("mailroom_breaker_opened")  # what a parent had not handed in when it forked
    tallies._forget()
    tallies.add("mailroom_breaker_opened", 2)
    assert values(client)["mailroom_breaker_opened_total", ()] == 3


def test_counts_are_kept_while_the_database_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError

    tallies.add("mailroom_breaker_opened")
    with monkeypatch.context() as patched:
        patched.setattr(tallies, "_write", away)
        with pytest.raises(OperationalError):
            tallies.flush()
        measuring.report()  # says so in the log, and goes on
    assert values(client)["mailroom_breaker_opened_total", ()] == 1


def test_a_histogram_counts_upwards_to_all_of_them(client: Client) -> None:
    for seconds in (0.01, 0.3, 0.3, 100.0):
        tallies.observe("mailroom_synaq_call_seconds", seconds, call="GET ous/{guid}")
    found = values(client)
    bucket = "mailroom_synaq_call_seconds_bucket"
    assert [found[bucket, ("GET ous/{guid}", le)] for le in ("0.05", "0.25", "0.5", "10.0", "+Inf")] == [
        1,
        1,
        3,
        3,
        4,
    ]
    assert found["mailroom_synaq_call_seconds_sum", ("GET ous/{guid}",)] == pytest.approx(100.61)


def test_a_label_that_the_table_does_not_have_is_a_mistake_and_rows_are_one_for_each() -> None:
    with pytest.raises(KeyError):
        tallies.add("mailroom_mails", mail="invitation", address="a@example.test")
    tallies.add("mailroom_mails", mail="invitation", outcome="taken")
    tallies.add("mailroom_mails", outcome="taken", mail="invitation")
    tallies.flush()
    row = Tally.objects.get()
    assert (json.loads(row.labels), row.value) == ({"mail": "invitation", "outcome": "taken"}, 2)


def test_signs_of_life_are_given_now_and_then_only() -> None:
    given = [heartbeats.give_now_and_then("worker", "here") for _ in range(3)]
    assert given == [True, False, False]


def test_a_count_that_the_database_refuses_is_dropped_and_keeps_nobody_from_work(client: Client) -> None:
    tallies.add("mailroom_mails", mail="x" * 400, outcome="taken")
    with transaction.atomic():
        tallies.flush()
        transaction.set_rollback(True)
    tallies.add("mailroom_breaker_opened")
    assert values(client)["mailroom_breaker_opened_total", ()] == 1
