"""The way out of a lock: its reason, a new password, Unlock, in one flow; and the mark where it is locked again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import secrets
from provisioning.models import OU, Action, Batch, Mailbox, Step
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

PASSWORD = "N3w-Sample$"


@pytest.fixture
def ann(acme: OU) -> Mailbox:
    domain = make_domain(acme, "acme.example", make_package(acme))
    facts = {"lock_type": "full", "lock_reason_code": "ABC123", "lock_reason": "Sent <spam>"}
    return make_mailbox(domain, "ann", state="suspended", account_locked=True, **facts)


def url(mailbox: Mailbox, route: str = "unlock") -> str:
    return reverse(f"mailboxes:{route}", args=[mailbox.guid])


def page(client: Client, mailbox: Mailbox, route: str = "detail") -> str:
    return str(client.get(url(mailbox, route)).content.decode())


def send(client: Client, mailbox: Mailbox, **typed: str) -> Any:
    return client.post(url(mailbox), {"submission": str(uuid.uuid4()), **typed})


def finished_unlock(mailbox: Mailbox) -> Action:
    now = timezone.now()
    return Action.objects.create(
        connection=mailbox.connection,
        operation="mailbox.unlock",
        state="finished",
        submission=uuid.uuid4(),
        ou=mailbox.ou,
        kind="mailbox",
        guid=mailbox.guid,
        title=mailbox.email,
        lock_key=f"mailbox:{mailbox.guid}",
        ended_at=now,
    )


def test_the_banner_tells_the_reason_and_leads_to_the_one_flow(
    client: Client, ann: Mailbox, support: Any
) -> None:
    body = page(client, ann)
    assert f'href="{url(ann)}" id="unlock"' in body
    assert "Locked again" not in body
    flow = page(client, ann, "unlock")
    assert "Sent &lt;spam&gt;" in flow
    assert "ABC123" in flow
    assert "New password" in flow


def test_one_form_asks_for_the_password_and_then_for_the_unlock(
    client: Client, ann: Mailbox, support: Any
) -> None:
    answer = send(client, ann, password=PASSWORD)
    assert (answer.status_code, answer["Location"]) == (303, url(ann, "detail"))
    steps = list(Step.objects.order_by("rank"))
    assert [step.operation for step in steps] == ["mailbox.update", "mailbox.unlock"]
    action = Action.objects.get()
    assert (action.operation, action.by) == ("mailbox.update", support)
    assert secrets.unseal(action.sealed) == {"password": PASSWORD}
    assert "first the new password, then Unlock" in page(client, ann)


def test_pressed_twice_it_is_one_batch(client: Client, ann: Mailbox, support: Any) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert send(client, ann, password=PASSWORD, submission=mark).status_code == 303
    assert Batch.objects.count() == 1
    assert Action.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Type a new password, or have one generated."),
        ({"password": "short"}, "Use at least 8 characters."),
        ({"password": "x" * 10_000}, "Use at most 255 characters."),
        ({"password": "pass\x00word"}, "no keyboard has"),
        ({"password": PASSWORD, "keep": "on"}, "not both"),
    ],
)
def test_without_a_sound_password_nothing_is_asked_for(
    client: Client, ann: Mailbox, support: Any, typed: dict[str, str], words: str
) -> None:
    answer = send(client, ann, **typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert typed.get("password", PASSWORD) not in answer.content.decode()
    assert not Batch.objects.exists()


def test_a_password_that_was_changed_elsewhere_can_be_kept_knowingly(
    client: Client, ann: Mailbox, support: Any
) -> None:
    send(client, ann, keep="on")
    assert [action.operation for action in Action.objects.all()] == ["mailbox.unlock"]


def test_a_refused_password_leads_back_into_the_flow_with_synaqs_words(
    client: Client, ann: Mailbox, support: Any
) -> None:
    send(client, ann, password=PASSWORD)
    action = Action.objects.get()
    Action.objects.update(
        state="failed",
        ended_at=timezone.now(),
        sealed="",
        errors=[{"field": "ssha_password", "message": "Too <weak>."}],
    )
    Batch.objects.update(state="stopped", words="Too <weak>.")
    assert f"{url(ann)}?again={action.pk}" in page(client, ann)
    body = client.get(url(ann), {"again": action.pk}).content.decode()
    assert "SYNAQ refused this." in body
    assert "Too &lt;weak&gt;." in body
    assert PASSWORD not in body
    action_page = client.get(reverse("activity:detail", args=[action.pk])).content.decode()
    assert f"{url(ann)}?again={action.pk}" in action_page
    assert send(client, ann, password="An0ther-Sample$").status_code == 303
    assert list(Batch.objects.order_by("id").values_list("state", flat=True)) == ["abandoned", "running"]


def test_two_people_at_once_are_told_of_each_other(
    client: Client, root: OU, ann: Mailbox, support: Any
) -> None:
    send(client, ann, password=PASSWORD)
    client.force_login(make_person("support", root, "other@example.test"))
    answer = client.post(url(ann), {"password": PASSWORD}, follow=True)
    assert "under way already: Support asked for it." in answer.content.decode()
    assert Batch.objects.count() == 1


def test_locked_again_after_an_unlock_is_marked(client: Client, ann: Mailbox, support: Any) -> None:
    unlocked = finished_unlock(ann)
    Mailbox.objects.update(as_at=timezone.now())
    for route in ("detail", "unlock"):
        body = page(client, ann, route)
        assert "Locked again" in body
        assert reverse("activity:detail", args=[unlocked.pk]) in body
    assert "Locked again" in client.get(reverse("mailboxes:list")).content.decode()
    assert "locked again since it was unlocked" in client.get("/attention/").content.decode()
    Mailbox.objects.update(account_locked=False, state="active")
    assert "Locked again" not in page(client, ann)
    assert "Locked again" not in client.get(reverse("mailboxes:list")).content.decode()


def test_what_was_unlocked_by_another_meanwhile_is_told(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(account_locked=False, state="active")
    answer = send(client, ann, password=PASSWORD)
    assert answer.status_code == 422
    assert "it is active now" in answer.content.decode()
    assert "it is active now" in page(client, ann, "unlock")
    assert not Action.objects.exists()


def test_a_locked_mailbox_that_vanished_says_so(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(gone_at=timezone.now())
    assert "SYNAQ no longer knows it." in send(client, ann, password=PASSWORD).content.decode()
    assert not Batch.objects.exists()


def test_the_helpdesk_can_and_auditors_and_strangers_cannot(
    client: Client, root: OU, acme: OU, ann: Mailbox
) -> None:
    for person in (make_person("auditor", root), make_person("owner", make_ou())):
        client.force_login(person)
        assert client.get(url(ann)).status_code == 404
        assert send(client, ann, password=PASSWORD).status_code == 404
    client.force_login(make_person("company_helpdesk", acme))
    assert send(client, ann, password=PASSWORD).status_code == 303
