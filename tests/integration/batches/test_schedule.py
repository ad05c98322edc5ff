"""Closed now, deleted later: the date, its countdown, and taking it back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import schedule as sweeping
from provisioning.models import OU, Action, Batch, Domain, Mailbox, Package, Scheduled
from tests.integration.batches.conftest import plan_url, said, schedule
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


def on(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_thirty_days_are_proposed_and_closing_stands_first(
    client: Client, support: Any, domain: Domain
) -> None:
    body = client.get(plan_url(domain)).content.decode()
    assert f'value="{on(30)}"' in body
    assert body.index("Close now, delete later") < body.index("Remove now")


@pytest.mark.parametrize("kind", ["mailbox", "domain", "package"])
def test_it_is_closed_now_and_set_for_the_day(
    client: Client, support: Any, domain: Domain, kind: str
) -> None:
    thing = {"mailbox": Mailbox.objects.earliest("pk"), "domain": domain, "package": Package.objects.get()}[
        kind
    ]
    answer = schedule(client, thing, due_on=on(30), reason="Cancelled by phone")
    action, row = Action.objects.get(), Scheduled.objects.get()
    assert answer["Location"] == reverse(
        f"{'mailboxes' if kind == 'mailbox' else f'{kind}s'}:detail", args=[thing.guid]
    )
    assert (action.operation, action.reason, action.guid) == (
        f"{kind}.close",
        "Cancelled by phone",
        thing.guid,
    )
    assert (row.kind, row.guid, row.by, row.reason) == (kind, thing.guid, support, "Cancelled by phone")
    assert timezone.localtime(row.due_at).date().isoformat() == on(30)
    assert "It is being closed now, and will be deleted on" in said(client, answer)


def test_a_company_is_only_set_for_the_day(client: Client, support: Any, acme: OU, domain: Domain) -> None:
    assert "SYNAQ cannot close a whole company." in client.get(plan_url(acme)).content.decode()
    body = said(client, schedule(client, acme, due_on=on(30)))
    assert "It is set to be deleted." in body
    assert "In 30 days" in body
    assert not Action.objects.exists()


def test_what_is_closed_already_is_only_set_for_the_day(client: Client, support: Any, acme: OU) -> None:
    domain = make_domain(acme, state="closed", package=make_package(acme))
    assert "It is not closed first" in client.get(plan_url(domain)).content.decode()
    schedule(client, domain, due_on=on(30))
    assert Scheduled.objects.count() == 1
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("", "Choose the day on which it is to be deleted."),
        ("tomorrow", "Type the day as year-month-day"),
        ("31/12/2027", "Type the day as year-month-day"),
        ("2027-02-30", "Type the day as year-month-day"),
        ("<b>2027-01-01</b>", "Type the day as year-month-day"),
        ("9" * 10_000, "Type the day as year-month-day"),
        ("\u0662\u0660\u0662\u0667-01-01\x00", "Type the day as year-month-day"),
        ("1999-01-01", "Choose tomorrow or a later day"),
        ("9999-12-31", "Choose a day within a year from now."),
    ],
)
def test_a_day_that_is_none_sets_and_closes_nothing_and_keeps_the_reason(
    client: Client, support: Any, domain: Domain, day: str, sentence: str
) -> None:
    answer = schedule(client, domain, due_on=day, reason="kept <here>")
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body
    assert "kept &lt;here&gt;" in body
    assert not Scheduled.objects.exists()
    assert not Action.objects.exists()


def test_today_is_too_soon(client: Client, support: Any, domain: Domain) -> None:
    assert "Choose tomorrow or a later day" in schedule(client, domain, due_on=on(0)).content.decode()


def test_a_double_click_closes_and_sets_once(client: Client, support: Any, domain: Domain) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert schedule(client, domain, due_on=on(7), submission=mark).status_code == 303
    assert (Scheduled.objects.count(), Action.objects.count()) == (1, 1)


def test_a_second_date_is_refused_in_a_sentence_and_closes_nothing(
    client: Client, support: Any, domain: Domain
) -> None:
    schedule(client, domain, due_on=on(7))
    answer = schedule(client, domain, due_on=on(9))
    assert answer.status_code == 422
    assert "Its deletion is set for a date already." in answer.content.decode()
    assert (Scheduled.objects.count(), Action.objects.count()) == (1, 1)


def test_what_vanished_meanwhile_is_told(client: Client, support: Any, domain: Domain) -> None:
    Domain.objects.update(gone_at=timezone.now())
    answer = schedule(client, domain, due_on=on(7))
    assert "SYNAQ no longer knows it." in answer.content.decode()
    assert not Scheduled.objects.exists()


def test_it_can_be_cancelled_from_its_page_until_it_runs(
    client: Client, support: Any, domain: Domain
) -> None:
    package = Package.objects.get()
    schedule(client, package, due_on=on(30))
    row = Scheduled.objects.get()
    cancel = reverse("batches:unschedule", args=[row.pk])
    assert cancel in client.get(reverse("packages:detail", args=[package.guid])).content.decode()
    assert cancel in client.get(reverse("batches:list")).content.decode()
    assert client.get(cancel).status_code == 405
    assert "It will not be deleted." in said(client, client.post(cancel))
    row.refresh_from_db()
    assert row.cancelled_by == support
    assert "It can no longer be cancelled" in said(client, client.post(cancel))


def test_once_it_has_begun_it_is_a_batch_and_not_cancelled(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    schedule(client, acme, due_on=on(30))
    Scheduled.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert "due now" in client.get(reverse("batches:list")).content.decode()
    sweeping.sweep()
    row, batch = Scheduled.objects.get(), Batch.objects.get()
    assert row.batch == batch
    answer = client.post(reverse("batches:unschedule", args=[row.pk]))
    assert "It can no longer be cancelled" in said(client, answer)
    assert (
        reverse("batches:detail", args=[batch.pk])
        in client.get(reverse("ous:detail", args=[acme.guid])).content.decode()
    )


def test_a_deletion_that_could_not_begin_says_why_and_can_be_resumed_by_whoever_may(
    client: Client, support: Any, root: OU, acme: OU
) -> None:
    north = make_ou(parent=acme, title="Below a company, oddly")
    schedule(client, acme, due_on=on(1))
    Scheduled.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    sweeping.sweep()
    batch = Batch.objects.get()
    page = client.get(reverse("batches:detail", args=[batch.pk])).content.decode()
    assert "It has 1 organisational units below it" in page
    OU.objects.filter(pk=north.pk).update(gone_at=timezone.now())
    client.post(reverse("batches:resume", args=[batch.pk]))
    assert Action.objects.get().operation == "ou.delete"


@pytest.mark.parametrize("role", ["auditor", "company_helpdesk", "company_admin", "finance"])
def test_who_may_not_remove_it_may_neither_set_nor_cancel_the_date(
    client: Client, support: Any, acme: OU, domain: Domain, role: str
) -> None:
    schedule(client, domain, due_on=on(30))
    other = Client()
    other.force_login(make_person(role, acme))
    assert schedule(other, domain, due_on=on(3)).status_code == 404
    assert other.post(reverse("batches:unschedule", args=[Scheduled.objects.get().pk])).status_code == 404
    assert Scheduled.objects.get().is_pending


def test_an_auditor_sees_the_date_without_the_button(
    client: Client, support: Any, root: OU, domain: Domain
) -> None:
    package = Package.objects.get()
    schedule(client, package, due_on=on(30))
    client.force_login(make_person("auditor", root))
    body = client.get(reverse("packages:detail", args=[package.guid])).content.decode()
    assert "It is set to be deleted." in body
    assert "Cancel the deletion" not in body


def test_dates_of_another_reseller_are_not_seen(client: Client, support: Any, domain: Domain) -> None:
    schedule(client, Mailbox.objects.earliest("pk"), due_on=on(30))
    stranger = Client()
    stranger.force_login(make_person("owner", make_ou()))
    assert "ann@acme.example" not in stranger.get(reverse("batches:list")).content.decode()
    assert stranger.post(reverse("batches:unschedule", args=[Scheduled.objects.get().pk])).status_code == 404


def test_a_company_admin_sees_the_dates_of_mailboxes_only(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    schedule(client, make_mailbox(domain, "cat"), due_on=on(30))
    schedule(client, domain, due_on=on(30))
    client.force_login(make_person("company_admin", acme))
    shown = client.get(reverse("batches:list")).context["scheduled"]
    assert [row["scheduled"].kind for row in shown] == ["mailbox"]
