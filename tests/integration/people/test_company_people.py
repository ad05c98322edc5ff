"""What a company's own people can do, and no more."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import Membership
from provisioning.models import OU, Action
from provisioning.services import mailboxes
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db
NEW = {"email_local": "ann", "last_name": "A", "password": "Sample-123$-word"}
CODE = "SYN-CMS-BASIC-02"


def test_a_company_admin_makes_mailboxes_of_the_default_edition_only(client: Client, acme: OU) -> None:
    domain = make_domain(acme, "acme.example", make_package(acme))
    client.force_login(make_person("company_admin", acme))
    page = f"/mailboxes/new/{domain.guid}/"
    assert "package_edition_code" not in client.get(page).content.decode()
    answer = client.post(page, {**NEW, "package_edition_code": CODE})
    assert answer.status_code == 422
    assert "You do not choose editions here" in answer.content.decode()
    assert not Action.objects.exists()
    assert client.post(page, NEW).status_code == 303
    assert "package_edition_code" not in Action.objects.get().payload


def test_they_see_what_the_resellers_staff_did_to_their_mailboxes(
    client: Client, root: OU, acme: OU, owner: Any
) -> None:
    box = make_mailbox(make_domain(acme), "bob")
    mailboxes.change_state(box, "mailbox.suspend", by=owner, submission=uuid.uuid4())
    client.force_login(make_person("company_admin", acme))
    body = client.get("/activity/").content.decode()
    assert box.email in body
    assert str(owner) in body


def test_the_helpdesk_changes_passwords_and_nothing_else(client: Client, acme: OU) -> None:
    box = make_mailbox(make_domain(acme), "bob", last_name="Before")
    client.force_login(make_person("company_helpdesk", acme))
    page = f"/mailboxes/{box.guid}/edit/"
    assert 'name="last_name"' not in client.get(page).content.decode()
    client.post(page, {"last_name": "After", "password": "Sample-123$-word"})
    assert Action.objects.get().payload["changes"] == {}
    assert client.get(f"/mailboxes/{box.guid}/edition/").status_code == 404
    assert client.get(f"/mailboxes/{box.guid}/do/close/").status_code == 404


@pytest.mark.parametrize(
    "path", ["companies", "packages", "domains", "customers", "people", "roles", "audit"]
)
@pytest.mark.parametrize("role", ["company_admin", "company_helpdesk"])
def test_nothing_of_the_resellers_is_theirs(client: Client, acme: OU, role: str, path: str) -> None:
    client.force_login(make_person(role, acme))
    assert client.get(f"/{path}/").status_code == 404


@pytest.mark.parametrize(
    ("roles", "heading"),
    [
        (["company_admin"], "Mailboxes of Acme"),
        (["company_helpdesk", "company_admin"], "Mailboxes of Acme"),
        (["support"], "Mailboxes"),
    ],
)
def test_their_company_stands_over_their_mailboxes(
    client: Client, acme: OU, roles: list[str], heading: str
) -> None:
    person = make_person(roles[0], acme)
    for role in roles[1:]:
        Membership.objects.create(person=person, ou=acme, role=role)
    client.force_login(person)
    assert client.get("/mailboxes/").context["page_title"] == heading


def test_no_company_stands_over_the_mailboxes_of_several(client: Client, root: OU, acme: OU) -> None:
    person = make_person("company_admin", acme)
    Membership.objects.create(person=person, ou=make_ou(parent=root), role="company_admin")
    client.force_login(person)
    assert client.get("/mailboxes/").context["page_title"] == "Mailboxes"


@pytest.mark.parametrize(
    ("role", "sees", "invites"),
    [("owner", True, True), ("auditor", True, False), ("support", False, False)],
)
def test_a_companys_page_leads_to_its_people(
    client: Client, root: OU, acme: OU, role: str, sees: bool, invites: bool
) -> None:
    client.force_login(make_person(role, root))
    for ou in (root, acme):
        link = f"/people/?ou={ou.guid}"
        assert (f'href="{link}"' in client.get(f"/companies/{ou.guid}/").content.decode()) is sees
        answer = client.get(link)
        assert answer.status_code == (200 if sees else 404)
        assert (f"/people/invite/{ou.guid}/" in answer.content.decode()) is invites


def test_the_list_of_a_company_without_people_says_so(client: Client, acme: OU, owner: Any) -> None:
    answer = client.get(f"/people/?ou={acme.guid}")
    assert "Nobody yet" in answer.content.decode()
    assert answer.context["chips"][0]["value"] == "Acme"
    assert client.get("/people/?ou=not-a-guid").status_code == 200
