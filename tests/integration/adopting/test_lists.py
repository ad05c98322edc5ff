"""What SYNAQ has already is found by its lists, a page a turn, and the mirror follows what changes there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning import adopting, connections, readings
from provisioning.models import OU, Connection, Domain, DomainLink, Mailbox, Package, Reading
from tests.integration.sandboxed import Sandbox, drive_to_the_end, running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("lists")), "current", "0.01-0.02") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running: Sandbox) -> Sandbox:
    _running.tell("reset", seed="demo")
    return _running


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    """To a reseller with customers, of whom the mirror knows nothing."""
    root = sandbox.root()
    adopting.begin(root.connection)
    drive_to_the_end()
    return root.connection


def mirrored(connection: Connection) -> dict[str, set[Any]]:
    def of(model: Any, *places: str) -> set[Any]:
        rows = model.objects.filter(connection=connection, gone_at=None)
        return set(rows.values_list("guid", *places))

    return {
        "ous": of(OU, "parent__guid", "type"),
        "packages": of(Package, "ou__guid"),
        "domains": of(Domain, "ou__guid", "name"),
        "mailboxes": of(Mailbox, "domain__guid", "email"),
        "links": set(
            DomainLink.objects.filter(domain__connection=connection).values_list(
                "package__guid", "domain__guid"
            )
        ),
    }


def there(sandbox: Sandbox) -> dict[str, set[Any]]:
    found = sandbox.ask("inventory")
    return {
        "ous": {(row["guid"], row["parent"], row["kind"]) for row in found["ous"]},
        "packages": {(row["guid"], row["ou"]) for row in found["packages"]},
        "domains": {(row["guid"], row["ou"], row["name"]) for row in found["domains"]},
        "mailboxes": {(row["guid"], row["domain"], row["email"]) for row in found["mailboxes"]},
        "links": {(row["package"], row["domain"]) for row in found["links"]},
    }


def test_a_reseller_with_customers_is_taken_in_whole_and_followed(
    connection: Connection, sandbox: Sandbox
) -> None:
    ours, theirs = mirrored(connection), there(sandbox)
    assert {(guid, parent) for guid, parent, _ in ours["ous"] if parent} == {
        (guid, parent) for guid, parent, kind in theirs["ous"] if kind != "reseller"
    }
    for what in ("packages", "domains", "mailboxes", "links"):
        assert ours[what] == theirs[what], what
    assert theirs["mailboxes"], "else this proves nothing"
    locked = Mailbox.objects.filter(connection=connection, account_locked=True)
    assert locked, "the demo has one"
    assert all(row.lock_reason for row in locked)
    assert any(row.fields for row in Domain.objects.filter(connection=connection)), (
        "each domain was read itself"
    )

    calls = set(_called(connection, sandbox))
    lists = {f"GET /api/v1/{noun}.json" for noun in ("ous", "domains", "mailboxes")}
    assert calls == lists, "with nothing new, lists alone are read"

    gone, renamed = Mailbox.objects.filter(
        connection=connection, state="inactive", domain__state="active"
    ).order_by("pk")[:2]
    api = connections.client_for(connection)
    api.mailboxes.delete(gone.guid)
    api.mailboxes.update(renamed.guid, {"last_name": "Behind"})
    new = {"email_local": "unseen", "password": "Sample-12345", "last_name": "U"}
    made = api.mailboxes.create(renamed.domain.guid, new)
    assert made.location is not None
    _called(connection, sandbox)
    gone.refresh_from_db()
    renamed.refresh_from_db()
    assert gone.gone_at is not None
    assert renamed.last_name == "Behind"
    assert Mailbox.objects.get(connection=connection, guid=made.location.guid).email.startswith("unseen@")


def _called(connection: Connection, sandbox: Sandbox) -> Iterator[str]:
    """Go through all once more; which calls that took."""
    before = sandbox.ask("books")["requests"]["by_call"]
    adopting.begin(connection)
    drive_to_the_end()
    after = sandbox.ask("books")["requests"]["by_call"]
    return iter(call for call, times in after.items() if times != before.get(call, 0))


def test_a_long_list_is_read_a_page_a_turn(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.synaq.lists.LIMIT", 2)
    Mailbox.objects.filter(connection=connection).delete()
    domain = Domain.objects.filter(
        connection=connection,
        guid__in=[row["domain"] for row in sandbox.ask("inventory")["mailboxes"]],
    ).first()
    assert domain is not None
    readings.want(Reading.Kind.MAILBOXES, domain.guid, ou=domain.ou, domain=domain, priority=1)
    drive_to_the_end()
    theirs = {guid for guid, home, _ in there(sandbox)["mailboxes"] if home == domain.guid}
    assert set(domain.mailboxes.values_list("guid", flat=True)) == theirs
    assert Reading.objects.get(kind="mailboxes", guid=domain.guid).page == 1, "next time from the first again"
