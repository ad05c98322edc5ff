"""What whoever runs the server types: look into the ledger, try again, settle, forget."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from portal.accounts.models import Person
from provisioning import pruning
from provisioning.models import Action, AuditEntry, Batch, Event, Mailbox, Reading, Step
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db
OLD = timedelta(days=100)


@pytest.fixture
def mailbox() -> Mailbox:
    return make_mailbox(make_domain(make_ou(parent=make_ou())))


@pytest.fixture
def owner(mailbox: Mailbox) -> Person:
    return make_person("owner", mailbox.ou, "owner@example.test")


def run(*words: Any) -> str:
    out = StringIO()
    call_command(*map(str, words), stdout=out, stderr=out)
    return out.getvalue()


def row(mailbox: Mailbox, state: str, **fields: Any) -> Action:
    ended = timezone.now() if state in Action.ENDED else None
    facts: dict[str, Any] = {
        "operation": "mailbox.suspend", "lock_key": f"mailbox:{uuid.uuid4()}", "ended_at": ended,
        "next_at": None if ended else timezone.now(),
    }  # fmt: skip
    action = Action.objects.create(
        connection=mailbox.connection, ou=mailbox.ou, kind="mailbox", guid=mailbox.guid, title=mailbox.email,
        submission=uuid.uuid4(), state=state, **{**facts, **fields},
    )  # fmt: skip
    Event.objects.create(action=action, kind="asked", text="As asked.")
    return action


def test_the_ledger_is_listed_oldest_first_and_one_action_with_its_history(mailbox: Mailbox) -> None:
    first, second = (
        row(mailbox, "queued"),
        row(mailbox, "unconfirmed", next_at=None, words="It was\ncut off."),
    )
    row(mailbox, "finished")
    said = run("ledger").splitlines()
    assert [line.split()[:2] for line in said[:-1]] == [
        [str(first.pk), "queued"],
        [str(second.pk), "unconfirmed"],
    ]
    assert "due never It was cut off." in said[1]
    assert said[-1].startswith("Open in all: 1 queued, 0 sending, 0 waiting, 1 unconfirmed.")
    assert "asked As asked." in run("ledger", second.pk)
    assert run("ledger", "--late").count(mailbox.email) == 0
    with pytest.raises(CommandError, match="no action 0"):
        run("ledger", 0)


def test_no_command_prints_what_is_sealed(mailbox: Mailbox) -> None:
    action = row(mailbox, "queued", sealed="SEALED-SECRET")
    assert "SEALED" not in run("ledger") + run("ledger", action.pk)


def test_only_what_was_certainly_not_applied_is_requeued(mailbox: Mailbox, owner: Person) -> None:
    later = timezone.now() + timedelta(hours=1)
    queued, failed = row(mailbox, "queued", next_at=later), row(mailbox, "failed")
    assert "due now" in run("requeue", queued.pk, "--by", owner.email)
    queued.refresh_from_db()
    assert queued.next_at is not None
    assert queued.next_at < later
    assert run("requeue", failed.pk, "--by", owner.email) == run("requeue", failed.pk, "--by", owner.email)
    assert Action.objects.filter(by=owner, state="queued").count() == 1  # typed twice, asked for once
    assert AuditEntry.objects.filter(kind="asked", by=owner).count() == 1


@pytest.mark.parametrize("state", ["sending", "waiting", "unconfirmed", "finished"])
def test_what_may_have_been_applied_is_left_as_it_is(mailbox: Mailbox, owner: Person, state: str) -> None:
    action = row(mailbox, state)
    with pytest.raises(CommandError, match="1 of 1 were left"):
        run("requeue", action.pk, "--by", owner.email)
    assert Action.objects.get().state == state


def test_an_unconfirmed_action_is_settled_by_name(mailbox: Mailbox, owner: Person) -> None:
    happened, did_not = row(mailbox, "unconfirmed"), row(mailbox, "unconfirmed")
    run("settle", happened.pk, "--happened", "--by", "OWNER@example.test")
    run("settle", did_not.pk, "--did-not", "--by", owner.email)
    assert [Action.objects.get(pk=one.pk).state for one in (happened, did_not)] == ["waiting", "queued"]
    assert list(AuditEntry.objects.filter(kind="settled").values_list("by", flat=True)) == [
        owner.pk,
        owner.pk,
    ]
    with pytest.raises(CommandError):  # settled already
        run("settle", happened.pk, "--happened", "--by", owner.email)


def test_a_creation_is_settled_with_the_guid_of_what_exists(mailbox: Mailbox, owner: Person) -> None:
    made = row(mailbox, "unconfirmed", operation="mailbox.create", result_kind="mailbox")
    with pytest.raises(CommandError):
        run("settle", made.pk, "--happened", "--by", owner.email)
    run("settle", made.pk, "--happened", "--guid", "a-guid", "--by", owner.email)
    assert Action.objects.get(pk=made.pk).result_guid == "a-guid"


def test_nobody_acts_in_the_name_of_somebody_who_is_not_here(mailbox: Mailbox, owner: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(left_at=timezone.now())
    for address in (owner.email, "nobody@example.test"):
        with pytest.raises(CommandError, match="Nobody here"):
            run("settle", row(mailbox, "unconfirmed").pk, "--did-not", "--by", address)


# --- forgetting ---------------------------------------------------------------------------------------------------------


def nightly(mailbox: Mailbox, ago: timedelta = OLD, state: str = "finished") -> Action:
    ended = timezone.now() - ago
    batch = Batch.objects.create(
        kind="usage", title="Night", ou=mailbox.ou, submission=uuid.uuid4(), state="finished", ended_at=ended
    )
    action = row(mailbox, state, batch=batch, priority=1, ended_at=ended)
    Step.objects.create(
        batch=batch, position=0, operation=action.operation, kind="domain", guid="g", title="t", action=action
    )
    return action


def test_old_nights_go_and_what_people_asked_for_stays(mailbox: Mailbox, owner: Person) -> None:
    asked = row(mailbox, "finished", by=owner, ended_at=timezone.now() - OLD)
    failed, young = nightly(mailbox, state="failed"), nightly(mailbox, timedelta(days=40))
    nightly(mailbox)
    Reading.objects.create(
        connection=mailbox.connection, ou=mailbox.ou, kind="mailbox", guid="g", asked_at=timezone.now() - OLD,
        done_at=timezone.now() - OLD,
    )  # fmt: skip
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - OLD)
    assert "2 events, 1 actions, 1 readings, 1 sessions would go" in run("prune_ledger")
    assert Action.objects.count() == 4  # a dry run
    assert "2 events, 1 actions, 1 readings" in run("prune_ledger", "--yes")
    assert set(Action.objects.all()) == {asked, failed, young}
    assert set(Event.objects.values_list("action", flat=True)) == {asked.pk, young.pk}
    assert AuditEntry.objects.filter(kind="setting", object_title="Ledger").count() == 1
    assert "0 events, 0 actions, 0 readings" in run("prune_ledger", "--yes")
    assert AuditEntry.objects.filter(kind="setting", object_title="Ledger").count() == 1


def test_a_prune_that_is_cut_off_goes_on_where_it_was(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        nightly(mailbox)
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    assert pruning._forget_history(timezone.now() - timedelta(days=90)) == 2
    assert pruning.prune(timezone.now() - timedelta(days=90))["events"] == 3
    assert not Action.objects.exists()


@pytest.mark.parametrize("what", ["by a person", "young", "failed", "without saying so"])
def test_the_database_lets_nothing_else_go(mailbox: Mailbox, owner: Person, what: str) -> None:
    action = {
        "by a person": lambda: row(mailbox, "finished", by=owner, priority=1, ended_at=timezone.now() - OLD),
        "young": lambda: nightly(mailbox, timedelta(days=29)),
        "failed": lambda: nightly(mailbox, state="failed"),
        "without saying so": lambda: nightly(mailbox),
    }[what]()
    Step.objects.all().delete()
    rows = "provisioning_action WHERE id" if what == "failed" else "provisioning_event WHERE action_id"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('mailroom.prune', %s, true)", ["off" if what == "without saying so" else "on"]
        )
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(f"DELETE FROM {rows} = %s", [action.pk])


def test_what_is_younger_than_thirty_days_cannot_be_asked_for() -> None:
    with pytest.raises(CommandError, match="kept"):
        run("prune_ledger", "--days", 29, "--yes")


def test_the_ledger_of_a_database_that_is_away_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("refused")

    with monkeypatch.context() as patched:
        patched.setattr("django.db.connection.cursor", away)
        with pytest.raises(CommandError, match="does not answer"):
            run("ledger")
