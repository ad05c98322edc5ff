"""What becomes of an action once SYNAQ has taken it on, once a person has settled it, and where nothing was sent."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from provisioning import elapsed, gate, ledger, outcomes, pace, salts, turns
from provisioning.models import Action, Domain, Mailbox
from provisioning.services import activity, domains
from tests.integration.engine.asking import Rounds, fresh, kinds, new_domain, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, breaks_off, hangs, resets, says
from tests.integration.engine.test_outcomes import (
    FINISHED,
    PAGE,
    PENDING,
    lose_by_reset_after,
    one_round,
    queued_at,
    shows,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


# --- while it is followed


def waiting(api: FakeApi, world: World) -> Action:
    api.on("POST", "/actions.json", queued_at(world))
    action = suspend(world.mailbox)
    one_round()
    assert fresh(action).state == "waiting"
    return action


@pytest.mark.parametrize(
    "trouble",
    [
        says(500, PAGE),
        says(503, PAGE),
        says(401, None),
        breaks_off(200, {"state": "finished"}),
        resets,
        hangs,
        says(200, "soon"),
        says(200, []),
    ],
    ids=["500", "503", "401", "truncated", "reset", "time-out", "text", "a list"],
)
def test_trouble_while_polling_is_told_and_passes(api: FakeApi, world: World, trouble: Any) -> None:
    api.on("GET", "/mailboxes/", trouble, shows("suspended"))
    api.on("GET", "/actions/7", trouble, FINISHED)
    action = waiting(api, world)
    Action.objects.update(next_at=timezone.now())
    one_round()
    assert fresh(action).state == "waiting"
    assert fresh(action).words
    work()
    assert (fresh(action).state, fresh(action).words) == ("finished", "")
    assert api.count("POST") == 1


def test_when_actions_end_is_learned_of_domains_as_of_mailboxes(api: FakeApi, world: World) -> None:
    domain, mailbox = world.domain, world.mailbox
    Domain.objects.filter(pk=domain.pk).update(state="inactive")
    domain.refresh_from_db()
    provision = domains.change_state(domain, "domain.provision", by=None, submission=uuid.uuid4())
    known = {(action.connection_id, action.operation) for action in (provision, suspend(mailbox))}
    for path in (f"domains/{domain.guid}/actions", f"mailboxes/{mailbox.guid}/actions"):
        api.on("POST", f"/{path}.json", says(202, location=f"/api/v1/{path}/7"))
    pace._ends.clear()
    pace._under_way.clear()
    api.on("GET", "/actions/7", PENDING, PENDING, FINISHED)
    api.on("GET", f"/domains/{domain.guid}.json", says(200, {"guid": domain.guid, "state": "active"}))
    api.on("GET", f"/mailboxes/{mailbox.guid}.json", shows("suspended"))
    one_round()
    Action.objects.update(next_at=timezone.now())
    one_round()
    assert set(pace._under_way) == known
    work()
    assert set(pace._ends) == known
    assert not pace._under_way


def test_a_pending_action_is_never_given_up_and_asked_after_less_and_less(api: FakeApi, world: World) -> None:
    api.on("GET", "/actions/7", PENDING)
    action = waiting(api, world)
    Action.objects.update(accepted_at=timezone.now() - timedelta(hours=1))
    work(rounds=5)
    row = fresh(action)
    assert (row.state, row.polls, row.remote_state) == ("waiting", 5, "pending")
    assert row.next_at is not None
    assert row.next_at - timezone.now() > timedelta(seconds=50)
    assert kinds(action).count("answered") == 1


@pytest.mark.parametrize(
    ("age", "least", "most"), [(0, 0.4, 0.6), (10, 1.3, 1.7), (100, 4.4, 5.6), (500, 53, 67)]
)
def test_the_next_poll_comes_after_a_part_of_the_age(age: float, least: float, most: float) -> None:
    action = Action(accepted_at=timezone.now() - timedelta(seconds=age))
    assert least < (outcomes.next_poll(action) - timezone.now()).total_seconds() < most


def test_synaqs_own_wish_for_the_next_poll_is_kept() -> None:
    wait = (outcomes.next_poll(Action(accepted_at=timezone.now()), 20) - timezone.now()).total_seconds()
    assert 19 < wait <= 20


@pytest.mark.parametrize("state", ["ERROR", "failed", "Failed"])
def test_an_action_that_ends_in_error_fails_in_synaqs_words(api: FakeApi, world: World, state: str) -> None:
    api.on("GET", "/mailboxes/", shows("error"))
    api.on("GET", "/actions/7", says(200, {"state": state, "errors": ["The store is full.", "Call us."]}))
    action = waiting(api, world)
    work()
    row = fresh(action)
    assert (row.state, row.meaning) == ("failed", "remote_error")
    assert row.words == "The store is full.\nCall us."
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "error"


def test_a_state_that_lags_behind_its_action_is_waited_for(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", shows("pending"), shows("pending"), shows("suspended"))
    api.on("GET", "/actions/7", FINISHED)
    action = waiting(api, world)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "suspended"


def test_what_stays_pending_does_not_keep_its_action_open(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", shows("pending"))
    api.on("GET", "/actions/7", FINISHED)
    action = waiting(api, world)
    Action.objects.update(accepted_at=timezone.now() - turns.LAGS_FOR)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "pending"


def test_an_action_whose_record_is_gone_is_told_by_its_effect(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", says(404))
    action = waiting(api, world)
    work()
    assert fresh(action).state == "finished"


def test_an_action_whose_record_is_gone_without_effect_is_not_called_finished(
    api: FakeApi, world: World
) -> None:
    api.on("GET", "/mailboxes/", shows("active"))
    api.on("GET", "/actions/7", says(404))
    action = waiting(api, world)
    Action.objects.update(accepted_at=timezone.now() - turns.SETTLES_IN)
    work()
    row = fresh(action)
    assert (row.state, row.meaning, row.next_at) == ("unconfirmed", "no_effect", None)
    assert "It is active" in row.words


def test_an_action_that_was_taken_on_a_moment_ago_may_take_a_moment_to_be_seen(
    api: FakeApi, world: World
) -> None:
    api.on("GET", "/mailboxes/", shows("active"), shows("active"), shows("suspended"))
    api.on("GET", "/actions/7", says(404), says(404), says(200, {"state": "pending"}), FINISHED)
    action = waiting(api, world)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "suspended"


def test_a_thing_that_vanished_ends_the_action_and_is_marked_gone(api: FakeApi, world: World) -> None:
    api.on("GET", "/actions/7", FINISHED)
    action = waiting(api, world)
    work()
    assert (fresh(action).state, fresh(action).meaning) == ("failed", "missing")
    assert Mailbox.objects.get(pk=world.mailbox.pk).gone_at is not None


def test_what_was_made_a_moment_ago_may_take_a_moment_to_be_seen(api: FakeApi, world: World) -> None:
    made = says(200, {"domain": {"guid": "made", "domain_name": "new.example", "state": "inactive"}})
    api.on("POST", "/domains.json", says(201, location="/api/v1/domains/made"))
    api.on("GET", "/domains/made", says(404), says(404), made)
    action = new_domain(world.company)
    work()
    assert fresh(action).state == "finished"


def test_a_cut_body_does_not_matter_where_the_location_has_said_all(api: FakeApi, world: World) -> None:
    api.on(
        "POST",
        "/domains.json",
        breaks_off(201, {"guid": "made"}, location="https://x.test/api/v1/domains/made.json"),
    )
    api.on("GET", "/domains/made", says(200, {"guid": "made", "domain_name": "new.example"}))
    action = new_domain(world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")


def test_a_guid_that_is_no_guid_is_not_called_success(api: FakeApi, world: World) -> None:
    api.on("POST", "/domains.json", says(201, location=f"/api/v1/domains/{'a' * 300}"))
    action = new_domain(world.company)
    work()
    assert (fresh(action).state, fresh(action).meaning) == ("unconfirmed", "unreadable")


def test_what_the_mirror_cannot_take_does_not_keep_the_action_open(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: Any) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("provisioning.mirror.write", cannot)
    monkeypatch.setattr("provisioning.mirror.write_mailboxes", cannot)
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", FINISHED)
    action = waiting(api, world)
    work()
    assert fresh(action).state == "finished"
    assert "could not read" in fresh(action).words


# --- settled by a person


def settled(api: FakeApi, world: World, guid: str) -> Action:
    lose_by_reset_after(api)
    action = new_domain(world.company)
    work()
    activity.settle_applied(fresh(action), guid, by=None)
    work()
    return fresh(action)


def test_the_guid_that_a_person_types_is_read_and_taken_in(api: FakeApi, world: World) -> None:
    api.on("GET", "/domains/typed", says(200, {"domain_name": "new.example", "state": "active"}))
    assert settled(api, world, "typed").state == "finished"
    assert Domain.objects.get(guid="typed").ou == world.company


def test_what_a_person_says_was_made_is_followed_while_synaq_is_at_it(api: FakeApi, world: World) -> None:
    made = {"domain_name": "new.example", "state": "active"}
    api.on("GET", "/domains/typed", says(200, {**made, "state": "PENDING"}), says(200, made))
    action = settled(api, world, "typed")
    assert (action.state, Domain.objects.get(guid="typed").state) == ("finished", "active")


def test_a_place_is_the_same_in_capitals(api: FakeApi, world: World) -> None:
    shown = {"domain_name": "new.example", "ou_guid": world.company.guid.upper()}
    api.on("GET", "/domains/typed", says(200, shown))
    assert settled(api, world, "typed").state == "finished"


@pytest.mark.parametrize(
    "answer",
    [
        says(200, {"domain_name": "other.example"}),
        says(200, {"domain_name": "new.example", "ou_guid": "another-company"}),
        says(404),
        says(403, {"code": 403, "message": "Access denied."}),
    ],
    ids=["another's", "elsewhere", "unknown", "out of scope"],
)
def test_a_guid_of_something_else_is_not_taken_in(api: FakeApi, world: World, answer: Any) -> None:
    api.on("GET", "/domains/typed", answer)
    action = settled(api, world, "typed")
    if action.state == "waiting":  # what may have been made a moment ago is asked for again, for a while
        Action.objects.update(accepted_at=timezone.now() - timedelta(minutes=1))
        work()
    action = fresh(action)
    assert (action.state, action.meaning, action.result_guid) == ("unconfirmed", "mistaken", "")
    assert not Domain.objects.filter(guid="typed").exists()


# --- nothing left this machine


def test_without_a_salt_nothing_is_sent_and_nothing_is_lost(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> int:
        raise OperationalError("the database is restarting")

    monkeypatch.setattr(salts, "take_block", away)
    action = suspend(world.mailbox)
    one_round()
    assert (fresh(action).state, fresh(action).meaning) == ("queued", "held")
    assert api.opened == 0
    world.connection.refresh_from_db()
    assert world.connection.failures == 0


def test_whoever_waits_too_long_at_the_gate_does_not_send(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LONGEST_AT_GATE", 0.0)
    type(world.connection).objects.update(rate=1)
    actions = [suspend(world.mailbox), new_domain(world.company)]
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    one_round()
    assert sorted(fresh(action).state for action in actions) == ["failed", "queued"]
    assert api.count("POST") == 1


def test_a_lease_that_is_nearly_over_is_not_begun_with(api: FakeApi, world: World) -> None:
    suspend(world.mailbox)
    driver = Rounds()
    driver_claims = ledger.claim

    def claim_late(connection_id: int, most: ledger.Most) -> list[Action]:
        rows, before = driver_claims(connection_id, most), elapsed.now()
        patch.setattr(elapsed, "now", lambda: before + 25)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "claim", claim_late)
        driver.take()
    assert Action.objects.get().state == "queued"
    assert api.opened == 0
