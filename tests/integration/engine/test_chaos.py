"""Drivers are killed at random moments, then three books are compared: what was asked, what the API holds, what we show."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from provisioning import mirror
from provisioning.models import OU, Action, Connection, Domain, Mailbox
from provisioning.services import domains, mailboxes, ous, packages
from tests.integration.engine.asking import work
from tests.integration.sandboxed import Sandbox, drive_to_the_end

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
MAILBOXES = 40
DRIVE = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from provisioning import runner
print("driving", flush=True)
runner.drive(works_for=60)
"""


@contextmanager
def drivers(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", DRIVE, str(connection.settings_dict["NAME"])]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "RUNNER_THREADS": "4"}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
        for _ in range(count)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "driving\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def active_domain(root: OU, dialect: str) -> Domain:
    details = {"title": "Acme Ltd", "physical_address": ADDRESS}
    company = OU.objects.get(
        guid=done(ous.create_company(root, by=None, details=details, submission=uuid.uuid4()))
    )
    code, editions = ("SYN-CMS", ["SYN-CMS-BASIC-02"]) if dialect == "legacy" else ("CLM-STD", [])
    sold = packages.create_package(company, by=None, code=code, editions=editions, submission=uuid.uuid4())
    package = mirror.find(company.connection_id, "package", done(sold))
    assert package is not None
    made = domains.create_domain_in_package(
        package, by=None, name="acme.example", at_once=False, submission=uuid.uuid4()
    )
    domain = Domain.objects.get(guid=done(made))
    fill(domain)
    done(domains.provision_domain(domain, by=None, submission=uuid.uuid4()))
    domain.refresh_from_db()
    assert domain.state == "active"
    return domain


def fill(domain: Domain) -> None:
    """On the current generation every product needs some fields."""
    known = {
        "service_provider": "Acme Hosting",
        "admin_username": "admin",
        "admin_first_name": "Ad",
        "admin_last_name": "Min",
    }
    fields = {name: value for name, value in known.items() if name in domain.fields}
    secrets = {name: "Adm1nPassw0rd!" for name in domain.fields if name == "admin_password"}
    if fields or secrets:
        done(domains.fill_fields(domain, by=None, fields=fields, secrets=secrets, submission=uuid.uuid4()))
        domain.refresh_from_db()


def done(action: Action) -> str:
    drive_to_the_end()
    action.refresh_from_db()
    assert action.state == "finished", (action.operation, action.words, action.errors)
    return action.result_guid


def ask_for_mailboxes(domain: Domain) -> None:
    for number in range(MAILBOXES):
        details = {"email_local": f"m{number:02}", "last_name": "Nkosi"}
        if domain.connection.is_legacy:
            details["package_edition_code"] = "SYN-CMS-BASIC-02"
        mailboxes.create_mailbox(
            domain, by=None, details=details, password="Sample123$xyz", at_once=domain.connection.is_legacy,
            submission=uuid.uuid4(),
        )  # fmt: skip


def books(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """By address: how often each change was applied to the mailbox."""
    objects = sandbox.ask("books")["objects"].values()
    return {book["name"]: book["applied"] for book in objects if book["kind"] == "mailbox"}


@pytest.mark.parametrize("dialect", ["legacy", "current"])
def test_drivers_killed_at_random_lose_nothing_and_double_nothing(
    request: pytest.FixtureRequest, dialect: str
) -> None:
    sandbox: Sandbox = request.getfixturevalue(f"{dialect}_sandbox")
    sandbox.tell("reset", seed="empty")
    domain = active_domain(sandbox.root(), dialect)
    ask_for_mailboxes(domain)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for _ in range(2):
        with drivers(2) as running:
            for process in running:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(moments.uniform(0.05, 0.4))
                process.kill()
    # The killed drivers' leases run out, and other drivers take it from there.
    Action.objects.filter(lease_until__isnull=False).update(next_at=timezone.now(), lease_until=None)
    Connection.objects.update(retry_at=None)
    drive_to_the_end()
    work()

    actions = {row.title: row for row in Action.objects.filter(operation="mailbox.create")}
    there, shown = books(sandbox), {row.email: row.state for row in Mailbox.objects.all()}
    assert len(actions) == MAILBOXES
    for email, action in actions.items():
        told = f"seed {seed}: {email} is {action.state} ({action.words}); applied {there.get(email)}"
        assert action.state in ("finished", "unconfirmed"), told
        assert max(there.get(email, {"": 0}).values(), default=0) <= 1, told
        assert (action.state == "finished") == (email in shown), told
        if action.state == "finished":
            assert there[email]["Create"] == 1, told
        elif dialect == "current":
            assert email not in there, f"{told}: it is there, and a look-up by its name would have told"
    assert sandbox.ask("books")["salts_reused"] == 0
    assert Connection.objects.get(pk=domain.connection_id).broken_since is None
