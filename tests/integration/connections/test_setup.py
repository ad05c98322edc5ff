"""The connection from the environment, made anew at each start: what was changed in the portal meanwhile stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from provisioning import audit, secrets
from provisioning.models import OU, AuditEntry, Connection
from provisioning.services import connections as services
from tests.integration.engine.fake_api import Answer, FakeApi, running_api, says

pytestmark = pytest.mark.django_db
ENVIRONMENTS, PORTALS = "key-of-the-environment", "key-of-the-portal"
SHOWN = says(200, {"guid": "r-1", "title": "The reseller"})
REFUSED = says(401, {"code": 401, "message": "Bad credentials"})
AWAY = says(503, {})


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    with running_api() as running:
        facts = {"BASE_URL": f"{running.url}/", "API_USER": "user", "API_KEY": ENVIRONMENTS}
        facts |= {"RESELLER_GUID": "r-1", "DIALECT": "legacy", "RATE": "20"}
        for name, value in facts.items():
            monkeypatch.setenv(f"SYNAQ_{name}", value)
        yield running


def start(api: FakeApi, *answers: Answer) -> Connection:
    """The row after a start at which SYNAQ answers so."""
    api.on("GET", "/api/v1/ous/r-1.json", *answers)
    call_command("setup_connection")
    return Connection.objects.get()


def refused_start(api: FakeApi, *answers: Answer) -> Connection:
    with pytest.raises(SystemExit) as end:
        start(api, *answers)
    assert end.value.code == 2
    return Connection.objects.get()


def key_of(row: Connection) -> str:
    return str(secrets.unseal(row.sealed_key)["key"])


@pytest.fixture
def changed(api: FakeApi) -> Connection:
    """Made at a first start, then given another key, a name and a stage in the portal."""
    row = start(api, SHOWN)
    assert (key_of(row), row.base_url, row.rate, row.check_ok) == (ENVIRONMENTS, api.url, 20, True)
    row.sealed_key, row.name, row.stage = secrets.seal({"key": PORTALS}), "Ours", "staging"
    row.save()
    api.requests.clear()
    return row


def test_a_key_that_was_changed_in_the_portal_stays_while_it_works(changed: Connection, api: FakeApi) -> None:
    row = start(api, SHOWN)
    assert (key_of(row), row.name, row.stage) == (PORTALS, "Ours", "staging")
    assert (api.count("GET"), OU.objects.get().title) == (1, "The reseller")


def test_a_kept_key_that_is_refused_gives_way_to_the_environments(changed: Connection, api: FakeApi) -> None:
    row = start(api, REFUSED, SHOWN)
    assert key_of(row) == ENVIRONMENTS
    told = AuditEntry.objects.get(kind="connection")
    assert (told.by, told.ou, told.new) == (None, OU.objects.get(), {"key": audit.CHANGED})


@pytest.mark.parametrize("answers", [(REFUSED,), (REFUSED, AWAY)], ids=["both refused", "then away"])
def test_a_key_is_given_up_only_for_one_that_works(
    changed: Connection, api: FakeApi, answers: tuple[Answer, ...]
) -> None:
    row = refused_start(api, *answers) if len(answers) == 1 else start(api, *answers)
    assert key_of(row) == PORTALS
    assert api.count("GET") == 2


def test_a_start_while_synaq_is_away_changes_nothing(changed: Connection, api: FakeApi) -> None:
    row = start(api, AWAY)
    assert (key_of(row), api.count("GET")) == (PORTALS, 1)


def test_a_key_never_goes_to_an_address_that_it_was_not_given_for(changed: Connection, api: FakeApi) -> None:
    Connection.objects.update(base_url="https://elsewhere.synaq.com")
    row = start(api, SHOWN)
    assert (key_of(row), row.base_url) == (ENVIRONMENTS, api.url)


def test_a_key_that_cannot_be_opened_any_more_is_taken_from_the_environment(
    changed: Connection, api: FakeApi
) -> None:
    Connection.objects.update(sealed_key="sealed with a key that is lost")
    assert key_of(start(api, SHOWN)) == ENVIRONMENTS


def test_a_new_key_that_waits_to_be_tried_still_waits(changed: Connection, api: FakeApi) -> None:
    facts = {name: getattr(changed, name) for name in services.FACTS}
    services.change_connection(changed, facts, "the-next-key", by=None)
    row = start(api, SHOWN)
    assert (key_of(row), secrets.unseal(row.sealed_new_key)) == (PORTALS, {"key": "the-next-key"})
    assert row.check_wanted_at


def test_the_same_account_with_another_reseller_is_told(
    changed: Connection, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    Connection.objects.update(reseller_guid="r-2")
    refused_start(api, SHOWN)
    assert "SYNAQ_RESELLER_GUID" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["BASE_URL", "API_USER", "API_KEY", "RESELLER_GUID"])
def test_a_connection_that_is_not_all_there_is_refused_by_name(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv(f"SYNAQ_{name}", "")
    with pytest.raises(SystemExit):
        call_command("setup_connection")
    assert f"SYNAQ_{name}" in capsys.readouterr().err
    assert api.requests == []
