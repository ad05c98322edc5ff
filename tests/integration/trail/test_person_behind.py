"""One API key stands for everybody at SYNAQ: here each action, batch and set deletion names its person."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Person
from provisioning import batches, ledger
from provisioning.models import OU, Action, AuditEntry, Batch
from provisioning.services import mailboxes, scheduled, teardown
from tests.integration.factories import make_domain, make_mailbox, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sipho(root: OU) -> Person:
    person = make_person("support", root, "sipho@reseller.example")
    person.name = "Sipho"
    person.save()
    return person


@pytest.fixture
def nandi(root: OU, client: Client) -> Person:
    person = make_person("support", root, "nandi@reseller.example")
    person.name = "Nandi <b>"
    person.save()
    client.force_login(person)
    return person


def page(client: Client, route: str, number: int) -> str:
    return client.get(reverse(route, args=[number])).content.decode()


def test_an_actions_page_and_its_text_for_support_name_who_asked(
    client: Client, acme: OU, sipho: Person, nandi: Person
) -> None:
    mailbox = make_mailbox(make_domain(acme))
    action = mailboxes.change_state(mailbox, "mailbox.suspend", by=sipho, submission=uuid.uuid4())
    answer = client.get(reverse("activity:detail", args=[action.pk]))
    assert "Asked for by: Sipho <sipho@reseller.example>" in answer.context["support_text"]
    assert "Asked for by Sipho" in answer.content.decode()
    ledger.cancel(action, by=nandi)
    assert "Cancelled by Nandi &lt;b&gt;" in page(client, "activity:detail", action.pk)
    by = dict(AuditEntry.objects.filter(action=action).values_list("kind", "by"))
    assert by == {"asked": sipho.pk, "cancelled": nandi.pk}


def test_an_auditor_gets_from_an_action_to_the_trail_of_its_thing(
    client: Client, root: OU, acme: OU, sipho: Person, nandi: Person
) -> None:
    mailbox = make_mailbox(make_domain(acme))
    action = mailboxes.change_state(mailbox, "mailbox.suspend", by=sipho, submission=uuid.uuid4())
    link = f"/audit/?object=mailbox%3A{mailbox.guid}"
    assert link not in page(client, "activity:detail", action.pk)
    client.force_login(make_person("auditor", root))
    assert link in page(client, "activity:detail", action.pk)
    assert mailbox.email in client.get(link).content.decode()


def stopped(acme: OU, by: Person) -> Batch:
    make_mailbox(make_domain(acme))
    batch = teardown.start(acme, by=by, submission=uuid.uuid4(), reason="They left")
    ledger.fail(Action.objects.filter(batch=batch).latest("pk"), "refused", "No.", [])
    batches.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "stopped"
    return batch


def test_what_a_resumed_batch_asks_for_names_who_resumed_it(
    client: Client, acme: OU, sipho: Person, nandi: Person
) -> None:
    batch = stopped(acme, sipho)
    client.post(reverse("batches:resume", args=[batch.pk]))
    shown = page(client, "batches:detail", batch.pk)
    assert "Sipho" in shown
    assert "resumed by Nandi &lt;b&gt;" in shown
    latest = Action.objects.filter(batch=batch).latest("pk")
    assert latest.by == nandi
    text = client.get(reverse("activity:detail", args=[latest.pk])).context["support_text"]
    assert (
        "asked for by Sipho <sipho@reseller.example>, resumed by Nandi <b> <nandi@reseller.example>" in text
    )
    told = AuditEntry.objects.filter(batch=batch, kind__startswith="batch").order_by("id")
    assert [(row.kind, row.by) for row in told] == [("batch", sipho), ("batch_resumed", nandi)]


def test_an_abandoned_batch_names_who_gave_it_up(
    client: Client, acme: OU, sipho: Person, nandi: Person
) -> None:
    batch = stopped(acme, sipho)
    client.post(reverse("batches:abandon", args=[batch.pk]))
    shown = page(client, "batches:detail", batch.pk)
    assert "abandoned by Nandi &lt;b&gt;" in shown
    assert "resumed by" not in shown


def test_a_deletion_set_for_a_date_and_its_cancelling_name_their_persons(
    client: Client, acme: OU, sipho: Person, nandi: Person
) -> None:
    due = timezone.now() + timedelta(days=3)
    mailbox = make_mailbox(make_domain(acme))
    row = scheduled.schedule_deletion(mailbox, by=sipho, due_at=due, submission=uuid.uuid4(), reason="Left")
    assert "Sipho" in client.get(reverse("batches:list")).content.decode()
    client.post(reverse("batches:unschedule", args=[row.pk]))
    told = AuditEntry.objects.filter(object_kind="mailbox", object_guid=mailbox.guid).order_by("id")
    assert [(entry.kind, entry.by) for entry in told] == [("scheduled", sipho), ("schedule_cancelled", nandi)]
    assert told[0].reason == "Left"
