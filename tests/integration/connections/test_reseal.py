"""All that is sealed, sealed anew: afterwards the new key alone opens it, and what works meanwhile is not disturbed."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from provisioning import secrets
from provisioning.models import OU, Action, Batch, Connection, Import, Step
from tests.integration.accounts import steps
from tests.integration.factories import make_connection, make_domain, make_ou, make_person

pytestmark = pytest.mark.django_db
SECRET = {"password": "hunter2hunter2"}


@pytest.fixture
def root() -> OU:
    return make_ou(make_connection())


@pytest.fixture
def new_key(settings: Any) -> str:
    """What is sealed from now on is still sealed with the old key; `turn` puts this one first."""
    return Fernet.generate_key().decode()


def turn(settings: Any, new_key: str) -> None:
    settings.SEAL_KEYS = [new_key, *settings.SEAL_KEYS]


def queued(ou: OU, sealed: str, **fields: Any) -> Action:
    guid = str(uuid.uuid4())
    about = {"kind": "domain", "guid": guid, "lock_key": guid, "title": "new@acme.example"}
    return Action.objects.create(
        connection=ou.connection,
        ou=ou,
        operation="mailbox.create",
        submission=uuid.uuid4(),
        sealed=sealed,
        **about | fields,
    )


def sealed_rows(root: OU) -> None:
    """One of everything that holds a secret."""
    Connection.objects.update(sealed_new_key=secrets.seal({"key": "new"}))
    queued(root, secrets.seal(SECRET))
    batch = Batch.objects.create(kind="selection", title="Some", ou=root, submission=uuid.uuid4())
    domain = make_domain(make_ou(parent=root))
    Step.objects.create(
        batch=batch, position=0, operation="mailbox.create", kind="domain", guid=domain.guid, title="x",
        sealed=secrets.seal(SECRET),
    )  # fmt: skip
    person, later = make_person("owner", root), timezone.now() + timedelta(hours=1)
    for field in ("sealed", "issued"):
        facts = {field: secrets.seal({"rows": [SECRET]})}
        Import.objects.create(by=person, submission=uuid.uuid4(), expires_at=later, **facts)
    steps.add_app(person)
    steps.add_codes(person)


def all_sealed() -> list[str]:
    """Every sealed text that the database holds."""
    found: list[str] = []
    for row in Connection.objects.all():
        found += [row.sealed_key, row.sealed_new_key]
    found += Action.objects.exclude(sealed="").values_list("sealed", flat=True)
    found += Step.objects.exclude(sealed="").values_list("sealed", flat=True)
    found += Import.objects.exclude(sealed="").values_list("sealed", flat=True)
    found += Import.objects.exclude(issued="").values_list("issued", flat=True)
    for row in Authenticator.objects.all():
        found += [row.data[name] for name in ("secret", "seed") if name in row.data]
    return found


def test_whatever_is_sealed_opens_with_the_new_key_alone(root: OU, settings: Any, new_key: str) -> None:
    sealed_rows(root)
    before = [secrets.unseal(text) for text in all_sealed()]
    assert len(before) == 8
    turn(settings, new_key)
    call_command("reseal")
    settings.SEAL_KEYS = [new_key]
    assert [secrets.unseal(text) for text in all_sealed()] == before


def test_a_second_run_leaves_every_row_as_it_is(root: OU, settings: Any, new_key: str, capsys: Any) -> None:
    sealed_rows(root)
    turn(settings, new_key)
    call_command("reseal")
    kept = all_sealed()
    capsys.readouterr()
    call_command("reseal")
    assert all_sealed() == kept
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 7
    assert all(": 0 sealed anew" in line for line in told)


def test_a_key_that_is_still_needed_is_told(root: OU, settings: Any, capsys: Any) -> None:
    settings.SEAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SystemExit) as end:
        call_command("reseal")
    assert end.value.code == 1
    told = capsys.readouterr()
    assert "1 cannot be opened" in told.out
    assert "Do not drop a key" in told.err


@pytest.mark.django_db(transaction=True)
def test_a_secret_that_is_sent_meanwhile_is_waited_for_and_not_brought_back(
    root: OU, settings: Any, new_key: str
) -> None:
    """A worker holds the row, sends, and wipes: the run stands at the row's lock, and then writes nothing into it."""
    row = queued(root, secrets.seal(SECRET))
    turn(settings, new_key)
    with transaction.atomic():
        Action.objects.select_for_update().get(pk=row.pk)
        run = threading.Thread(target=_reseal_in_a_thread)
        run.start()
        _wait_until_somebody_waits()
        Action.objects.filter(pk=row.pk).update(sealed="")
    run.join(20)
    assert not run.is_alive()
    assert Action.objects.get(pk=row.pk).sealed == ""


@pytest.mark.django_db(transaction=True)
def test_a_steps_secret_that_moves_into_its_action_meanwhile_is_sealed_anew_there(
    root: OU, settings: Any, new_key: str
) -> None:
    old = secrets.seal(SECRET)
    batch = Batch.objects.create(kind="selection", title="Some", ou=root, submission=uuid.uuid4())
    about = {"operation": "mailbox.create", "kind": "domain", "guid": "g", "title": "x"}
    step = Step.objects.create(batch=batch, position=0, sealed=old, **about)
    turn(settings, new_key)
    with transaction.atomic():
        Step.objects.select_for_update().get(pk=step.pk)
        run = threading.Thread(target=_reseal_in_a_thread)
        run.start()
        _wait_until_somebody_waits()
        action = queued(root, old, batch=batch)
        Step.objects.filter(pk=step.pk).update(sealed="", action=action)
    run.join(20)
    settings.SEAL_KEYS = [new_key]
    assert secrets.unseal(Action.objects.get(pk=action.pk).sealed) == SECRET
    assert Step.objects.get(pk=step.pk).sealed == ""


def _reseal_in_a_thread() -> None:
    try:
        call_command("reseal")
    finally:
        close_old_connections()
        connection.close()


def _wait_until_somebody_waits() -> None:
    """Until another connection stands at a lock that this one holds."""
    deadline = timezone.now() + timedelta(seconds=20)
    asks = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own,) = cursor.fetchone()
        while timezone.now() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(asks, [own])
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for the row")
