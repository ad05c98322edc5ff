"""Counting many domains in one go: begun once, behind what people wait for, tried again, and listed where it failed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.test import override_settings
from django.utils import timezone

from provisioning import batches, collecting, connections, ledger, readings, runner
from provisioning.gate import BEHIND, Gate, letting_pass
from provisioning.ledger import SCHEDULED
from provisioning.models import (
    OU,
    Action,
    AuditEntry,
    Batch,
    Connection,
    Domain,
    MonthlyFigure,
    Reading,
    UsageReport,
    UsageRun,
)
from provisioning.services import domains as domain_services
from provisioning.services import usage as services
from provisioning.services.common import Refused
from tests.integration.engine.asking import Rounds, make_due
from tests.integration.engine.test_races import at_once
from tests.integration.factories import make_domain, make_ou, make_package
from tests.integration.sandboxed import Sandbox, drive_to_the_end, running_sandbox

NIGHT = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # half past two in Johannesburg
EVENING = datetime(2026, 11, 30, 20, 5, tzinfo=UTC)


@pytest.fixture
def acme(db: None) -> OU:
    """A customer of a connection that is there since last month."""
    root = make_ou(title="Reseller")
    Connection.objects.update(made_at=NIGHT - timedelta(days=30))
    return make_ou(parent=root, title="Acme")


def sold(company: OU, number: int, **facts: Any) -> list[Domain]:
    package = make_package(company)
    return [make_domain(company, f"d{n}.example", package, **facts) for n in range(number)]


# --- by the clock -------------------------------------------------------------------------------------------------------


def test_each_night_every_domain_in_service_is_counted_once(acme: OU) -> None:
    rows = sold(acme, 3)
    sold(acme, 1, state="inactive")
    make_domain(acme, "alone.example")
    assert collecting.sweep(NIGHT - timedelta(hours=1)) == 0
    assert collecting.sweep(NIGHT) == 1
    assert collecting.sweep(NIGHT + timedelta(hours=5)) == 0
    run = UsageRun.objects.get()
    assert (run.why, run.by, str(run.day)) == ("night", None, "2026-11-23")
    assert run.batch is not None
    assert sorted(run.batch.steps.values_list("guid", flat=True)) == sorted(row.guid for row in rows)
    assert run.batch.title == "Count usage: 3 domains (nightly)"
    assert Action.objects.filter(priority=SCHEDULED, by=None).count() == 3
    assert AuditEntry.objects.filter(kind="asked").count() == 0, (
        "the trail has the run, not each of its domains"
    )
    assert collecting.sweep(NIGHT + timedelta(days=1)) == 1


def test_on_the_months_last_evening_it_is_counted_once_more(acme: OU) -> None:
    sold(acme, 1)
    assert collecting.sweep(EVENING - timedelta(days=1)) == 1
    assert collecting.sweep(EVENING - timedelta(minutes=10)) == 1
    assert collecting.sweep(EVENING) == 1
    assert UsageRun.objects.latest("pk").why == "month_end"
    assert collecting.sweep(EVENING) == 0


def test_a_connection_of_today_waits_for_its_first_night(acme: OU) -> None:
    sold(acme, 1)
    Connection.objects.update(made_at=NIGHT - timedelta(hours=1))
    assert collecting.sweep(NIGHT + timedelta(hours=3)) == 0
    assert collecting.sweep(NIGHT + timedelta(days=1)) == 1


@override_settings(USAGE_HOUR=None)
def test_switched_off_nothing_is_counted_by_itself(acme: OU) -> None:
    sold(acme, 1)
    assert collecting.sweep(EVENING) == 0


@pytest.mark.django_db(transaction=True)
def test_doubled_beats_begin_one_run() -> None:
    root = make_ou()
    Connection.objects.update(made_at=NIGHT - timedelta(days=30))
    sold(make_ou(parent=root), 3)
    assert sum(at_once([lambda: collecting.sweep(NIGHT)] * 4)) == 1
    assert (UsageRun.objects.count(), Batch.objects.count(), Action.objects.count()) == (1, 1, 3)


def test_a_new_run_ends_the_one_that_had_stopped(acme: OU) -> None:
    sold(acme, 1)
    collecting.sweep(NIGHT)
    Action.objects.all().update(state="failed", ended_at=timezone.now(), next_at=None)
    for _ in range(2 * batches.TRIES):
        batches.sweep()
        Action.objects.filter(state="queued").update(state="failed", ended_at=timezone.now(), next_at=None)
    batches.sweep()
    first = Batch.objects.get()
    assert (first.state, first.words, Action.objects.count()) == ("stopped", "1 of 1 failed.", batches.TRIES)
    collecting.sweep(NIGHT + timedelta(days=1))
    first.refresh_from_db()
    assert first.state == "abandoned"


# --- when a person asks -------------------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_one_run(acme: OU) -> None:
    rows, mark = sold(acme, 2), uuid.uuid4()
    first = services.collect(rows, by=None, submission=mark)
    assert services.collect(rows, by=None, submission=mark) == first
    assert (first.why, UsageRun.objects.count()) == ("person", 1)
    assert first.batch is not None
    assert first.batch.ou == acme
    assert services.last_run(acme.connection) == first


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_the_same_moment_is_one_run() -> None:
    rows, mark = sold(make_ou(parent=make_ou()), 2), uuid.uuid4()
    runs = at_once([lambda: services.collect(rows, by=None, submission=mark)] * 4)
    assert len(set(runs)) == 1
    assert (UsageRun.objects.count(), Action.objects.count()) == (1, 2)


def test_nothing_to_count_or_too_much_is_refused_in_a_sentence(acme: OU) -> None:
    with pytest.raises(Refused, match="no domain in service"):
        services.collect(acme.connection, by=None, submission=uuid.uuid4())
    others = sold(make_ou(parent=make_ou()), 1)
    with pytest.raises(Refused, match="one connection"):
        services.collect([*sold(acme, 1), *others], by=None, submission=uuid.uuid4())
    assert not UsageRun.objects.exists()


# --- behind what people wait for ----------------------------------------------------------------------------------------


def test_a_click_is_claimed_before_any_of_a_run(acme: OU) -> None:
    rows = sold(acme, 12)
    services.collect(rows, by=None, submission=uuid.uuid4())
    click = domain_services.change_state(rows[0], "domain.close", by=None, submission=uuid.uuid4())
    assert ledger.claim_submits(acme.connection_id, 5) == [click], "also past the count of the same domain"
    claimed = ledger.claim_submits(acme.connection_id, 50, scheduled=True)
    assert rows[0].guid not in {action.guid for action in claimed}
    assert {action.operation for action in claimed} == {"domain.usage"}


def test_readings_that_people_wait_for_go_first_and_are_raised(acme: OU) -> None:
    (row,) = sold(acme, 1)
    readings.want("usage", row.guid, ou=acme, domain=row, priority=1)
    assert readings.claim(acme.connection_id, 5) == []
    readings.want("usage", row.guid, ou=acme, domain=row)
    assert len(readings.claim(acme.connection_id, 5)) == 1


def test_a_run_leaves_people_their_share_of_the_gate() -> None:
    gate = Gate(f"test-{uuid.uuid4()}", 25)
    with letting_pass(BEHIND):
        for _ in range(24):
            gate()
    began = time.monotonic()
    gate()
    assert time.monotonic() - began < 0.3, "the last place of the second was kept for people"
    with letting_pass(BEHIND):
        gate()
    assert time.monotonic() - began > 0.4, "and was not for the run"


# --- to the end, at an API ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("legacy")), seconds="0.05-0.1") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("current")), "current", seconds="0.05-0.1") as sandbox:
        yield sandbox


def live_domains(sandbox: Sandbox, number: int) -> list[Domain]:
    """The first domains of the sandbox's demo reseller that are linked to a package, in the mirror."""
    sandbox.tell("reset", seed="demo")
    sandbox.tell("speed", seconds="0.05-0.1")
    company = make_ou(parent=sandbox.root(), title="Acme")
    links = {row["domain"]: row["package"] for row in sandbox.ask("inventory")["links"]}
    found = []
    for guid, package in list(links.items())[:number]:
        row = make_package(company, editions=(), guid=f"{package}-{guid[:4]}")
        found.append(make_domain(company, package=row, guid=guid))
    return found


@pytest.mark.django_db(transaction=True)
def test_a_run_brings_each_domains_report_and_tries_again_what_failed(legacy: Sandbox) -> None:
    rows = live_domains(legacy, 6)
    assert len(rows) == 6
    legacy.tell("fail-next", action="Usage", errors=["The counter was away."])
    gone = make_domain(rows[0].ou, "gone.example", rows[0].packages.get())
    run = services.collect(rows[0].connection, by=None, submission=uuid.uuid4())
    end = time.monotonic() + 40
    while Batch.objects.get().state == "running" and time.monotonic() < end:
        drive_to_the_end(10)
        batches.sweep()
    drive_to_the_end()
    told = services.progress(UsageRun.objects.get(pk=run.pk))
    assert (told.total, told.done, told.failed, told.compiling, told.ended) == (7, 6, 1, 0, True)
    assert UsageReport.objects.exclude(action=None).count() == 6
    assert MonthlyFigure.objects.values("domain").distinct().count() == 6
    failed = batches.failed_steps(Batch.objects.get()).get()
    assert (failed.guid, failed.attempt) == (gone.guid, batches.TRIES - 1)
    assert Batch.objects.get().words == "1 of 7 failed."


@pytest.mark.django_db(transaction=True)
def test_a_report_that_is_compiled_for_long_is_read_again_and_never_given_up_silently(
    legacy: Sandbox,
) -> None:
    (row,) = live_domains(legacy, 1)
    legacy.tell("usage", lag=600)
    action = domain_services.change_state(row, "domain.usage", by=None, submission=uuid.uuid4())
    driver = Rounds()
    for _ in range(8):
        make_due()
        driver.take()
        time.sleep(0.05)
    action.refresh_from_db()
    reading = Reading.objects.get(kind="usage")
    assert (action.state, UsageReport.objects.count()) == ("finished", 0)
    assert reading.trouble == "SYNAQ is still compiling the report."
    assert reading.failures >= 2
    assert reading.due_at is not None
    pause = reading.due_at - timezone.now()
    assert timedelta(seconds=0.5) < pause <= timedelta(seconds=2**8), "the pauses grow"
    Reading.objects.update(asked_at=timezone.now() - timedelta(days=2), due_at=timezone.now())
    driver.take()
    given_up = Reading.objects.get(pk=reading.pk)
    assert given_up.due_at is None
    assert "Count again" in given_up.trouble
    legacy.tell("usage", lag=0)
    domain_services.change_state(row, "domain.usage", by=None, submission=uuid.uuid4())
    drive_to_the_end()
    assert UsageReport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_current_generation_tells_what_is_behind_a_count(current: Sandbox) -> None:
    (row,) = live_domains(current, 1)
    domain_services.change_state(row, "domain.usage", by=None, submission=uuid.uuid4())
    drive_to_the_end()
    assert set(UsageReport.objects.values_list("source", flat=True)) == {"summary", "detailed"}
    assert set(MonthlyFigure.objects.values_list("report__source", flat=True)) == {"detailed"}


@pytest.mark.django_db(transaction=True)
def test_a_click_in_the_middle_of_a_run_is_sent_within_a_second(legacy: Sandbox) -> None:
    rows = live_domains(legacy, 2)
    Connection.objects.update(rate=20)
    connections._clients.clear()
    many = [make_domain(rows[0].ou, f"m{n}.example", rows[0].packages.get()) for n in range(200)]
    services.collect([*rows[:1], *many], by=None, submission=uuid.uuid4())
    clicked: list[int] = []

    def click() -> None:
        try:
            under_way = Action.objects.filter(operation="domain.usage", sent_at__isnull=False)
            end = time.monotonic() + 20
            while under_way.count() < 5:
                assert time.monotonic() < end, "the run does not begin"
                time.sleep(0.02)
            action = domain_services.change_state(rows[1], "domain.close", by=None, submission=uuid.uuid4())
            clicked.append(action.pk)
        finally:
            database.close()

    person = threading.Thread(target=click)
    person.start()
    runner.drive(works_for=4)
    person.join()
    action = Action.objects.get(pk=clicked[0])
    assert action.sent_at is not None
    assert action.sent_at - action.asked_at < timedelta(seconds=1)
    assert Action.objects.filter(priority=SCHEDULED, state="queued").exists(), "the run was still under way"
