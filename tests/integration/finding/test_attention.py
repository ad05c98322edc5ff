"""What needs a person: each cause with its number and its one next step."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from provisioning.models import OU, Batch
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.finding.rows import action

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=6)


def causes(client: Client) -> dict[str, Any]:
    return {cause.name: cause for cause in client.get("/attention/").context["causes"]}


def test_nothing_to_do_says_so_and_asks_no_more(client: Client, acme: OU, support: Any) -> None:
    make_mailbox(make_domain(acme, package=make_package(acme)))
    body = client.get("/attention/").content.decode()
    assert "Nothing needs you" in body
    assert "every 1s" not in body


def test_what_failed_counts_until_it_is_asked_for_again(client: Client, acme: OU, support: Any) -> None:
    failed = action(acme, "failed", words="No room left.")
    line = causes(client)["failed"].lines[0]
    assert (line.said, line.step, line.step_url) == (
        "No room left.",
        "Mend and submit again",
        f"/activity/{failed.pk}/",
    )
    again = {"guid": failed.guid, "lock_key": failed.lock_key}
    action(acme, "cancelled", **again)
    assert "failed" in causes(client)
    action(acme, "queued", **again)
    assert "failed" not in causes(client)


def test_what_failed_weeks_ago_is_left_to_activity(client: Client, acme: OU, support: Any) -> None:
    old = timezone.now() - timedelta(days=20)
    action(acme, "failed", asked_at=old, ended_at=old)
    assert causes(client) == {}


def test_unconfirmed_ones_wait_to_be_settled(client: Client, acme: OU, support: Any) -> None:
    row = action(acme, "unconfirmed")
    cause = causes(client)["unconfirmed"]
    assert (cause.count, cause.lines[0].step_url) == (1, f"/activity/{row.pk}/")


def test_stuck_is_what_takes_longer_than_is_usual_here(client: Client, acme: OU, support: Any) -> None:
    began = timezone.now() - LONG_AGO
    action(acme, "waiting")
    action(acme, "waiting", sent_at=began, asked_at=began)
    answer = client.get("/attention/")
    assert {cause.name: cause.count for cause in answer.context["causes"]} == {"stuck": 1}
    assert answer.context["doing_count"] == 1
    for _ in range(20):  # where three times the usual is longer, that counts
        action(acme, "finished", accepted_at=began, asked_at=began)
    assert causes(client) == {}


def test_a_locked_mailbox_leads_to_the_one_way_out(client: Client, acme: OU, support: Any) -> None:
    box = make_mailbox(make_domain(acme), account_locked=True, state="suspended", lock_reason="Spam <b>")
    cause = causes(client)["locked"]
    assert (cause.lines[0].step, cause.lines[0].step_url) == (
        "New password and Unlock",
        f"/mailboxes/{box.guid}/unlock/",
    )
    assert "Spam <b>" not in client.get("/attention/").content.decode()


def test_who_may_not_unlock_is_led_to_the_mailbox(client: Client, root: OU, acme: OU) -> None:
    box = make_mailbox(make_domain(acme), account_locked=True)
    client.force_login(make_person("auditor", root))
    assert causes(client)["locked"].lines[0].step_url == f"/mailboxes/{box.guid}/"


@pytest.mark.parametrize("state", ["stale", "error", "failed", "orphaned", "pending"])
def test_objects_in_trouble_are_listed_by_kind(client: Client, acme: OU, support: Any, state: str) -> None:
    package = make_package(acme, state=state)
    domain = make_domain(acme, package=package, state=state)
    make_mailbox(domain, state=state)
    make_mailbox(domain, state=state, gone_at=timezone.now())
    found = causes(client)
    assert {name: found[f"{state}-{name}"].count for name in ("package", "domain", "mailbox")} == {
        "package": 1,
        "domain": 1,
        "mailbox": 1,
    }


@pytest.mark.parametrize("state", ["waiting", "finished"])
def test_pending_with_something_under_way_or_just_ended_is_no_trouble(
    client: Client, acme: OU, support: Any, state: str
) -> None:
    box = make_mailbox(make_domain(acme), state="pending")
    action(acme, state, guid=box.guid)
    assert "pending-mailbox" not in causes(client)


def test_a_stopped_batch_is_shown_once(client: Client, acme: OU, support: Any) -> None:
    batch = Batch.objects.create(
        kind="teardown",
        title="Remove Acme",
        ou=acme,
        submission=uuid.uuid4(),
        state="stopped",
        words="A step failed.",
        target_kind="ou",
        target_guid=acme.guid,
    )
    action(acme, "failed", batch=batch)
    found = causes(client)
    assert set(found) == {"stopped"}
    assert found["stopped"].lines[0].step_url == f"/batches/{batch.pk}/"


def test_more_than_are_shown_are_counted_and_lead_to_the_list(client: Client, acme: OU, support: Any) -> None:
    for _ in range(11):
        action(acme, "failed")
    cause = causes(client)["failed"]
    assert (cause.count, len(cause.lines), cause.more_url) == (11, 8, "/activity/?state=failed")


def test_it_moves_by_itself_while_something_is_in_flight(client: Client, acme: OU, support: Any) -> None:
    row = action(acme, "waiting")
    page = client.get("/attention/")
    assert page.content.decode().count("hx-get") == 1
    vals = {"v": page.context["live_vals"].split('"')[3], "open": str(row.pk)}
    assert client.get("/attention/", vals, headers={"HX-Request": "true"}).status_code == 204
    row.state, row.ended_at = "finished", timezone.now()
    row.save()
    last = client.get("/attention/", vals, headers={"HX-Request": "true"})
    assert "every 1s" not in last.content.decode()
    assert "Finished" in last["HX-Trigger"]


def test_nothing_of_others(client: Client, root: OU, acme: OU) -> None:
    action(acme, "failed")
    action(acme, "waiting")
    make_mailbox(make_domain(acme, state="error"), account_locked=True)
    client.force_login(make_person("support", make_ou(parent=root)))
    answer = client.get("/attention/")
    assert (answer.context["causes"], answer.context["doing_count"]) == ([], 0)
    client.force_login(make_person("finance", root))
    assert client.get("/attention/").status_code == 404
