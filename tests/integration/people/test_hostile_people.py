"""Names that attack, factors out of reach, lists at length, and links that must not reach a log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from structlog.stdlib import ProcessorFormatter

from portal import logs
from portal.accounts import inviting
from portal.accounts.models import CustomRole, Invitation, Membership, Person
from provisioning.models import OU
from tests.integration.accounts import steps
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person
from tests.integration.people.conftest import invite, token_in

pytestmark = pytest.mark.django_db
HOSTILE = "\"><script>alert(1)</script>{{ 7|add:7 }}' onfocus=x"
TOKEN = "a-secret_TOKEN-0123456789"


@pytest.fixture
def safe(acme: OU) -> Person:
    """A company's admin with an authenticator app."""
    person = make_person("company_admin", acme, "ann@acme.test")
    steps.add_app(person)
    return person


# --- factors


def test_a_factor_is_reset_by_whoever_gives_all_that_its_owner_holds(
    client: Client, owner: Any, safe: Person
) -> None:
    assert client.post(f"/people/{safe.pk}/factor/", {"reason": "lost"}).status_code == 303
    assert not steps.factors(safe)


@pytest.mark.parametrize("role", ["owner", "company_helpdesk", "custom-4711"])
def test_a_factor_that_guards_another_reseller_too_is_not_reset(
    client: Client, owner: Any, safe: Person, role: str
) -> None:
    Membership.objects.create(person=safe, ou=make_ou(title="Elsewhere"), role=role)
    assert client.get(f"/people/{safe.pk}/").status_code == 200
    assert client.get(f"/people/{safe.pk}/factor/").status_code == 404
    assert client.post(f"/people/{safe.pk}/factor/", {"reason": "lost"}).status_code == 404
    assert steps.factors(safe)


def test_a_factor_of_another_reseller_and_ones_own_are_not_reset(client: Client, owner: Any) -> None:
    stranger = make_person("company_admin", make_ou(parent=make_ou()))
    for person in (stranger, owner):
        steps.add_app(person)
        assert client.post(f"/people/{person.pk}/factor/", {"reason": "lost"}).status_code == 404
        assert steps.factors(person)


# --- names


@pytest.fixture
def hostile(root: OU, owner: Any) -> dict[str, str]:
    """Everything that people or SYNAQ name is hostile; the addresses of the pages that show it."""
    ou = make_ou(parent=root, title=HOSTILE)
    person = make_person("company_admin", ou, "ann@acme.test")
    Person.objects.update(name=HOSTILE)
    role = CustomRole.objects.create(ou=root, label=HOSTILE[:60], permissions=["mailboxes.see"])
    Membership.objects.create(person=person, ou=ou, role=role.name, given_by=owner)
    row, _ = inviting.invite("new@acme.test", ou, "company_admin", by=owner, called=HOSTILE)
    held = Membership.objects.get(person=person, role=role.name)
    return {
        "list": "/people/",
        "filtered": f"/people/?role={role.name}&ou={ou.guid}",
        "nobody": "/people/?q=%3Cscript%3Ealert(1)",
        "person": f"/people/{person.pk}/",
        "leave": f"/people/{person.pk}/leave/",
        "end": f"/people/{person.pk}/roles/{held.pk}/end/",
        "give": f"/people/{person.pk}/give/{ou.guid}/",
        "where": "/people/invite/",
        "invite": f"/people/invite/{ou.guid}/",
        "invitations": "/people/invitations/",
        "again": f"/people/invitations/{row.pk}/again/",
        "withdraw": f"/people/invitations/{row.pk}/withdraw/",
        "roles": "/roles/",
        "role": f"/roles/{role.pk}/",
        "retire": f"/roles/{role.pk}/retire/",
        "factor": "/roles/second-factor/",
        "company": f"/companies/{ou.guid}/",
    }


def test_hostile_names_are_text_on_every_page(client: Client, hostile: dict[str, str]) -> None:
    shown = set()
    for name, path in hostile.items():
        answer = client.get(path)
        body = answer.content.decode()
        assert answer.status_code == 200, name
        assert "<script>alert" not in body, name
        if "&lt;script&gt;alert(1)" in body:
            shown.add(name)
    assert set(hostile) - shown <= {"again", "withdraw"}, "these name the address alone"


def test_hostile_names_are_text_to_whoever_is_invited_and_in_their_mailboxes(
    client: Client, root: OU, owner: Any
) -> None:
    ou = make_ou(parent=root, title=HOSTILE)
    make_mailbox(make_domain(ou))
    Person.objects.update(name=HOSTILE)
    invite(client, ou, "ann@acme.test", name="Ann")
    stranger = Client()
    stranger.get(f"/invitation/{token_in(mail.outbox[-1])}/")
    pages = [stranger.get("/invitation/").content.decode()]
    stranger.force_login(make_person("company_admin", ou))
    pages += [stranger.get(path).content.decode() for path in ("/invitation/", "/mailboxes/")]
    assert "Mailboxes of &quot;&gt;&lt;script&gt;alert(1)" in pages[-1]
    assert not [page for page in pages if "<script>alert" in page]


def test_a_title_with_line_ends_adds_no_header_to_the_mail(client: Client, root: OU, owner: Any) -> None:
    ou = make_ou(parent=root, title="Acme\r\nBcc: eve@evil.example\r\n\r\nText")
    assert invite(client, ou, "ann@acme.test").status_code == 303
    sent = mail.outbox[-1]
    assert sent.recipients() == ["ann@acme.test"]
    assert sent.message()["Bcc"] is None
    assert Invitation.objects.get().mailed_at


# --- lists at length


def more_people(ou: OU, number: int) -> None:
    emails = [f"p{n:04}-of-{number}@acme.test" for n in range(number)]
    made = Person.objects.bulk_create(Person(email=email, password="!") for email in emails)
    role = CustomRole.objects.create(ou=ou, label=f"Role {number}", permissions=["mailboxes.see"])
    names = ("company_admin", role.name)
    Membership.objects.bulk_create(
        Membership(person=person, ou=ou, role=name) for person in made for name in names
    )


@pytest.mark.parametrize("path", ["/people/", "/people/?q=acme&role=company_admin", "/people/?export=csv"])
def test_three_hundred_people_cost_no_more_questions_than_ten(
    client: Client, acme: OU, owner: Any, path: str
) -> None:
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.getvalue()  # a file is made while it is read
        return len(asked)

    more_people(acme, 10)
    questions()  # what is kept after the first time
    few = questions()
    more_people(acme, 300)
    assert questions() <= few


# --- links


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the log would hold if it were told everything."""
    told: Any = logs.LOGGING
    facts = dict(told["formatters"]["json"])
    del facts["()"]
    written, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    handler.setFormatter(ProcessorFormatter(**facts))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    root.removeHandler(handler)


def test_no_request_for_the_link_writes_its_token_down(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = Client(raise_request_exception=False)
    link = f"/invitation/{TOKEN}/"
    assert stranger.get(link).status_code == 302
    assert stranger.get(link.rstrip("/")).status_code == 301
    assert stranger.post(link).status_code == 405
    assert stranger.get(f"{link}more/").status_code == 404

    def breaks(token: str) -> str:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr("portal.accounts.inviting.mark_of", breaks)
        assert stranger.get(link).status_code == 500
    written = lines.getvalue()
    assert "Not Found: /invitation/***/more/" in written
    assert "Internal Server Error: /invitation/***/" in written
    assert "LookupError" in written
    assert TOKEN not in written
