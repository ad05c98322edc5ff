"""The page for what SYNAQ has already: lines are read leniently, and whatever is wrong with one is said with its number."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts.models import Membership, Person
from provisioning.models import OU, Adoption, AuditEntry, Connection, Reading
from tests.integration.factories import PASSWORD, fresh, make_connection, make_ou

pytestmark = pytest.mark.django_db
COMPANY = "11111111-aaaa-bbbb-cccc-222222222222"


@pytest.fixture
def root() -> OU:
    connection = make_connection("legacy")
    return make_ou(connection, guid=connection.reseller_guid, title="Root")


@pytest.fixture
def owner(client: Client, root: OU) -> Client:
    person = Person.objects.create_user("olga@example.test", PASSWORD, name="Olga")
    Membership.objects.create(person=person, ou=root, role="owner")
    client.force_login(person)
    fresh(client)
    return client


def post(owner: Client, root: OU, **data: Any) -> Any:
    return owner.post(f"/connections/{root.connection_id}/things/", data)


def test_pasted_lines_are_kept_with_their_places(owner: Client, root: OU) -> None:
    text = f"kind;guid;under\ncompany; {COMPANY}\n\nDomain\td-1\t{COMPANY}\nmailbox,m-1,d-1\n"
    assert post(owner, root, text=text).status_code == 303
    rows = set(Adoption.objects.values_list("kind", "guid", "under"))
    assert rows == {("ou", COMPANY, root.guid), ("domain", "d-1", COMPANY), ("mailbox", "m-1", "d-1")}
    assert AuditEntry.objects.filter(text__startswith="3 things").exists()
    page = owner.get(f"/connections/{root.connection_id}/things/").content.decode()
    assert COMPANY in page
    assert "has no lists" in page


def test_a_file_with_a_mark_and_semicolons_is_read(owner: Client, root: OU) -> None:
    file = SimpleUploadedFile("names.csv", "\ufeffpackage;p-1;c-1\r\n".encode())
    assert post(owner, root, file=file).status_code == 303
    assert Adoption.objects.get().under == "c-1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one of the two"),
        ("kind,guid", "nothing in it"),
        ("tenant,1", "Line 1 begins with none of"),
        ("company", "Line 1: behind company there must be its GUID"),
        (f"company,{COMPANY}\ndomain,d-1", "Line 2: the third cell must be the GUID of its company"),
        ("mailbox,m-1,<script>", "Line 1: the third cell must be the GUID of its domain"),
        ("company," + "x" * 101, "Line 1: behind company"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line_and_stays(
    owner: Client, root: OU, text: str, said: str
) -> None:
    answer = post(owner, root, text=text)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert said in body
    assert "<script>,"[:8] not in body.replace("<script src", "")
    assert not Adoption.objects.exists()
    if text.startswith("tenant"):
        assert "tenant,1" in body, "what was typed stays"


def test_lists_are_gone_through_where_there_are_some(owner: Client, root: OU) -> None:
    assert post(owner, root, lists="1").status_code == 303
    assert not Reading.objects.exists(), "legacy has none"
    Connection.objects.update(dialect="current")
    post(owner, root, lists="1")
    assert list(Reading.objects.values_list("kind", "guid")) == [("ous", root.guid)]
