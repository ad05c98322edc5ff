"""Connections: who may set them up, keys that never come back, addresses that lead elsewhere, tries and rotation."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Membership
from provisioning import audit, checking, secrets
from provisioning.models import OU, AuditEntry, Connection
from tests.integration.engine.fake_api import FakeApi, running_api, says
from tests.integration.factories import fresh, make_connection, make_ou, make_person

pytestmark = pytest.mark.django_db
KEY = "a-new-key-nobody-sees"


@pytest.fixture
def api() -> Any:
    with running_api() as running:
        yield running


@pytest.fixture
def root(api: FakeApi) -> OU:
    row = make_connection(base_url=api.url)
    return make_ou(row, guid=row.reseller_guid)


@pytest.fixture
def owner(client: Client, root: OU) -> Client:
    client.force_login(make_person("owner", root))
    return fresh(client)


def typed(row: Connection, **changed: Any) -> dict[str, Any]:
    names = ("name", "base_url", "api_user", "reseller_guid", "dialect", "stage", "rate")
    return {**{name: getattr(row, name) for name in names}, "key": "", **changed}


def shows(api: FakeApi, row: Connection, *answers: Any) -> None:
    api.on("GET", f"/api/v1/ous/{row.reseller_guid}.json", *answers)


def page(name: str, row: Connection) -> str:
    return reverse(f"connecting:{name}", args=[row.pk])


def test_a_new_connection_gives_its_maker_the_reseller_and_is_tried(owner: Client, root: OU) -> None:
    facts = typed(root.connection, name="Staging", api_user="other", reseller_guid="r-2", stage="staging")
    answer = owner.post(reverse("connecting:new"), facts | {"key": KEY})
    row = Connection.objects.get(api_user="other")
    assert (answer.status_code, answer["Location"]) == (303, page("detail", row))
    assert row.check_wanted_at
    assert secrets.unseal(row.sealed_key) == {"key": KEY}
    held = Membership.objects.get(ou__connection=row)
    assert (held.role, held.ou.guid, held.ou.parent) == ("owner", "r-2", None)
    told = AuditEntry.objects.filter(kind="connection").get()
    assert told.new["key"] == audit.CHANGED
    assert KEY not in str(told.new)


@pytest.mark.parametrize("role", ["support", "auditor", "finance", "company_admin"])
def test_other_roles_find_nothing(client: Client, root: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    fresh(client)
    for path in (reverse("connecting:list"), reverse("connecting:new"), page("detail", root.connection)):
        assert client.get(path).status_code == 404, path


def test_owners_of_others_and_of_a_part_find_nothing(client: Client, root: OU) -> None:
    part = make_ou(parent=root, type=OU.Type.SUBRESELLER)
    for ou in (make_ou(), part):
        client.force_login(make_person("owner", ou))
        fresh(client)
        for name in ("detail", "edit"):
            assert client.get(page(name, root.connection)).status_code == 404
        for name in ("edit", "test", "drop_key"):
            assert client.post(page(name, root.connection), typed(root.connection)).status_code == 404
        assert root.connection.base_url not in client.get(reverse("connecting:list")).content.decode()
    assert client.post(reverse("connecting:new"), typed(root.connection)).status_code == 404


def test_a_live_part_whose_proof_runs_out_leads_the_whole_page_to_it(owner: Client, root: OU) -> None:
    here = page("detail", root.connection)
    owner.post(page("test", root.connection))
    assert 'hx-trigger="every 1s"' in owner.get(here).content.decode()
    session = owner.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 16 * 60}]
    session.save()
    answer = owner.get(
        here,
        {"v": "x", "open": ""},
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"},
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == f"{reverse('account_reauthenticate')}?{urlencode({'next': here})}"


def test_without_a_fresh_proof_nothing_is_shown(client: Client, root: OU) -> None:
    client.force_login(make_person("owner", root))
    assert "reauthenticate" in client.get(page("edit", root.connection))["Location"]


@pytest.mark.parametrize(
    "address",
    [
        "http://api.synaq.com",
        "https://user:pass@api.synaq.com",
        "https://api.synaq.com?x=1",
        "https://api.synaq.com/#x",
        "https://evil.example",
        "https://api.synaq.com.evil.example",
        "https://api.synaq.com@evil.example",
        "https://169.254.169.254",
        "https://[::ffff:10.0.0.1]",
        "https://api.synaq.com\\@evil.example",
        "https://api.synaq.com/../x",
        "https://api.synaq.com:99999",
        "file:///etc/passwd",
        "https://",
        "http://0.0.0.0",
        "http://127.1",
    ],
)
def test_an_address_that_leads_elsewhere_is_refused_kindly(owner: Client, root: OU, address: str) -> None:
    answer = owner.post(page("edit", root.connection), typed(root.connection, base_url=address, key=KEY))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Type the key again" in text
    assert KEY not in text
    root.connection.refresh_from_db()
    assert root.connection.base_url != address


@pytest.mark.parametrize("rate", ["0", "-1", "", "1.5", "many", "100000", "9" * 40])
def test_a_rate_that_cannot_be_is_refused(owner: Client, root: OU, rate: str) -> None:
    answer = owner.post(page("edit", root.connection), typed(root.connection, rate=rate))
    assert answer.status_code == 422
    assert 'id="id_rate_error"' in answer.content.decode()


def test_another_account_needs_its_key_typed(owner: Client, root: OU) -> None:
    row = root.connection
    before = row.sealed_key
    answer = owner.post(page("edit", row), typed(row, api_user="somebody-else"))
    assert answer.status_code == 422
    assert "typed again" in answer.content.decode()
    row.refresh_from_db()
    assert (row.api_user != "somebody-else", row.sealed_key) == (True, before)


def test_fields_that_the_form_does_not_have_are_left_alone(owner: Client, root: OU) -> None:
    row = root.connection
    owner.post(page("edit", row), typed(row, sealed_key="x", check_ok="1", failures="9", pk="77"))
    row.refresh_from_db()
    assert (row.check_ok, row.failures) == (None, 0)
    assert secrets.unseal(row.sealed_key) == {"key": "test-key"}


def rotate(owner: Client, row: Connection) -> None:
    assert owner.post(page("edit", row), typed(row, key=KEY)).status_code == 303
    row.refresh_from_db()
    assert secrets.unseal(row.sealed_key) == {"key": "test-key"}


def tried() -> None:
    row = checking.claim()
    assert row is not None
    checking.carry_out(row)


def test_a_new_key_takes_the_old_ones_place_once_accepted(owner: Client, api: FakeApi, root: OU) -> None:
    row = root.connection
    rotate(owner, row)
    assert "waits to be taken" in owner.get(page("detail", row)).content.decode()
    shows(api, row, says(200, {"guid": row.reseller_guid, "title": "Shown by SYNAQ"}))
    tried()
    row.refresh_from_db()
    root.refresh_from_db()
    assert (secrets.unseal(row.sealed_key), row.sealed_new_key) == ({"key": KEY}, "")
    assert (row.check_ok, row.check_wanted_at, root.title) == (True, None, "Shown by SYNAQ")
    text = owner.get(page("detail", row)).content.decode()
    assert "Works" in text
    assert KEY not in text


def test_a_new_key_that_is_refused_is_dropped_and_the_old_one_goes_on(
    owner: Client, api: FakeApi, root: OU
) -> None:
    row = root.connection
    rotate(owner, row)
    shows(api, row, says(401, {"message": f"bad key {KEY}"}))
    tried()
    row.refresh_from_db()
    assert (secrets.unseal(row.sealed_key), row.sealed_new_key) == ({"key": "test-key"}, "")
    assert (row.checked_at, row.check_ok) == (None, None)  # of the present key it says nothing
    text = owner.get(page("detail", row)).content.decode()
    assert "The new key was not taken" in text
    assert "Not tried yet" in text
    assert KEY not in text


def test_a_new_key_that_could_not_be_tried_waits(owner: Client, api: FakeApi, root: OU) -> None:
    row = root.connection
    rotate(owner, row)
    shows(api, row, says(503, {}))
    tried()
    assert checking.claim() is None, "once: then not before half a minute has passed"
    row.refresh_from_db()
    assert row.sealed_new_key
    assert row.check_wanted_at
    owner.post(page("drop_key", row))
    again = Connection.objects.get(pk=row.pk)
    assert (again.sealed_new_key, again.check_wanted_at) == ("", None)


def test_what_a_try_told_of_an_older_key_is_not_written_over_a_newer_one(owner: Client, root: OU) -> None:
    row = root.connection
    rotate(owner, row)
    held = checking.claim()
    assert held is not None
    assert checking.claim() is None
    owner.post(page("edit", row), typed(row, key="a-third-key"))
    checking.record(held, checking.Told(True, "", {"guid": row.reseller_guid}))
    row.refresh_from_db()
    assert secrets.unseal(row.sealed_new_key) == {"key": "a-third-key"}
    assert secrets.unseal(row.sealed_key) == {"key": "test-key"}


@pytest.mark.django_db(transaction=True)
def test_a_try_that_takes_long_holds_up_nobody(owner: Client, api: FakeApi, root: OU) -> None:
    go_on = threading.Event()
    answer = says(200, {"guid": root.guid})

    def late(peer: Any) -> None:
        assert go_on.wait(20)
        answer(peer)

    row, other = root.connection, make_connection(base_url=api.url)
    shows(api, row, late)
    shows(api, other, says(200, {"guid": other.reseller_guid}))
    rotate(owner, row)
    thread = checking.begin()
    assert thread is not None
    assert thread.is_alive()
    assert checking.begin() is None, "it is being tried"
    Connection.objects.filter(pk=other.pk).update(check_wanted_at=timezone.now())
    go_on.set()
    thread.join(20)
    row.refresh_from_db()
    other.refresh_from_db()
    assert (other.check_ok, other.check_wanted_at) == (True, None), "the next one's turn has come"
    assert (secrets.unseal(row.sealed_key), row.check_wanted_at) == ({"key": KEY}, None)
