"""What each end of a conversation with the API leads to. The server counts: nothing is sent twice blindly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from provisioning import connections, ledger, outcomes
from provisioning.models import Action, Domain, Mailbox
from provisioning.services import activity
from tests.integration.engine.asking import Rounds, fresh, kinds, new_domain, new_mailbox, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, breaks_off, hangs, resets, says

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1><hr>nginx</body></html>"
FINISHED = says(200, {"id": 7, "action": "suspend", "state": "finished", "errors": [], "exclusions": []})
PENDING = says(200, {"state": "pending"})


def queued_at(world: World) -> Any:
    return says(202, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/7")


def shows(state: str, **facts: Any) -> Any:
    return says(200, {"mailbox": {"guid": "g", "state": state, **facts}})


def one_round() -> int:
    return Rounds().take()


# --- the good end


def test_a_suspension_is_sent_polled_read_and_finished(api: FakeApi, world: World) -> None:
    api.on("POST", "/actions.json", queued_at(world))
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", PENDING, FINISHED)
    action = suspend(world.mailbox)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "suspended"
    assert kinds(action) == ["asked", "sending", "accepted", "answered", "finished"]
    assert [str(request) for request in api.requests] == [
        f"POST /api/v1/mailboxes/{world.mailbox.guid}/actions.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}/actions/7.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}/actions/7.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}.json",
    ]


def test_what_synaq_left_out_is_told(api: FakeApi, world: World) -> None:
    api.on("POST", "/actions.json", queued_at(world))
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", says(200, {"state": "finished", "exclusions": ["archive"]}))
    action = suspend(world.mailbox)
    work()
    assert action.events.get(kind="finished").data["exclusions"] == ["archive"]


# --- the answer is lost


def lose_by_reset_before(api: FakeApi) -> None:
    api.reset_before = 1


def lose_by_reset_after(api: FakeApi) -> None:
    api.on("POST", "/", resets)


def lose_by_time_out(api: FakeApi) -> None:
    api.on("POST", "/", hangs)


def lose_by_fault(api: FakeApi) -> None:
    api.on("POST", "/", says(502, PAGE))


def lose_by_missing_location(api: FakeApi) -> None:
    api.on("POST", "/", says(202))


LOST = [lose_by_reset_before, lose_by_reset_after, lose_by_time_out, lose_by_fault, lose_by_missing_location]


@pytest.mark.parametrize("lose", LOST)
def test_a_lost_answer_is_looked_up_and_not_sent_again(api: FakeApi, world: World, lose: Any) -> None:
    api.on("GET", "/mailboxes/", shows("pending"), shows("pending"), shows("suspended"))
    lose(api)
    action = suspend(world.mailbox)
    one_round()
    assert fresh(action).state == "unconfirmed"
    work()
    assert fresh(action).state == "finished"
    assert api.count("POST") <= 1


@pytest.mark.parametrize("lose", LOST)
def test_a_lost_answer_that_cannot_be_told_waits_for_a_person(api: FakeApi, world: World, lose: Any) -> None:
    api.on("GET", "/mailboxes/", shows("active"))
    lose(api)
    action = suspend(world.mailbox)
    work()
    row = fresh(action)
    assert (row.state, row.next_at) == ("unconfirmed", None)
    assert api.count("POST") <= 1
    assert api.count("GET") == 1 + len(outcomes.LOOK_UPS)


@pytest.mark.parametrize("lose", LOST)
def test_on_legacy_a_lost_creation_is_unconfirmed_and_nothing_is_asked(
    api: FakeApi, world: World, lose: Any
) -> None:
    lose(api)
    action = new_domain(world.company)
    work()
    row = fresh(action)
    assert (row.state, row.next_at) == ("unconfirmed", None)
    assert api.count("POST") <= 1
    assert api.count("GET") == 0


@pytest.mark.parametrize("lose", LOST)
def test_on_current_a_lost_creation_is_found_by_its_name(
    api: FakeApi, current_world: World, lose: Any
) -> None:
    found = {"guid": "made", "domain_name": "NEW.example", "state": "inactive"}
    api.on("GET", "/domains/made", says(200, {"domain": found}))
    api.on("GET", "/domains.json", listed("domains", []), listed("domains", [found]))
    lose(api)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")
    assert Domain.objects.get(guid="made").ou == current_world.company
    assert api.count("POST") <= 1
    asked = next(request.path for request in api.requests if "/domains.json?" in request.path)
    assert f"ou_guid={current_world.company.guid}" in asked
    assert "exact_match=1" in asked


def listed(name: str, items: list[dict[str, Any]]) -> Any:
    return says(200, {"page": 1, "limit": 50, "pages": 1, "total": len(items), "_embedded": {name: items}})


@pytest.mark.parametrize(
    "items",
    [
        [{"guid": "a", "domain_name": "new.example"}, {"guid": "b", "domain_name": "new.example"}],
        [{"guid": "a", "domain_name": "renew.example"}],
        [{"domain_name": "new.example"}],
        [],
    ],
    ids=["two of that name", "another name", "no GUID", "none"],
)
def test_on_current_what_is_not_the_one_thing_of_that_name_is_not_adopted(
    api: FakeApi, current_world: World, items: list[dict[str, Any]]
) -> None:
    api.on("GET", "/domains.json", listed("domains", items))
    lose_by_reset_after(api)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)
    assert api.count("POST") == 1


def test_a_mailbox_found_on_its_way_is_followed_until_it_is_there(api: FakeApi, current_world: World) -> None:
    email = f"thandi@{current_world.domain.name}"
    api.on("GET", "/mailboxes/made", shows("pending", email=email), shows("active", email=email))
    api.on("GET", "/mailboxes.json", listed("mailboxes", [{"guid": "made", "email": email}]))
    lose_by_time_out(api)
    action = new_mailbox(current_world.domain, at_once=True)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(guid="made").state == "active"


def test_a_look_up_is_repeated_for_as_long_as_the_api_is_away(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", *[says(503, PAGE)] * 8, shows("suspended"))
    lose_by_reset_after(api)
    action = suspend(world.mailbox)
    work()
    assert fresh(action).state == "finished"
    assert api.count("POST") == 1


def test_a_look_up_that_is_refused_ends_with_a_person(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", says(403, {"code": 403, "message": "Not yours.", "errors": None}))
    lose_by_reset_after(api)
    action = suspend(world.mailbox)
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)


# --- certain that nothing was applied


def test_a_refused_port_is_tried_again_and_nothing_is_unconfirmed(world: World) -> None:
    type(world.connection).objects.update(base_url="http://127.0.0.1:9")
    action = suspend(world.mailbox)
    one_round()
    row = fresh(action)
    assert (row.state, row.meaning, row.tries) == ("queued", "unreachable", 1)
    assert row.next_at is not None
    assert row.next_at > timezone.now()


def test_a_signature_that_is_refused_waits_for_the_owner(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(401, {"code": 401, "message": "Bad salt."}), queued_at(world))
    action = suspend(world.mailbox)
    one_round()
    assert (fresh(action).state, fresh(action).meaning) == ("queued", "unauthenticated")
    assert "Bad salt." in fresh(action).words


def test_a_throttled_request_is_sent_once_more_and_not_before_it_may(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(429, {"code": 429, "message": "Slowly."}, retry_after="37"), queued_at(world))
    action = suspend(world.mailbox)
    one_round()
    world.connection.refresh_from_db()
    assert world.connection.retry_at is not None
    pause = world.connection.retry_at - timezone.now()
    assert timedelta(seconds=30) < pause < timedelta(seconds=38)
    Action.objects.update(next_at=timezone.now())
    assert one_round() == 0
    assert (fresh(action).state, api.count("POST")) == ("queued", 1)
    type(world.connection).objects.update(retry_at=timezone.now())
    one_round()
    assert (fresh(action).state, api.count("POST")) == ("waiting", 2)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(400, "refused"), (422, "refused"), (409, "conflict"), (403, "forbidden"), (404, "missing")],
)
def test_a_refusal_ends_it_in_synaqs_words(api: FakeApi, world: World, status: int, meaning: str) -> None:
    body = {"code": status, "message": "No good.", "errors": ["email_local: This value should not be blank."]}
    api.on("POST", "/", says(status, body))
    action = new_mailbox(world.domain)
    work()
    row = fresh(action)
    assert (row.state, row.meaning, row.words, row.sealed) == ("failed", meaning, "No good.", "")
    assert row.errors == [{"field": "email_local", "message": "This value should not be blank."}]
    assert api.count("POST") == 1


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


def test_an_action_that_ends_in_error_fails_in_synaqs_words(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", shows("error"))
    api.on("GET", "/actions/7", says(200, {"state": "ERROR", "errors": ["The store is full.", "Call us."]}))
    action = waiting(api, world)
    work()
    row = fresh(action)
    assert (row.state, row.meaning) == ("failed", "remote_error")
    assert row.words == "The store is full.\nCall us."
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "error"


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
    work()
    row = fresh(action)
    assert (row.state, row.meaning, row.next_at) == ("unconfirmed", "no_effect", None)
    assert "It is active" in row.words


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


@pytest.mark.parametrize(
    "answer", [says(200, {"domain_name": "other.example"}), says(404)], ids=["another's", "unknown"]
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

    monkeypatch.setattr(connections, "take_block", away)
    action = suspend(world.mailbox)
    one_round()
    assert (fresh(action).state, fresh(action).meaning) == ("queued", "held")
    assert api.opened == 0
    world.connection.refresh_from_db()
    assert world.connection.failures == 0


def test_whoever_waits_too_long_at_the_gate_does_not_send(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LONGEST_AT_GATE", 0.0)
    type(world.connection).objects.update(rate=1)
    actions = [suspend(world.mailbox), new_domain(world.company)]
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    one_round()
    assert sorted(fresh(action).state for action in actions) == ["failed", "queued"]
    assert api.count("POST") == 1


def test_a_lease_that_is_nearly_over_is_not_begun_with(api: FakeApi, world: World) -> None:
    suspend(world.mailbox)
    driver = Rounds()
    driver_claims = ledger.claim_submits

    def claim_late(connection_id: int, most: int) -> list[Action]:
        rows = driver_claims(connection_id, most)
        for row in rows:
            row.lease_until = timezone.now() + timedelta(seconds=5)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "claim_submits", claim_late)
        driver.take()
    assert Action.objects.get().state == "queued"
    assert api.opened == 0
