"""What pages want to have read: once a thing, again if it was asked for meanwhile, put off kindly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import readings
from provisioning.models import Catalogue, Domain, Reading
from provisioning.services import ous
from tests.integration.engine.asking import work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, resets, says

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def want(world: World) -> Reading:
    return ous.want_reading(world.domain)


def fresh(reading: Reading) -> Reading:
    return Reading.objects.get(pk=reading.pk)


def test_a_thing_wanted_twice_is_read_once(api: FakeApi, world: World) -> None:
    api.on("GET", "/domains/", says(200, {"domain": {"state": "stale"}}))
    assert want(world) == want(world)
    work()
    assert Domain.objects.get(pk=world.domain.pk).state == "stale"
    assert api.count("GET") == 1
    assert fresh(want(world)).due_at is not None, "asked for again, it is due again"


def test_what_is_asked_for_while_it_is_being_read_is_read_once_more(api: FakeApi, world: World) -> None:
    want(world)
    (claimed,) = readings.claim(world.connection.pk, 5)
    want(world)
    assert readings.claim(world.connection.pk, 5) == []
    readings.done(claimed)
    (again,) = readings.claim(world.connection.pk, 5)
    readings.done(again)
    assert fresh(again).due_at is None


def test_a_late_answer_of_a_lost_lease_changes_nothing(world: World) -> None:
    want(world)
    (late,) = readings.claim(world.connection.pk, 5)
    Reading.objects.update(due_at=timezone.now())
    readings.claim(world.connection.pk, 5)
    readings.done(late)
    readings.put_off(late, "No.", final=True)
    readings.renew([late])
    row = fresh(late)
    assert row.due_at is not None
    assert (row.attempt, row.done_at) == (late.attempt + 1, None)


def test_a_slow_reading_keeps_its_lease(world: World) -> None:
    want(world)
    (claimed,) = readings.claim(world.connection.pk, 5)
    Reading.objects.update(due_at=timezone.now())
    readings.renew([claimed])
    assert not readings.anything_due(world.connection.pk)


def test_trouble_that_passes_is_tried_again_with_growing_pauses(api: FakeApi, world: World) -> None:
    api.on("GET", "/domains/", resets)
    reading = want(world)
    work(rounds=4)
    row = fresh(reading)
    assert (row.failures, api.count("GET")) == (4, 4)
    assert row.due_at is not None
    assert row.due_at - timezone.now() > timedelta(seconds=5)
    assert row.trouble


def test_one_that_sits_out_a_pause_is_read_at_once_when_it_is_asked_for_again(world: World) -> None:
    want(world)
    (claimed,) = readings.claim(world.connection.pk, 5)
    Reading.objects.update(failures=9)
    claimed.failures = 9
    readings.put_off(claimed, "SYNAQ is away.", final=False)
    assert not readings.anything_due(world.connection.pk)
    assert fresh(want(world)).failures == 0
    assert readings.anything_due(world.connection.pk)


def test_a_refusal_is_told_and_not_asked_for_again(api: FakeApi, world: World) -> None:
    api.on("GET", "/domains/", says(403, {"code": 403, "message": "Not yours."}))
    reading = want(world)
    work()
    assert (fresh(reading).due_at, fresh(reading).trouble) == (None, "Not yours.")
    assert sum("/domains/" in request.path for request in api.requests) == 1


def test_a_thing_that_is_no_more_is_marked_gone(world: World) -> None:
    want(world)
    work()
    assert Domain.objects.get(pk=world.domain.pk).gone_at is not None


def test_a_catalogue_is_kept_as_it_came(api: FakeApi, world: World) -> None:
    api.on("OPTIONS", "/packages.json", says(200, {"packages": {"SYN-CMS": {"odd": 1}}}))
    ous.want_catalogue(world.company)
    work()
    assert Catalogue.objects.get(ou=world.company).raw == {"packages": {"SYN-CMS": {"odd": 1}}}


def test_a_kind_that_this_version_does_not_know_stops_only_itself(api: FakeApi, world: World) -> None:
    api.on("GET", "/domains/", says(200, {"state": "stale"}))
    odd = readings.want("hologram", "g", ou=world.company)
    want(world)
    work()
    assert Domain.objects.get(pk=world.domain.pk).state == "stale"
    assert fresh(odd).due_at is None
    assert "KeyError" in fresh(odd).trouble
