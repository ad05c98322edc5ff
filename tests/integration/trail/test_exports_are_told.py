"""Whatever is taken away as a file is in the trail: which list, its filters, how many rows and columns."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from portal.accounts.models import Membership, Person
from provisioning import audit
from provisioning.models import OU, AuditEntry
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.finding.rows import action
from tests.integration.trail.conftest import entry

LISTS = {
    "companies": "/companies/",
    "packages": "/packages/",
    "domains": "/domains/",
    "mailboxes": "/mailboxes/",
    "activity": "/activity/",
    "audit": "/audit/",
}


def told() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(kind="exported").order_by("id"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("form", ["csv", "csv-excel", "xlsx"])
def test_each_list_tells_who_took_it(client: Client, name: str, form: str) -> None:
    """In transactions of its own: the page itself only reads."""
    root = make_ou()
    acme = make_ou(parent=root, title="Acme")
    make_mailbox(make_domain(acme, package=make_package(acme)))
    action(acme, "failed")
    owner = make_person("owner", root)
    client.force_login(owner)
    answer = client.get(LISTS[name], {"export": form, "company": "", "q": ""})
    answer.close()
    assert answer.status_code == 200
    (row,) = told()
    assert (row.by, row.ou, row.acting_as) == (owner, root, None)
    assert row.new["list"] == row.object_title
    assert row.new["format"] == form
    assert row.new["rows"] == (0 if name == "audit" else 1)
    assert row.new["columns"]
    assert "filters" not in row.new
    assert row.request_id


@pytest.mark.django_db
def test_filters_are_told_and_hostile_ones_do_no_harm(client: Client, root: OU, auditor: Person) -> None:
    client.get(
        "/mailboxes/",
        {"export": "csv", "q": "ann\x00<b>", "state": "active", "x\x00y": "1", "sort": "-state"},
    )
    (row,) = told()
    assert row.new["filters"] == {"q": "ann<b>", "state": "active"}
    assert row.new["rows"] == 0


@pytest.mark.django_db
def test_what_is_refused_or_only_looked_at_is_not_told(client: Client, root: OU, auditor: Person) -> None:
    client.get("/mailboxes/")
    client.get("/mailboxes/", {"export": "exe"})
    client.force_login(make_person("company_admin", root))
    assert client.get("/domains/", {"export": "csv"}).status_code == 404
    assert told() == []


@pytest.mark.django_db
def test_it_is_told_in_each_trail_into_whose_data_it_reaches(client: Client, root: OU, acme: OU) -> None:
    other = make_ou()
    person = make_person("support", root)
    Membership.objects.create(person=person, ou=other, role="support")
    Membership.objects.create(person=person, ou=acme, role="company_admin")
    client.force_login(person)
    client.get("/companies/", {"export": "csv"})
    assert {row.ou for row in told()} == {root, other}
    assert len(told()) == 2


@pytest.mark.django_db
def test_nothing_leaves_when_it_cannot_be_told(
    client: Client, root: OU, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the trail is full")

    monkeypatch.setattr(audit, "record", broken)
    client.raise_request_exception = False
    assert client.get("/mailboxes/", {"export": "csv"}).status_code == 500


HOSTILE = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1+1")


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_the_trail_as_a_file_runs_nothing_in_a_spreadsheet(
    client: Client, root: OU, auditor: Person, text: str
) -> None:
    entry(root, text, by=auditor, reason=text, text=text, old={"a": text}, new={"a": None})
    answer: Any = client.get("/audit/", {"export": "csv"})
    head, *lines = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline=""))
    line = dict(zip(head, lines[0], strict=True))
    assert len(lines) == 1
    for column in ("Name", "Reason", "Said"):
        assert line[column] == f"'{text}"
    assert json.loads(line["Old values"]) == {"a": text}
    assert line["Address"] == auditor.email
    book: Any = client.get("/audit/", {"export": "xlsx", "kind": "asked"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active
    assert sheet is not None
    assert [cell.data_type for cell in sheet[2] if cell.value == text] == ["s", "s", "s"]
    book.close()


@pytest.mark.django_db
def test_a_secret_is_not_written_down_as_shown_to_whoever_looks_as_a_customer(root: OU, acme: OU) -> None:
    """Whatever shows a secret tells it first; so it is not shown."""
    person = make_person("company_admin", acme)
    with audit.within(acting_as=person), pytest.raises(PermissionDenied):
        entry(acme, "passwords", kind="secret_seen", by=make_person("support", root))
    entry(acme, "passwords", kind="secret_seen", by=person)
    assert AuditEntry.objects.get().by == person
