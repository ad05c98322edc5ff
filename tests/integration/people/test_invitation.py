"""From the invitation to the first page, and every link that does not work."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal import logs
from portal.accounts import inviting
from portal.accounts.models import Invitation, Membership, Person
from provisioning.models import OU, AuditEntry
from tests.integration.factories import PASSWORD, make_ou, make_person
from tests.integration.people.conftest import NEW_PASSWORD, invite, token_in

pytestmark = pytest.mark.django_db
JOIN = {"name": "Ann", "password": NEW_PASSWORD}


def invited(client: Client, ou: OU, email: str = "ann@acme.test", **more: str) -> str:
    """Invite, and take the token out of the mail."""
    assert invite(client, ou, email, **more).status_code == 303
    return token_in(mail.outbox[-1])


def opened(token: str) -> Client:
    """A stranger's browser, in which the link was opened."""
    stranger = Client()
    answer = stranger.get(f"/invitation/{token}/")
    assert (answer.status_code, answer["Location"]) == (302, "/invitation/")
    return stranger


def test_somebody_new_sets_a_password_and_lands_on_their_mailboxes(
    client: Client, acme: OU, owner: Any
) -> None:
    token = invited(client, acme, name="Ann")
    stranger = opened(token)
    page = stranger.get("/invitation/")
    assert page.status_code == 200
    assert token not in page.content.decode()
    answer = stranger.post("/invitation/", JOIN)
    assert answer.status_code == 302
    assert stranger.get("/")["Location"] == "/mailboxes/"
    row = Membership.objects.get(person__email="ann@acme.test")
    assert (row.role, row.ou, row.given_by) == ("company_admin", acme, owner)
    kinds = set(AuditEntry.objects.values_list("kind", flat=True))
    assert {"invited", "invitation_accepted", "role_given"} <= kinds


def test_only_the_hash_is_kept_and_the_mail_holds_no_password(client: Client, acme: OU, owner: Any) -> None:
    token = invited(client, acme)
    row = Invitation.objects.get()
    assert row.token_hash == inviting.mark_of(token)
    assert token not in str(row.__dict__)
    assert not [entry for entry in AuditEntry.objects.all() if token in str(entry.__dict__)]
    assert "password" not in mail.outbox[0].body.lower()


@pytest.mark.parametrize("kind", ["unknown", "expired", "withdrawn", "used", "replaced", "sender gone"])
def test_a_link_that_does_not_work_never_tells_why(client: Client, acme: OU, owner: Any, kind: str) -> None:
    token = invited(client, acme)
    row = Invitation.objects.get()
    if kind == "unknown":
        token = "x" * len(token)
    elif kind == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif kind == "withdrawn":
        assert client.post(f"/people/invitations/{row.pk}/withdraw/").status_code == 303
    elif kind == "used":
        opened(token).post("/invitation/", JOIN)
    elif kind == "replaced":
        assert client.post(f"/people/invitations/{row.pk}/again/").status_code == 303
    else:
        Membership.objects.filter(person=owner).delete()
    before = Person.objects.count()
    stranger = opened(token)
    page = stranger.get("/invitation/")
    assert page.status_code == 404
    assert "This link does not work" in page.content.decode()
    assert "ann@acme.test" not in page.content.decode()
    assert stranger.post("/invitation/", JOIN).status_code == 404
    assert Person.objects.count() == before


def test_an_invitation_is_not_taken_by_another_account(
    client: Client, root: OU, acme: OU, owner: Any
) -> None:
    token = invited(client, acme, role="owner")
    other = make_person("company_admin", acme, "mallory@acme.test")
    browser = Client()
    browser.force_login(other)
    browser.get(f"/invitation/{token}/")
    browser.post("/invitation/")
    assert not Membership.objects.filter(person=other, role="owner").exists()
    assert Invitation.objects.get().accepted_at is None


def test_somebody_who_is_here_signs_in_first_and_then_accepts(client: Client, acme: OU, owner: Any) -> None:
    known = make_person("company_admin", make_ou(parent=make_ou()), "ann@acme.test")
    stranger = opened(invited(client, acme, email="Ann@Acme.test"))
    assert "You have an account already" in stranger.get("/invitation/").content.decode()
    stranger.post("/invitation/", JOIN)
    known.refresh_from_db()
    assert known.check_password(PASSWORD)
    sign_in = {"login": known.email, "password": PASSWORD}
    assert stranger.post("/accounts/login/?next=/invitation/", sign_in)["Location"] == "/invitation/"
    assert stranger.post("/invitation/").status_code == 303
    assert Membership.objects.filter(person=known, ou=acme).count() == 1


def test_what_is_posted_beside_changes_neither_role_nor_ou_nor_address(
    client: Client, root: OU, acme: OU, owner: Any
) -> None:
    stranger = opened(invited(client, acme))
    more = {
        "role": "owner",
        "ou": root.guid,
        "email": "eve@x.test",
        "is_active": "1",
        "permissions": "people.change",
    }
    stranger.post("/invitation/", {**JOIN, **more})
    row = Membership.objects.get(person__email="ann@acme.test")
    assert (row.role, row.ou) == ("company_admin", acme)
    assert not Person.objects.filter(email="eve@x.test").exists()


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012", "ann@acme.test"])
def test_poor_passwords_are_refused_and_the_name_stays(
    client: Client, acme: OU, owner: Any, password: str
) -> None:
    stranger = opened(invited(client, acme))
    answer = stranger.post("/invitation/", {"name": "Ann Acme", "password": password})
    assert answer.status_code == 422
    assert 'value="Ann Acme"' in answer.content.decode()
    assert not Person.objects.filter(email="ann@acme.test").exists()


def test_mail_that_fails_is_said_and_can_be_sent_again(
    client: Client, acme: OU, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: Any) -> int:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr("portal.mail.EmailMessage.send", away)
        answer = client.post(
            f"/people/invite/{acme.guid}/", {"email": "ann@acme.test", "role": "company_admin"}, follow=True
        )
    assert "could not be handed over" in answer.content.decode()
    row = Invitation.objects.get()
    assert row.mailed_at is None
    client.post(f"/people/invitations/{row.pk}/again/")
    assert opened(token_in(mail.outbox[-1])).get("/invitation/").status_code == 200


def test_somebody_who_had_left_comes_back_as_the_same_person(client: Client, acme: OU, owner: Any) -> None:
    ann = make_person("company_admin", acme, "ann@acme.test")
    client.post(f"/people/{ann.pk}/leave/")
    stranger = opened(invited(client, acme))
    stranger.post("/invitation/", JOIN)
    ann.refresh_from_db()
    assert (ann.is_active, ann.left_at) == (True, None)
    assert stranger.get("/mailboxes/").status_code == 200


def test_the_token_is_in_no_log_line() -> None:
    record = logging.makeLogRecord({})
    line = {"event": "Not Found: /invitation/abc-DEF_1/", "request": "GET /invitation/abc-DEF_1/"}
    masked = logs.without_tokens(record, "info", line)
    assert masked == {"event": "Not Found: /invitation/***/", "request": "GET /invitation/***/"}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_person_and_one_membership(client: Client, acme: OU, owner: Any) -> None:
    mark = inviting.mark_of(invited(client, acme))
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def take() -> None:
        start.wait()
        try:
            inviting.join(mark, name="Ann", password=NEW_PASSWORD)
            outcomes.append("joined")
        except inviting.NotOpen:
            outcomes.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["joined", "too late"]
    assert Membership.objects.filter(person__email="ann@acme.test").count() == 1
