"""The breaker and the rate gate: five failures in a row hold everything back, one probe opens the way again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import breaker, gate, readings, secrets
from provisioning.gate import Gate, NotSent
from provisioning.models import Action, Connection
from provisioning.services.ous import want_reading
from tests.integration.engine.asking import Rounds, fresh, make_due, new_domain, suspend
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, resets, says
from tests.integration.factories import make_mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def row(world: World) -> Connection:
    return Connection.objects.get(pk=world.connection.pk)


def fail(world: World, times: int) -> None:
    for _ in range(times):
        breaker.failed(world.connection.pk, "No answer.")


def pause(world: World) -> float:
    retry_at = row(world).retry_at
    assert retry_at is not None
    return (retry_at - timezone.now()).total_seconds()


def test_four_failures_are_borne_and_the_fifth_opens_it(world: World) -> None:
    fail(world, 4)
    assert breaker.usable() == {world.connection.pk: (world.connection, None)}
    fail(world, 1)
    assert breaker.usable() == {}
    assert row(world).broken_since is not None
    assert row(world).trouble == "No answer."


def test_only_failures_in_a_row_count(world: World) -> None:
    fail(world, 4)
    breaker.answered(world.connection.pk)
    fail(world, 4)
    assert row(world).broken_since is None


def test_many_calls_that_fail_side_by_side_are_one_trouble(world: World) -> None:
    fail(world, 12)
    assert 1 < pause(world) <= 2


@pytest.mark.parametrize(("minutes", "seconds"), [(0.5, 15), (1, 30), (2, 60), (60, 60)])
def test_the_pause_grows_with_the_age_of_the_trouble(world: World, minutes: float, seconds: float) -> None:
    fail(world, 5)
    since = timezone.now() - timedelta(minutes=minutes)
    Connection.objects.update(broken_since=since)
    fail(world, 1)
    assert seconds - 2 < pause(world) <= seconds + 1
    assert row(world).broken_since == since


def test_nothing_at_all_is_sent_while_it_is_open(api: FakeApi, world: World) -> None:
    fail(world, 5)
    actions = [suspend(world.mailbox), new_domain(world.company)]
    readings.want("domain", world.domain.guid, ou=world.company)
    Connection.objects.update(retry_at=timezone.now() + timedelta(minutes=1))
    assert Rounds().take() == 0
    assert api.opened == 0
    assert {fresh(action).state for action in actions} == {"queued"}


def test_one_probe_goes_out_and_everything_follows_once_it_was_answered(api: FakeApi, world: World) -> None:
    mailboxes = [world.mailbox, *[make_mailbox(world.domain) for _ in range(4)]]
    for mailbox in mailboxes:
        suspend(mailbox)
    api.on("POST", "/", says(400, {"code": 400, "message": "No."}))
    fail(world, 5)
    make_due()
    driver = Rounds()
    assert driver.take() == 1
    assert (row(world).broken_since, row(world).failures, row(world).trouble) == (None, 0, "")
    assert driver.take() == 4
    assert api.count("POST") == 5


def test_a_probe_that_fails_keeps_it_open(api: FakeApi, world: World) -> None:
    api.on("POST", "/", resets)
    for mailbox in (world.mailbox, make_mailbox(world.domain)):
        suspend(mailbox)
    fail(world, 5)
    make_due()
    driver = Rounds()
    assert driver.take() == 1
    assert driver.take() == 0
    assert row(world).failures == 6
    assert api.count("POST") == 1


def test_only_one_process_gets_the_probe(world: World) -> None:
    fail(world, 5)
    make_due()
    mine, theirs = row(world), row(world)
    assert breaker.take_probe(mine)
    assert not breaker.take_probe(theirs)


def test_a_probe_is_not_used_up_while_nothing_is_due(api: FakeApi, world: World) -> None:
    fail(world, 5)
    make_due()
    driver = Rounds()
    assert driver.take() == 0
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    suspend(world.mailbox)
    assert driver.take() == 1


def test_a_look_up_for_which_nobody_was_asked_does_not_close_it(api: FakeApi, world: World) -> None:
    api.on("POST", "/", resets)
    action = new_domain(world.company)
    Rounds().take()
    assert fresh(action).state == "unconfirmed"
    fail(world, 5)
    make_due()
    Rounds().take()
    assert fresh(action).next_at is None
    assert row(world).broken_since is not None


@pytest.mark.parametrize("answer", [says(500, "<html>"), resets, says(401)], ids=["500", "reset", "401"])
def test_five_bad_answers_open_it(api: FakeApi, world: World, answer: Any) -> None:
    api.on("POST", "/", answer)
    for _ in range(5):
        suspend(make_mailbox(world.domain))
    Rounds().take()
    assert row(world).broken_since is not None


def known(api: FakeApi, world: World) -> None:
    """SYNAQ shows the reseller itself."""
    api.on(
        "GET", f"/ous/{world.connection.reseller_guid}", says(200, {"guid": world.connection.reseller_guid})
    )


def test_a_401_for_one_thing_while_synaq_knows_us_is_no_trouble_of_the_connection(
    api: FakeApi, world: World
) -> None:
    known(api, world)
    api.on("POST", "/", says(401, {"code": 401, "message": "Not in scope."}))
    fail(world, 4)
    action = suspend(world.mailbox)
    Rounds().take()
    assert (fresh(action).state, fresh(action).meaning) == ("failed", "forbidden")
    assert "Not in scope." in fresh(action).words
    assert row(world).failures == 0
    assert api.count("POST") == 2


def test_a_401_that_is_over_when_it_is_looked_into_is_none(api: FakeApi, world: World) -> None:
    known(api, world)
    location = f"/api/v1/mailboxes/{world.mailbox.guid}/actions/1"
    api.on("POST", "/", says(401), says(202, None, location=location))
    action = suspend(world.mailbox)
    Rounds().take()
    assert (fresh(action).state, api.count("POST")) == ("waiting", 2)
    assert row(world).failures == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_signature_that_is_refused_everywhere_is_waited_for(
    api: FakeApi, world: World, status: int
) -> None:
    for method in ("GET", "POST"):
        api.on(method, "/", says(status, {"code": status, "message": "Bad hash."}))
    action = suspend(world.mailbox)
    Rounds().take()
    assert (fresh(action).state, fresh(action).meaning) == ("queued", "unauthenticated")
    assert row(world).failures == 1
    assert api.count("POST") == 1


def test_a_reading_that_is_out_of_scope_is_not_tried_for_ever(api: FakeApi, world: World) -> None:
    known(api, world)
    api.on("GET", "/mailboxes/", says(401))
    reading = want_reading(world.mailbox)
    Rounds().take()
    reading.refresh_from_db()
    assert (reading.due_at, reading.trouble) == (None, "SYNAQ does not let this connection do that.")
    assert row(world).failures == 0


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_is_an_answer(api: FakeApi, world: World, status: int) -> None:
    api.on("POST", "/", says(status, {"code": status, "message": "No."}))
    fail(world, 4)
    suspend(world.mailbox)
    Rounds().take()
    assert row(world).failures == 0


def test_a_pause_that_synaq_asked_for_is_not_cut_by_answers_to_others(world: World) -> None:
    breaker.throttled(world.connection.pk, 30, "Slowly.")
    breaker.answered(world.connection.pk)
    assert 28 < pause(world) <= 30
    breaker.throttled(world.connection.pk, 3, "Slowly.")
    assert 28 < pause(world) <= 30


def test_after_that_pause_all_goes_on_without_a_probe(world: World) -> None:
    breaker.throttled(world.connection.pk, 30, "Slowly.")
    make_due()
    assert breaker.usable()[world.connection.pk][1] is None
    breaker.answered(world.connection.pk)
    assert (row(world).retry_at, row(world).trouble) == (None, "")


def test_a_pause_of_any_length_is_bounded(world: World) -> None:
    breaker.throttled(world.connection.pk, 10**9, "Never.")
    assert 3590 < pause(world) <= 3600


def test_a_429_shows_that_the_api_lives(world: World) -> None:
    fail(world, 7)
    breaker.throttled(world.connection.pk, 2, "Slowly.")
    assert (row(world).broken_since, row(world).failures) == (None, 0)


def test_a_key_that_cannot_be_opened_holds_everything_and_says_so(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.update(sealed_key="gAAAAA-not-ours")
    action = suspend(world.mailbox)
    driver = Rounds()
    for _ in range(6):
        driver.take()
    assert fresh(action).state == "queued"
    assert "key cannot be opened" in row(world).trouble
    assert row(world).broken_since is not None
    assert api.opened == 0
    Connection.objects.update(sealed_key=secrets.seal({"key": "k"}))
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    make_due()
    driver.take()
    assert fresh(action).state == "failed"


def test_a_connection_in_trouble_holds_up_no_other(api: FakeApi, world: World) -> None:
    other = World(api.url, "legacy")
    fail(world, 5)
    suspend(world.mailbox)
    action = suspend(other.mailbox)
    api.on("POST", "/", says(409, {"code": 409, "message": "No."}))
    Rounds().take()
    assert fresh(action).state == "failed"
    assert Action.objects.filter(state="queued").count() == 1


# --- the rate


def test_the_gate_lets_through_so_many_a_second() -> None:
    passes = Gate(f"test-{timezone.now().timestamp()}", 5)
    for _ in range(5):
        passes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "LONGEST_AT_GATE", 0.0)
        with pytest.raises(NotSent):
            passes()


def test_the_gate_is_one_for_all_processes() -> None:
    name = f"test-{timezone.now().timestamp()}"
    first, second = Gate(name, 1), Gate(name, 1)
    first()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "LONGEST_AT_GATE", 0.0)
        with pytest.raises(NotSent):
            second()


def test_a_slow_rate_is_not_overrun_by_claims(world: World) -> None:
    Connection.objects.update(rate=1)
    for _ in range(10):
        suspend(make_mailbox(world.domain))
    driver = Rounds()
    driver.drivers = 2
    assert driver._room(row(world)) == 2
