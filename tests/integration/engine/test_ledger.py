"""One click, one row: what the ledger takes on, keeps apart, takes back and settles."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import ledger, secrets
from provisioning.models import Action, Event
from provisioning.operations import OPERATIONS
from provisioning.services import activity, domains
from provisioning.services.common import Refused
from tests.integration.engine.asking import PASSWORD, activate, fresh, kinds, new_mailbox, suspend
from tests.integration.engine.conftest import World
from tests.integration.factories import make_mailbox, make_person

pytestmark = pytest.mark.django_db


def sending(action: Action) -> Action:
    """Claimed, as a driver would."""
    rows = ledger.claim_submits(action.connection_id, 10)
    return next(row for row in rows if row.pk == action.pk)


def waiting(action: Action) -> Action:
    row = sending(action)
    assert ledger.accepted(row, path="/p", remote_id="1", guid="", done=False, status=202)
    return row


def unsettled(action: Action) -> Action:
    row = sending(action)
    assert ledger.unconfirmed(row, "cut_off", "The line broke.")
    return row


def run_out(action: Action) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Action.objects.filter(pk=action.pk).update(next_at=past, lease_until=past)


# --- asking


def test_the_same_form_sent_twice_is_one_action(world: World) -> None:
    submission = uuid.uuid4()
    first, second = (
        suspend(world.mailbox, submission=submission),
        suspend(world.mailbox, submission=submission),
    )
    assert first == second
    assert kinds(first) == ["asked"]


def test_two_people_who_wish_the_same_at_once_share_one_action(world: World) -> None:
    one, other = make_person("support", world.root), make_person("support", world.root)
    assert suspend(world.mailbox, one) == suspend(world.mailbox, other)
    assert fresh(suspend(world.mailbox, other)).by == one


def test_a_wish_that_comes_after_the_first_is_on_its_way_is_a_row_of_its_own(world: World) -> None:
    first = sending(suspend(world.mailbox))
    assert suspend(world.mailbox) != first


def test_two_creations_of_one_name_are_two_rows_in_order(world: World) -> None:
    first, second = new_mailbox(world.domain), new_mailbox(world.domain)
    assert first != second
    assert first.lock_key == second.lock_key


def test_letter_case_does_not_make_another_name(world: World) -> None:
    assert new_mailbox(world.domain, "Thandi").lock_key == new_mailbox(world.domain, "thandi").lock_key


def test_secrets_are_sealed_apart_from_the_payload(world: World) -> None:
    action = fresh(new_mailbox(world.domain))
    assert "password" not in action.payload
    assert PASSWORD not in action.sealed
    assert secrets.unseal(action.sealed) == {"password": PASSWORD}


def test_on_the_current_dialect_the_password_is_hashed_at_once(current_world: World) -> None:
    opened = secrets.unseal(fresh(new_mailbox(current_world.domain)).sealed)
    assert list(opened) == ["ssha_password"]
    assert opened["ssha_password"].startswith("{SSHA256}")


def test_the_mark_of_what_was_asked_does_not_depend_on_the_secret(world: World) -> None:
    asked = ledger.Asked(
        OPERATIONS["mailbox.create"], world.connection, world.company, "g", "t", None, uuid.uuid4(),
        payload={"a": 1}, secrets={"password": "first-Secret"},
    )  # fmt: skip
    other = dataclasses.replace(asked, secrets={"password": "other-Secret"})
    assert ledger.digest(asked) == ledger.digest(other)
    assert ledger.digest(asked) != ledger.digest(dataclasses.replace(asked, payload={"a": 2}))
    assert "first-Secret" not in repr(asked)


def test_what_the_table_forbids_is_refused_in_a_sentence(world: World) -> None:
    with pytest.raises(Refused, match="Activate is possible while closed or suspended; it is active now"):
        activate(world.mailbox)
    assert not Action.objects.exists()


def test_a_state_that_no_document_names_is_left_to_synaq(world: World) -> None:
    odd = make_mailbox(world.domain, state="hibernating")
    assert suspend(odd).state == "queued"


def test_service_fields_say_what_the_domain_exposes(world: World) -> None:
    world.domain.fields = {"username": None, "smtp_username": None}
    world.domain.state = "inactive"
    action = domains.fill_fields(
        world.domain, by=None, fields={"username": "law"}, secrets={}, submission=uuid.uuid4()
    )
    assert action.payload["exposed"] == ["smtp_username", "username"]


# --- the fence and the lease


def test_a_late_write_of_an_older_attempt_touches_nothing(world: World) -> None:
    late = sending(suspend(world.mailbox))
    run_out(late)
    assert ledger.give_up_lost() == 1
    before = Action.objects.filter(pk=late.pk).values().get()
    events = Event.objects.count()
    later = timezone.now()
    assert not ledger.accepted(late, path="/p", remote_id="1", guid="g", done=False, status=202)
    assert not ledger.put_off(late, later, "throttled", "w")
    assert not ledger.unconfirmed(late, "cut_off", "w")
    assert not ledger.fail(late, "refused", "w", [])
    assert not ledger.still(late, "pending", later)
    assert not ledger.not_told(late, later, "w")
    assert not ledger.doubted(late, "m", "w")
    assert not ledger.finish(late)
    assert Action.objects.filter(pk=late.pk).values().get() == before
    assert Event.objects.count() == events


def test_a_lease_that_ran_out_while_sending_is_unconfirmed_and_never_sent_again(world: World) -> None:
    action = sending(suspend(world.mailbox))
    run_out(action)
    ledger.give_up_lost()
    assert fresh(action).state == "unconfirmed"
    assert ledger.claim_submits(world.connection.pk, 10) == []
    assert kinds(action) == ["asked", "sending", "unconfirmed"]


def test_just_after_the_database_was_started_nothing_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = sending(suspend(world.mailbox))
    run_out(action)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "WRITES_FIRST", timedelta(days=9999))
        assert ledger.give_up_lost() == 0
    assert fresh(action).state == "sending", "whoever sends it may be about to write down what came of it"
    assert ledger.give_up_lost() == 1


def test_a_lease_that_still_runs_is_left_alone(world: World) -> None:
    action = sending(suspend(world.mailbox))
    assert ledger.give_up_lost() == 0
    assert fresh(action).state == "sending"


def test_a_call_under_way_keeps_its_lease(world: World) -> None:
    action = sending(suspend(world.mailbox))
    run_out(action)
    ledger.renew([action])
    assert ledger.give_up_lost() == 0


def test_a_lost_lease_cannot_be_renewed(world: World) -> None:
    action = sending(suspend(world.mailbox))
    run_out(action)
    ledger.give_up_lost()
    ledger.renew([action])
    row = fresh(action)
    assert row.lease_until is None
    assert row.next_at is not None
    assert row.next_at <= timezone.now()


def test_a_lease_that_ran_out_while_polling_is_polled_again(world: World) -> None:
    action = waiting(suspend(world.mailbox))
    run_out(action)
    (again,) = ledger.claim_turns(world.connection.pk, 10)
    assert (again.pk, again.attempt) == (action.pk, action.attempt + 1)
    assert ledger.claim_turns(world.connection.pk, 10) == []
    run_out(again)
    assert len(ledger.claim_turns(world.connection.pk, 10)) == 1


def test_one_guid_at_two_connections_is_two_things_in_flight(world: World) -> None:
    """Staging may know the GUIDs of production: what hangs there must not hold up the other."""
    other = World("http://staging.example", "legacy")
    twin = make_mailbox(other.domain, guid=world.mailbox.guid)
    hangs = unsettled(suspend(twin))
    assert sending(suspend(world.mailbox)).state == Action.State.SENDING
    behind = suspend(twin)
    assert ledger.claim_submits(behind.connection_id, 10) == [], fresh(hangs).state


def test_what_is_not_due_is_not_claimed(world: World) -> None:
    action = sending(suspend(world.mailbox))
    ledger.put_off(action, timezone.now() + timedelta(minutes=1), "throttled", "Slowly.")
    assert ledger.claim_submits(world.connection.pk, 10) == []
    assert not ledger.anything_due(world.connection.pk)


def test_a_row_that_was_put_off_still_keeps_its_place_before_the_next(world: World) -> None:
    first = sending(suspend(world.mailbox))
    second = suspend(world.mailbox)
    ledger.put_off(first, timezone.now() + timedelta(minutes=1), "throttled", "Slowly.")
    assert second != first
    assert ledger.claim_submits(world.connection.pk, 10) == []


def test_an_unconfirmed_action_blocks_its_object_and_no_other(world: World) -> None:
    unsettled(suspend(world.mailbox))
    suspend(world.mailbox)
    other = suspend(make_mailbox(world.domain))
    assert [row.pk for row in ledger.claim_submits(world.connection.pk, 10)] == [other.pk]


# --- history


def test_a_poll_that_tells_nothing_new_is_no_line(world: World) -> None:
    action = waiting(suspend(world.mailbox))
    for words in ("", "", "503 of 10:00:01", "503 of 10:00:02", ""):
        assert ledger.still(action, "pending", timezone.now(), words)
    lines = list(action.events.filter(kind="answered").values_list("text", flat=True))
    assert lines == ["", "503 of 10:00:01", ""]
    assert fresh(action).polls == 5


def test_a_state_of_any_length_is_kept_as_far_as_it_fits(world: World) -> None:
    action = waiting(suspend(world.mailbox))
    assert ledger.still(action, "p" * 500, timezone.now())
    assert fresh(action).remote_state == "p" * 60


# --- what people do


def test_what_is_queued_can_be_cancelled_and_loses_its_secret(world: World) -> None:
    by = make_person("support", world.root)
    action = new_mailbox(world.domain)
    activity.cancel(action, by=by)
    row = fresh(action)
    assert (row.state, row.sealed, row.next_at) == ("cancelled", "", None)
    assert row.events.get(kind="cancelled").by == by


def test_what_was_put_off_can_be_cancelled_from_a_page_that_is_older(world: World) -> None:
    page = suspend(world.mailbox)
    ledger.put_off(sending(page), timezone.now(), "throttled", "Slowly.")
    activity.cancel(page, by=None)
    assert fresh(page).state == "cancelled"


@pytest.mark.parametrize("reach", [sending, waiting, unsettled])
def test_what_was_sent_cannot_be_cancelled(world: World, reach: Any) -> None:
    action = reach(suspend(world.mailbox))
    with pytest.raises(Refused, match="can no longer be cancelled"):
        activity.cancel(action, by=None)
    assert "cancelled" not in kinds(action)


def test_settled_as_done_it_is_read_and_then_ends(world: World) -> None:
    by = make_person("support", world.root)
    action = unsettled(new_mailbox(world.domain))
    activity.settle_applied(action, " guid-7 ", by=by)
    row = fresh(action)
    assert (row.state, row.result_guid, row.remote_state, row.sealed) == ("waiting", "guid-7", "finished", "")
    assert row.events.get(kind="settled").by == by


def test_settled_as_not_done_it_is_sent_again_with_its_secret(world: World) -> None:
    action = unsettled(new_mailbox(world.domain))
    activity.settle_not_applied(action, by=None)
    again = sending(action)
    assert again.attempt == 2
    assert secrets.unseal(again.sealed) == {"password": PASSWORD}


def test_settled_as_not_done_after_its_secret_was_wiped_the_form_asks_again(world: World) -> None:
    action = unsettled(new_mailbox(world.domain))
    activity.settle_applied(action, "guid-7", by=None)
    (row,) = ledger.claim_turns(world.connection.pk, 1)
    ledger.doubted(row, "mistaken", "It is something else.")
    activity.settle_not_applied(action, by=None)
    assert (fresh(action).state, fresh(action).meaning) == ("failed", "sealed")


@pytest.mark.parametrize(
    "settle", [ledger.settle_not_applied, lambda a, by: ledger.settle_applied(a, "", by=by)]
)
def test_it_is_settled_once(world: World, settle: Any) -> None:
    action = unsettled(suspend(world.mailbox))
    activity.settle_applied(action, "", by=None)
    with pytest.raises(Refused, match="settled meanwhile"):
        settle(action, by=None)


def test_a_look_up_that_comes_back_after_a_person_settled_changes_nothing(world: World) -> None:
    action = unsettled(suspend(world.mailbox))
    (looking,) = ledger.claim_turns(world.connection.pk, 1)
    activity.settle_not_applied(action, by=None)
    assert not ledger.accepted(looking, path="", remote_id="", guid="", done=True, status=None)
    assert not ledger.not_told(looking, None, "w")
    assert fresh(action).state == "queued"


def test_a_guid_that_is_known_as_something_else_is_not_taken(world: World) -> None:
    action = unsettled(new_mailbox(world.domain))
    with pytest.raises(Refused, match="knows that GUID already"):
        activity.settle_applied(action, world.mailbox.guid, by=None)
    with pytest.raises(Refused, match="Type the GUID"):
        activity.settle_applied(action, "  ", by=None)


def test_one_that_came_to_be_known_since_is_taken_unless_another_made_it(world: World) -> None:
    action, other = unsettled(new_mailbox(world.domain)), unsettled(new_mailbox(world.domain, "other"))
    guid = make_mailbox(world.domain).guid
    activity.settle_applied(other, guid.upper(), by=None)
    assert fresh(other).result_guid == guid
    with pytest.raises(Refused, match="knows that GUID already"):
        activity.settle_applied(action, guid, by=None)
    activity.settle_applied(action, make_mailbox(world.domain).guid, by=None)
    assert fresh(action).state == "waiting"


def test_what_failed_without_secrets_can_be_asked_for_again(world: World) -> None:
    action = sending(suspend(world.mailbox))
    ledger.fail(action, "conflict", "Not now.", [])
    again = activity.submit_again(action, by=None, submission=uuid.uuid4())
    assert (again.operation, again.guid, again.lock_key) == (action.operation, action.guid, action.lock_key)


def test_what_failed_with_secrets_needs_its_form(world: World) -> None:
    action = sending(new_mailbox(world.domain))
    ledger.fail(action, "refused", "No.", [])
    with pytest.raises(Refused, match="Fill in the form again"):
        activity.submit_again(action, by=None, submission=uuid.uuid4())


def test_what_is_open_cannot_be_submitted_again(world: World) -> None:
    with pytest.raises(Refused, match="Only what failed"):
        activity.submit_again(suspend(world.mailbox), by=None, submission=uuid.uuid4())
