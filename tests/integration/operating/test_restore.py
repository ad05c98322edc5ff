"""The drill: a backup, more work, the backup restored. Nothing is done twice, and what happened since is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from dev.binaries import _postgres_folders
from provisioning import batches, readings, slots
from provisioning.batches import Wish
from provisioning.models import Action, Batch, Domain, Mailbox, Scheduled
from provisioning.services import activity
from tests.integration.engine.asking import fresh, new_mailbox, suspend, work
from tests.integration.factories import make_domain, make_mailbox, make_ou
from tests.integration.sandboxed import Sandbox, running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def _program(name: str) -> str:
    for folder, _ in _postgres_folders():
        if (folder / name).is_file():
            return str(folder / name)
    return shutil.which(name) or pytest.fail(f"no {name} here")


class Backup:
    """As docs/operations.md has it: pg_dump, and pg_restore into an empty database."""

    def __init__(self, file: Path) -> None:
        facts = connection.settings_dict
        self.file, self.name = file, str(facts["NAME"])
        self.environment = {
            **os.environ, "PGHOST": facts["HOST"], "PGPORT": str(facts["PORT"]), "PGUSER": facts["USER"],
            "PGPASSWORD": facts["PASSWORD"],
        }  # fmt: skip

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([_program(program), *words], env=self.environment, check=True)

    def take(self) -> None:
        self._run("pg_dump", "--format=custom", f"--file={self.file}", self.name)

    def restore(self) -> None:
        connection.close()
        self._run("dropdb", "--force", self.name)
        self._run("createdb", self.name)
        self._run("pg_restore", f"--dbname={self.name}", "--exit-on-error", str(self.file))


@pytest.fixture
def backup(tmp_path: Path) -> Backup:
    return Backup(tmp_path / "mailroom.dump")


@pytest.fixture(params=["legacy", "current"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path, request.param, seconds="0-0.05") as running:
        yield running


class Customer:
    """One domain of the demo that the mirror knows, with its mailboxes in service."""

    def __init__(self, sandbox: Sandbox) -> None:
        sandbox.tell("reset", seed="demo")
        found = sandbox.ask("inventory")
        root = sandbox.root()
        of = [row["domain"] for row in found["mailboxes"]]
        guid = max(sorted(set(of)), key=of.count)
        domain = next(row for row in found["domains"] if row["guid"] == guid)
        self.company = make_ou(parent=root, guid=domain["ou"])
        self.domain = make_domain(self.company, domain["name"], guid=guid)
        for row in found["mailboxes"]:
            if row["domain"] == guid:
                box = make_mailbox(self.domain, row["email"].partition("@")[0], guid=row["guid"])
                readings.want("mailbox", box.guid, ou=box.ou, domain=self.domain)
        work()
        self.boxes = list(Mailbox.objects.filter(state="active", account_locked=False).order_by("email")[:5])


def changes(sandbox: Sandbox) -> dict[str, int]:
    """How often each change was applied."""
    applied: dict[str, int] = sandbox.ask("books")["applied"]
    return applied


def guid_of(sandbox: Sandbox, email: str) -> str:
    return next(str(row["guid"]) for row in sandbox.ask("inventory")["mailboxes"] if row["email"] == email)


def state_of(email: str) -> str:
    return Mailbox.objects.get(email=email).state


@dataclass(frozen=True)
class Asked:
    """What had been asked for when the backup was taken. `untold`: it is cancelled since."""

    queued: Action
    untold: Action
    made: Action
    batch: Batch


def ask(customer: Customer) -> Asked:
    alone, second, third, kept, never = customer.boxes
    wishes = [Wish("mailbox.suspend", "mailbox", box.guid, box.email) for box in (second, third)]
    batch = batches.start(
        "selection",
        "Suspend 2",
        customer.company,
        wishes,
        by=None,
        submission=uuid.uuid4(),
        about_kind="mailbox",
    )
    due = timezone.now() + timedelta(hours=1)
    Scheduled.objects.create(
        connection=kept.connection, ou=kept.ou, kind="mailbox", guid=kept.guid, title=kept.email,
        submission=uuid.uuid4(), due_at=due,
    )  # fmt: skip
    Session.objects.create(session_key="s", session_data="", expire_date=due)
    return Asked(suspend(alone), suspend(never), new_mailbox(customer.domain, "made"), batch)


def go_on_elsewhere(asked: Asked, domain: Domain) -> None:
    """What is known to the newer database alone."""
    activity.cancel(asked.untold, by=None)
    Scheduled.objects.update(cancelled_at=timezone.now())
    new_mailbox(domain, "later")
    work()
    assert fresh(asked.queued).state == fresh(asked.made).state == "finished"


def is_known_again(asked: Asked, sandbox: Sandbox, domain: Domain) -> None:
    """What happened since is looked up; where no call would tell, somebody looks, and says so."""
    if sandbox.dialect == "current":
        assert fresh(asked.made).result_guid == guid_of(sandbox, f"made@{domain.name}")
        assert Mailbox.objects.filter(email=f"later@{domain.name}").exists()
    else:
        assert fresh(asked.made).state == "unconfirmed"
        activity.settle_applied(fresh(asked.made), guid_of(sandbox, f"made@{domain.name}"), by=None)


def test_nothing_is_done_twice_and_what_happened_since_is_found(sandbox: Sandbox, backup: Backup) -> None:
    customer = Customer(sandbox)
    domain, asked = customer.domain, ask(customer)
    backup.take()
    go_on_elsewhere(asked, domain)
    before = changes(sandbox)

    backup.restore()
    call_command("after_restore")
    assert not Session.objects.exists()
    assert Scheduled.objects.get().due_at > timezone.now() + timedelta(days=6)
    assert Batch.objects.get().state == "stopped"
    work()
    assert changes(sandbox) == before, "a change was sent again"
    assert (fresh(asked.queued).state, state_of(customer.boxes[0].email)) == ("finished", "suspended")
    assert {action.state for action in Action.objects.filter(batch=asked.batch)} == {"finished"}
    is_known_again(asked, sandbox, domain)

    untold = fresh(asked.untold)
    assert (untold.state, untold.next_at) == ("unconfirmed", None), "it does not show that it happened"
    activity.settle_not_applied(untold, by=None)
    batches.resume(Batch.objects.get(), by=None)
    work()
    assert (fresh(asked.made).state, state_of(f"made@{domain.name}")) == ("finished", "inactive")
    assert (fresh(untold).state, Batch.objects.get().state) == ("finished", "finished")
    assert sum(changes(sandbox).values()) == sum(before.values()) + 1, "the one that had never been sent"
    assert sandbox.ask("books")["salts_reused"] == 0


@pytest.mark.parametrize("sandbox", ["legacy"], indirect=True)
def test_steps_that_a_resumed_batch_opens_are_looked_up_too(sandbox: Sandbox, backup: Backup) -> None:
    customer = Customer(sandbox)
    first, second, *_ = customer.boxes
    wishes = [
        Wish("mailbox.suspend", "mailbox", box.guid, box.email, rank=rank)
        for rank, box in enumerate((first, second))
    ]
    batch = batches.start(
        "teardown",
        "In order",
        customer.company,
        wishes,
        by=None,
        submission=uuid.uuid4(),
        target=customer.domain,
    )
    assert batch.steps.filter(action=None).count() == 1
    backup.take()
    work()
    before = changes(sandbox)
    backup.restore()
    call_command("after_restore")
    batches.resume(Batch.objects.get(), by=None)  # before the mirror has heard of what was done since
    work()
    assert Batch.objects.get().state == "finished"
    assert changes(sandbox) == before


def test_it_is_refused_while_a_worker_is_at_work_and_done_twice_it_does_nothing_more() -> None:
    mailbox = make_mailbox(make_domain(make_ou(parent=make_ou())))
    action = suspend(mailbox)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [slots.KIND, settings.RUNNER_SLOTS - 1])
        with pytest.raises(CommandError, match="Stop workers"):
            call_command("after_restore")
        assert fresh(action).meaning == ""
    finally:
        other.close()
    call_command("after_restore")
    call_command("after_restore")
    assert [event.kind for event in action.events.all()] == ["asked", "restored"]
