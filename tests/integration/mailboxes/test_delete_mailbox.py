"""The end of a mailbox: closed now and deleted on a day, or deleted at once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.models import OU, Action, Mailbox, Scheduled
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(acme: OU) -> Mailbox:
    return make_mailbox(make_domain(acme, "acme.example", make_package(acme)), "ann")


def url(mailbox: Mailbox, route: str = "delete") -> str:
    return reverse(f"mailboxes:{route}", args=[mailbox.guid])


def now(client: Client, mailbox: Mailbox, **typed: str) -> Any:
    data = {"submission": str(uuid.uuid4()), "typed_name": mailbox.email, **typed}
    return client.post(url(mailbox), data)


def later(client: Client, mailbox: Mailbox, **typed: str) -> Any:
    day = str(timezone.localdate() + timedelta(days=30))
    data = {"submission": str(uuid.uuid4()), "due_on": day, **typed}
    return client.post(url(mailbox, "delete_later"), data)


def operations() -> list[str]:
    return list(Action.objects.order_by("id").values_list("operation", flat=True))


def test_closing_stands_first_and_the_three_ways_stand_side_by_side(
    client: Client, ann: Mailbox, support: Any
) -> None:
    body = client.get(url(ann)).content.decode()
    assert 0 < body.index("Close it now, delete it later") < body.index("Delete it at once")
    for question in ("Can its owner sign in?", "Does mail arrive?", "Is it billed?", "Can it be undone?"):
        assert question in body
    assert str(timezone.localdate() + timedelta(days=30)) in body
    for word in ("suspend", "close"):
        asked = client.get(reverse("mailboxes:do", args=[ann.guid, word])).content.decode()
        assert "Can it be undone?" in asked


def test_close_now_and_delete_on_a_day_is_one_click(client: Client, ann: Mailbox, support: Any) -> None:
    answer = later(client, ann, reason="Left the company")
    assert (answer.status_code, answer["Location"]) == (303, url(ann, "detail"))
    assert operations() == ["mailbox.close"]
    pending = Scheduled.objects.get()
    assert (pending.kind, pending.guid, pending.by, pending.reason) == (
        "mailbox",
        ann.guid,
        support,
        "Left the company",
    )
    assert timezone.localdate(pending.due_at) == timezone.localdate() + timedelta(days=30)
    for place in (url(ann, "detail"), url(ann), reverse("mailboxes:list")):
        assert "in 30 days" in client.get(place).content.decode().lower()
    assert reverse("batches:unschedule", args=[pending.pk]) in client.get(url(ann)).content.decode()


def test_the_day_pressed_twice_is_set_once(client: Client, ann: Mailbox, support: Any) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert later(client, ann, submission=mark).status_code == 303
    assert (Scheduled.objects.count(), operations()) == (1, ["mailbox.close"])


def test_a_second_day_by_another_person_is_refused_and_nothing_half_done(
    client: Client, root: OU, ann: Mailbox, support: Any
) -> None:
    later(client, ann)
    client.force_login(make_person("support", root, "other@example.test"))
    answer = later(client, ann)
    assert answer.status_code == 422
    assert "set for a date already" in answer.content.decode()
    assert (Scheduled.objects.count(), operations()) == (1, ["mailbox.close"])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("closed", "It is closed already and stays so."),
        ("inactive", "It cannot be closed now and stays inactive."),
    ],
)
def test_what_cannot_be_closed_is_only_set_for_a_day(
    client: Client, ann: Mailbox, support: Any, state: str, words: str
) -> None:
    Mailbox.objects.update(state=state)
    assert words in client.get(url(ann)).content.decode()
    assert later(client, ann).status_code == 303
    assert (Scheduled.objects.count(), operations()) == (1, [])


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("", "Choose the day"),
        ("tomorrow", "such as"),
        ("2020-01-01", "Choose tomorrow or a later day"),
        ("9999-12-31", "within a year"),
        ("2026-02-31", "such as"),
        ("\x00", "such as"),
        ("x" * 10_000, "such as"),
    ],
)
def test_a_day_that_cannot_be_is_told_and_the_rest_kept(
    client: Client, ann: Mailbox, support: Any, day: str, words: str
) -> None:
    answer = later(client, ann, due_on=day, reason="Unpaid <b>bills</b>")
    assert answer.status_code == 422
    body = answer.content.decode()
    assert words in body
    assert "Unpaid &lt;b&gt;bills&lt;/b&gt;" in body
    assert not Scheduled.objects.exists()
    assert not Action.objects.exists()


def test_deleting_at_once_takes_the_address_typed(client: Client, ann: Mailbox, support: Any) -> None:
    for typed in ("", "bob@acme.example", "ann", "x" * 10_000, "<b>"):
        answer = now(client, ann, typed_name=typed, reason="Why")
        assert answer.status_code == 422
        assert "Why" in answer.content.decode()
    assert not Action.objects.exists()
    assert now(client, ann, typed_name=" ANN@acme.example\u200b", reason="Why").status_code == 303
    action = Action.objects.get()
    assert (action.operation, action.reason) == ("mailbox.delete", "Why")


def test_pressed_twice_it_is_deleted_once(client: Client, ann: Mailbox, support: Any) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert now(client, ann, submission=mark).status_code == 303
    assert operations() == ["mailbox.delete"]


def test_two_people_at_once_delete_it_once(client: Client, root: OU, ann: Mailbox, support: Any) -> None:
    now(client, ann)
    client.force_login(make_person("support", root, "other@example.test"))
    now(client, ann)
    assert operations() == ["mailbox.delete"]


def test_what_is_pending_or_gone_cannot_be_deleted(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(state="pending")
    assert "it is pending now" in client.get(url(ann)).content.decode()
    assert "it is pending now" in now(client, ann).content.decode()
    Mailbox.objects.update(state="active", gone_at=timezone.now())
    assert "SYNAQ no longer knows it." in now(client, ann).content.decode()
    assert later(client, ann).status_code == 422
    assert not Action.objects.exists()
    assert not Scheduled.objects.exists()


def test_an_address_with_an_unusual_local_part_can_be_typed(
    client: Client, ann: Mailbox, support: Any
) -> None:
    Mailbox.objects.update(email='o\'brien+<x>&"y"@xn--mnchen-3ya.example')
    odd = Mailbox.objects.get()
    body = client.get(url(odd)).content.decode()
    assert "+<x>" not in body
    assert now(client, odd).status_code == 303


def test_only_who_may_change_mailboxes_may_end_them(client: Client, root: OU, acme: OU, ann: Mailbox) -> None:
    for role, ou in (("company_helpdesk", acme), ("auditor", root), ("owner", make_ou())):
        client.force_login(make_person(role, ou))
        assert client.get(url(ann)).status_code == 404
        assert now(client, ann).status_code == 404
        assert later(client, ann).status_code == 404
    client.force_login(make_person("company_admin", acme))
    assert later(client, ann).status_code == 303


def test_a_day_is_set_by_post_only(client: Client, ann: Mailbox, support: Any) -> None:
    assert client.get(url(ann, "delete_later")).status_code == 405
