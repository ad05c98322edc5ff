"""Who has access: seen, given and taken away within scope, and never beyond what one holds."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.accounts import leaving
from portal.accounts.models import CustomRole, Invitation, Membership, Person, SecondFactorRule
from provisioning.models import OU, AuditEntry, Scheduled
from provisioning.services import scheduled
from provisioning.services.common import Refused
from tests.integration.factories import fresh, make_domain, make_mailbox, make_ou, make_person
from tests.integration.people.conftest import invite

pytestmark = pytest.mark.django_db


def found(client: Client, **query: str) -> set[str]:
    answer = client.get("/people/", query)
    assert answer.status_code == 200
    return {row["person"].email for row in answer.context["rows"]}


def signed_in(person: Person) -> Client:
    browser = Client()
    browser.force_login(person)
    return fresh(browser)


def people_only(ou: OU) -> Person:
    """Somebody whose own role lets them give roles, and see mailboxes, and no more."""
    row = CustomRole.objects.create(
        ou=ou, label="Desk", permissions=["people.see", "people.change", "mailboxes.see"]
    )
    return make_person(row.name, ou)


def test_the_list_has_only_people_in_scope_and_of_them_only_what_is(
    client: Client, root: OU, acme: OU, owner: Any
) -> None:
    ann = make_person("company_admin", acme, "ann@acme.test")
    elsewhere = make_ou(title="Elsewhere <b>")
    Membership.objects.create(person=ann, ou=elsewhere, role="owner")
    stranger = make_person("owner", elsewhere, "stranger@else.test")
    assert found(client) == {owner.email, "ann@acme.test"}
    assert found(client, q="acme") == {"ann@acme.test"}
    assert found(client, role="owner") == {owner.email}
    assert found(client, ou=acme.guid) == {"ann@acme.test"}
    assert "Elsewhere" not in client.get("/people/").content.decode()
    assert "Elsewhere" not in client.get(f"/people/{ann.pk}/").content.decode()
    for path in ("", "give/", "leave/", "factor/", f"give/{acme.guid}/"):
        assert client.get(f"/people/{stranger.pk}/{path}").status_code == 404
    foreign = Membership.objects.get(person=ann, ou=elsewhere)
    assert client.post(f"/people/{ann.pk}/roles/{foreign.pk}/end/").status_code == 404
    assert invite(client, elsewhere, "x@y.test").status_code == 404


@pytest.mark.parametrize("role", ["support", "finance", "company_admin", "company_helpdesk"])
def test_who_may_not_see_people_gets_nothing(root: OU, acme: OU, owner: Any, role: str) -> None:
    browser = signed_in(make_person(role, root))
    for path in ("/people/", f"/people/{owner.pk}/", "/people/invite/", "/roles/", "/roles/new/"):
        assert browser.get(path).status_code == 404


def test_an_auditor_sees_and_changes_nothing(root: OU, acme: OU, owner: Any) -> None:
    browser = signed_in(make_person("auditor", root))
    assert browser.get(f"/people/{owner.pk}/").status_code == 200
    assert browser.get("/roles/").status_code == 200
    for path in (f"invite/{acme.guid}/", f"{owner.pk}/give/{acme.guid}/", f"{owner.pk}/leave/"):
        assert browser.post(f"/people/{path}", {"role": "owner", "email": "a@b.test"}).status_code == 404


def test_giving_and_taking_ask_for_a_fresh_proof(client: Client, acme: OU, root: OU) -> None:
    client.force_login(make_person("owner", root))
    answer = client.get(f"/people/invite/{acme.guid}/")
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")


def test_a_role_is_given_with_its_giver_and_taken_again(client: Client, acme: OU, owner: Any) -> None:
    ann = make_person("company_helpdesk", acme)
    assert client.post(f"/people/{ann.pk}/give/{acme.guid}/", {"role": "company_admin"}).status_code == 303
    row = Membership.objects.get(person=ann, role="company_admin")
    assert row.given_by == owner
    assert client.post(f"/people/{ann.pk}/give/{acme.guid}/", {"role": "company_admin"}).status_code == 422
    page = client.get(f"/people/{ann.pk}/").content.decode()
    assert str(owner) in page
    assert client.post(f"/people/{ann.pk}/roles/{row.pk}/end/", {"reason": "moved"}).status_code == 303
    entry = AuditEntry.objects.get(kind="role_taken")
    assert (entry.reason, entry.old, entry.by) == ("moved", {"role": "Company admin", "on": "Acme"}, owner)
    ann.refresh_from_db()
    assert ann.is_active


def test_nobody_gives_or_takes_more_than_they_hold(root: OU, acme: OU, owner: Any) -> None:
    desk = people_only(root)
    browser = signed_in(desk)
    for role in ("owner", "support", "company_admin", "custom-999", "nonsense", ""):
        assert browser.post(f"/people/{desk.pk}/give/{root.guid}/", {"role": role}).status_code == 422
        assert invite(browser, acme, "x@y.test", role).status_code == 422
    assert browser.post(f"/people/{owner.pk}/leave/").status_code == 404
    assert Membership.objects.filter(person=desk).count() == 1
    assert not Invitation.objects.exists()


def test_letters_that_look_alike_are_no_address(client: Client, acme: OU, owner: Any) -> None:
    assert invite(client, acme, "m\u0131ke@acme.test").status_code == 422


def test_the_last_owner_cannot_go(client: Client, root: OU, owner: Any) -> None:
    answer = client.post(f"/people/{owner.pk}/leave/")
    assert answer.status_code == 422
    assert "last owner" in answer.content.decode()
    assert Membership.objects.filter(person=owner, role="owner").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_take_each_others_role_at_once_one_stays(root: OU, owner: Any) -> None:
    other = make_person("owner", root)
    start = threading.Barrier(2)

    def take(by: Person, person: Person) -> None:
        rows = list(Membership.objects.filter(person=person).select_related("ou", "person"))
        start.wait()
        try:
            leaving.remove_access(person, rows, by=by)
        except Refused:
            pass
        finally:
            connection.close()

    pairs = [(owner, other), (other, owner)]
    threads = [threading.Thread(target=take, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(ou=root, role="owner").count() == 1


@pytest.mark.parametrize("choice", ["keep", "cancel"])
def test_leaving_ends_sessions_and_asks_about_set_deletions(
    client: Client, acme: OU, owner: Any, choice: str
) -> None:
    ann = make_person("company_admin", acme)
    browser = signed_in(ann)
    assert browser.get("/mailboxes/").status_code == 200
    box = make_mailbox(make_domain(acme), "bob")
    due = timezone.now() + timedelta(days=3)
    scheduled.schedule_deletion(box, by=ann, due_at=due, submission=uuid.uuid4())
    page = client.get(f"/people/{ann.pk}/leave/").content.decode()
    assert box.email in page
    assert client.post(f"/people/{ann.pk}/leave/").status_code == 422
    assert client.post(f"/people/{ann.pk}/leave/", {"deletions": choice}).status_code == 303
    assert Scheduled.objects.get().is_pending == (choice == "keep")
    assert browser.get("/mailboxes/")["Location"].startswith("/accounts/login/")
    ann.refresh_from_db()
    assert (ann.is_active, bool(ann.left_at)) == (False, True)
    assert AuditEntry.objects.filter(kind="person_left").count() == 1
    assert ann.email not in found(client)


def test_a_role_is_made_edited_and_retired(client: Client, root: OU, acme: OU, owner: Any) -> None:
    asked = {"label": "Night desk", "staff": "yes", "permissions": ["mailboxes.see", "mailboxes.help"]}
    assert client.post("/roles/new/", asked).status_code == 303
    row = CustomRole.objects.get()
    assert client.post("/roles/new/", asked).status_code == 422
    changed = {**asked, "permissions": ["mailboxes.see"]}
    assert client.post(f"/roles/{row.pk}/", changed).status_code == 303
    entry = AuditEntry.objects.get(kind="role_changed")
    assert len(entry.old["permissions"]) == 2
    assert entry.new["permissions"] == ["Mailboxes"]
    assert client.post(f"/roles/{row.pk}/retire/").status_code == 303
    assert invite(client, acme, "x@y.test", row.name).status_code == 422


def test_a_made_role_holds_no_more_than_its_maker(root: OU, acme: OU) -> None:
    desk = people_only(root)
    own = CustomRole.objects.get()
    browser = signed_in(desk)
    more = {"label": "Desk", "staff": "yes", "permissions": ["people.change", "connections.change"]}
    assert browser.post("/roles/new/", {**more, "label": "Up"}).status_code == 422
    assert browser.post(f"/roles/{own.pk}/", more).status_code == 422
    above = CustomRole.objects.create(ou=root, label="Above", permissions=["connections.change"])
    assert browser.post(f"/roles/{above.pk}/", more).status_code == 404
    assert browser.post(f"/roles/{above.pk}/retire/").status_code == 404
    own.refresh_from_db()
    assert "connections.change" not in own.permissions


def test_the_matrix_follows_the_tables_and_says_its_ticks_in_words(client: Client, owner: Any) -> None:
    answer = client.get("/roles/")
    lines = {line["label"]: line for group in answer.context["operations"] for line in group["lines"]}
    edition = {cell["role"]: cell["yes"] for cell in lines["Change edition"]["cells"]}
    assert edition["Support"]
    assert not edition["Company admin"]
    assert not edition["Support without billable changes"]
    assert '<span class="visually-hidden">yes</span>' in answer.content.decode()


def test_a_second_factor_is_asked_of_a_role_and_no_more(client: Client, root: OU, owner: Any) -> None:
    assert client.post("/roles/second-factor/", {"roles": ["company_admin"]}).status_code == 303
    assert SecondFactorRule.objects.get().role == "company_admin"
    assert client.post("/roles/second-factor/", {"roles": ["nonsense"]}).status_code == 422
    assert client.post("/roles/second-factor/", {}).status_code == 303
    assert not SecondFactorRule.objects.exists()
