"""SYNAQ's GUIDs are one connection's own: somebody with access to two connections may meet one of them twice."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Membership, Person
from provisioning.models import OU, Action, Batch, Connection, Mailbox, Step, UsageRun
from tests.integration.engine.asking import suspend
from tests.integration.factories import (
    fresh,
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_person,
)
from tests.integration.usage.world import BASIC, count

GUIDS = {"ou": "guid-ou", "domain": "guid-domain", "mailbox": "guid-mailbox"}
PAGES = (
    "/companies/guid-ou/",
    "/domains/guid-domain/",
    "/mailboxes/guid-mailbox/",
    "/mailboxes/guid-mailbox/edit/",
)
SUSPEND = "/mailboxes/guid-mailbox/do/suspend/"


def tree(stage: str) -> Mailbox:
    """A reseller of its own connection, whose GUIDs are those of the other."""
    root = make_ou(make_connection(name=stage, stage=stage), title=f"Reseller of {stage}")
    company = make_ou(parent=root, title=f"Company on {stage}", guid=GUIDS["ou"])
    domain = make_domain(company, f"{stage}.example", guid=GUIDS["domain"])
    return make_mailbox(domain, f"ann-{stage}", guid=GUIDS["mailbox"], state="active")


def root(mailbox: Mailbox) -> OU:
    assert mailbox.ou.parent is not None
    return mailbox.ou.parent


@pytest.fixture
def mailboxes(db: None) -> tuple[Mailbox, Mailbox]:
    return tree(Connection.Stage.PRODUCTION), tree(Connection.Stage.STAGING)


def person(client: Client, *mailboxes: Mailbox) -> Person:
    found = make_person("support", root(mailboxes[0]))
    for other in mailboxes[1:]:
        Membership.objects.create(person=found, ou=root(other), role="support")
    client.force_login(found)
    fresh(client)
    return found


def test_whoever_sees_one_of_them_meets_it_at_once_and_not_the_other(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    person(client, mailboxes[1])
    for page in PAGES:
        said = client.get(page)
        assert said.status_code == 200, page
        assert "production.example" not in said.content.decode()
    named = client.get(f"/on/{mailboxes[0].connection_id}/mailboxes/guid-mailbox/")
    assert named.status_code == 404, "naming the other one helps nobody"


def test_whoever_sees_both_is_asked_which(client: Client, mailboxes: tuple[Mailbox, Mailbox]) -> None:
    person(client, *mailboxes)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 300, page
        for mailbox in mailboxes:
            assert f'href="/on/{mailbox.connection_id}{page}"' in answer.content.decode()


def test_the_chosen_one_is_shown_and_all_that_is_done_from_its_page_is_done_to_it(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    person(client, *mailboxes)
    for mailbox, other in (mailboxes, mailboxes[::-1]):
        said = client.get(f"/on/{mailbox.connection_id}/mailboxes/guid-mailbox/").content.decode()
        assert mailbox.email in said
        assert other.email not in said
        assert f"/on/{mailbox.connection_id}{SUSPEND}" in said, "its buttons lead to the same connection"
        done = client.post(f"/on/{mailbox.connection_id}{SUSPEND}", {"reason": "Left"})
        assert done.status_code == 303
        asked = Action.objects.latest("pk")
        assert (asked.connection_id, asked.ou) == (mailbox.connection_id, mailbox.ou)


def test_what_is_sent_without_naming_one_changes_neither(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    person(client, *mailboxes)
    answer = client.post(SUSPEND, {"reason": "Left"})
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.content.decode()
    assert not Action.objects.exists()


def test_a_filter_that_names_it_takes_both_as_far_as_they_are_ones_own(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    rows = [suspend(mailbox) for mailbox in mailboxes]
    months = [count(mailbox.domain, basic=3) for mailbox in mailboxes]
    assert len(months) == 2
    person(client, *mailboxes)
    activity = client.get("/activity/?company=guid-ou").context["page"]
    assert {row.pk for row in activity.rows} == {row.pk for row in rows}
    usage = client.get("/usage/?company=guid-ou").content.decode()
    assert all(mailbox.ou.title in usage for mailbox in mailboxes)
    what_if = client.get("/prices/projection/", {"company": "guid-ou", "edition": BASIC, "number": "2"})
    assert what_if.status_code == 200
    Membership.objects.filter(ou=root(mailboxes[0])).delete()
    activity = client.get("/activity/?company=guid-ou").context["page"]
    assert [row.pk for row in activity.rows] == [rows[1].pk]
    assert mailboxes[0].ou.title not in client.get("/usage/?company=guid-ou").content.decode()


def test_a_run_that_counted_the_others_domain_is_none_of_ones_own(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    own = person(client, mailboxes[0])
    runs = [run_of(mailbox, own) for mailbox in mailboxes]
    assert [row.run.pk for row in client.get("/usage/runs/").context["rows"]] == [runs[0].pk]
    assert client.get(f"/usage/runs/{runs[0].pk}/").status_code == 200
    assert client.get(f"/usage/runs/{runs[1].pk}/").status_code == 404


def run_of(mailbox: Mailbox, by: Person) -> UsageRun:
    """A run on the mailbox's connection in which its domain is to be counted."""
    domain = mailbox.domain
    batch = Batch.objects.create(
        kind="usage", title="Usage", ou=domain.ou, by=by, submission=uuid.uuid4(), state="stopped"
    )
    Step.objects.create(
        batch=batch, position=1, operation="domain.usage", kind="domain", guid=domain.guid, title="Usage"
    )
    day = timezone.now().date()
    return UsageRun.objects.create(connection=domain.connection, why="person", by=by, batch=batch, day=day)


def test_a_prefix_opens_nothing_that_is_closed_and_lasts_no_longer_than_its_request(
    client: Client, mailboxes: tuple[Mailbox, Mailbox]
) -> None:
    on = f"/on/{mailboxes[0].connection_id}"
    assert client.get(f"{on}/mailboxes/")["Location"].startswith(f"{on}/accounts/login/")
    person(client, mailboxes[0])
    assert client.get(f"{on}/audit/").status_code == 404
    for strange in (
        "/on/0/mailboxes/guid-mailbox/",
        f"/on/{'9' * 18}/mailboxes/guid-mailbox/",
        f"{on}{on}/mailboxes/",
    ):
        assert client.get(strange).status_code == 404, strange
    assert f'href="{on}' not in client.get("/mailboxes/").content.decode()
