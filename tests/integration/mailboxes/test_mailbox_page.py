"""The page of one mailbox, and what it can be told to do."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.models import OU, Action, Mailbox, Reading
from provisioning.services import mailboxes
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(acme: OU) -> Mailbox:
    domain = make_domain(acme, "acme.example", make_package(acme))
    return make_mailbox(domain, "ann", edition_code="SYN-CMS-BASIC-02", first_name="Ann", last_name="Smith")


def url(mailbox: Mailbox, route: str = "detail", *words: str) -> str:
    return reverse(f"mailboxes:{route}", args=[mailbox.guid, *words])


def page(client: Client, mailbox: Mailbox) -> str:
    answer = client.get(url(mailbox))
    assert answer.status_code == 200
    return str(answer.content.decode())


def tell(client: Client, mailbox: Mailbox, operation: str, **data: str) -> Any:
    return client.post(url(mailbox, "do", operation), {"submission": str(uuid.uuid4()), **data})


def offered(client: Client, mailbox: Mailbox) -> dict[str, str]:
    return {button["label"]: button["why_not"] for button in client.get(url(mailbox)).context["buttons"]}


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        ("active", ["Edit", "Change edition", "Suspend", "Close", "Delete"]),
        ("inactive", ["Provision", "Edit", "Change edition", "Delete"]),
        ("suspended", ["Edit", "Change edition", "Close", "Activate", "Delete"]),
        ("closed", ["Edit", "Change edition", "Activate", "Delete"]),
        ("pending", []),
        ("brand new", ["Provision", "Edit", "Change edition", "Suspend", "Close", "Activate", "Delete"]),
    ],
)
def test_what_is_offered_depends_on_the_state(
    client: Client, ann: Mailbox, support: Any, state: str, labels: list[str]
) -> None:
    Mailbox.objects.update(state=state)
    assert list(offered(client, ann)) == labels


def test_suspending_is_asked_first_with_its_consequence(client: Client, ann: Mailbox, support: Any) -> None:
    assert url(ann, "do", "suspend") in page(client, ann)
    body = client.get(url(ann, "do", "suspend")).content.decode()
    assert "Suspend ann@acme.example?" in body
    assert "mail still arrives" in body
    assert not Action.objects.exists()
    answer = tell(client, ann, "suspend", reason="Unpaid")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, url(ann))
    assert (action.operation, action.guid, action.reason, action.by) == (
        "mailbox.suspend",
        ann.guid,
        "Unpaid",
        support,
    )


@pytest.mark.parametrize(("operation", "state"), [("activate", "suspended"), ("provision", "inactive")])
def test_bringing_it_into_service_is_done_at_a_click(
    client: Client, ann: Mailbox, support: Any, operation: str, state: str
) -> None:
    Mailbox.objects.update(state=state)
    assert f'formaction="{url(ann, "do", operation)}"' in page(client, ann)
    assert tell(client, ann, operation).status_code == 303
    assert Action.objects.get().operation == f"mailbox.{operation}"


def test_pressed_twice_it_is_asked_for_once(client: Client, ann: Mailbox, support: Any) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        tell(client, ann, "suspend", submission=mark)
    client.force_login(make_person("support", OU.objects.get(parent=None), "other@example.test"))
    answer = client.post(url(ann, "do", "suspend"), {}, follow=True)
    assert "Suspend is under way already: Support asked for it." in answer.content.decode()
    assert Action.objects.count() == 1
    assert offered(client, ann)["Suspend"] == "Suspend is under way already."


def test_a_second_wish_waits_in_line_and_says_so(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(state="brand new")
    tell(client, ann, "suspend")
    answer = client.post(url(ann, "do", "activate"), {}, follow=True)
    assert "It waits for Suspend, which Support asked for." in answer.content.decode()
    assert Action.objects.count() == 2


def test_what_the_state_forbids_is_told(client: Client, ann: Mailbox, support: Any) -> None:
    answer = client.post(url(ann, "do", "activate"), {}, follow=True)
    assert "it is active now" in answer.content.decode()
    assert "it is active now" in client.get(url(ann, "do", "activate")).content.decode()
    assert not Action.objects.exists()


@pytest.mark.parametrize("operation", ["create", "explode", "mailbox.suspend", "unlock", "update", "delete"])
def test_what_is_no_operation_of_a_mailbox_is_not_found(
    client: Client, ann: Mailbox, support: Any, operation: str
) -> None:
    assert tell(client, ann, operation).status_code == 404


def test_a_locked_mailbox_shows_why_and_is_not_activated(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(
        state="suspended",
        account_locked=True,
        lock_type="full",
        lock_reason_code="ABC123",
        lock_reason="Sent <spam>",
    )
    body = page(client, ann)
    assert "Locked by SYNAQ" in body
    assert "Sent &lt;spam&gt;" in body
    assert "ABC123" in body
    assert "<dd> SYNAQ locked it against abuse." in " ".join(body.split())
    assert "Activate does not revive it" in body
    assert list(offered(client, ann)) == ["Edit", "Change edition", "Unlock", "Delete"]
    assert tell(client, ann, "activate").status_code == 303
    assert not Action.objects.exists()


def test_a_failed_action_shows_synaqs_words_and_the_way_to_submit_again(
    client: Client, ann: Mailbox, support: Any
) -> None:
    tell(client, ann, "suspend")
    end(Action.objects.get(), "Backend <busy>")
    body = page(client, ann)
    assert "Backend &lt;busy&gt;" in body
    assert 'id="submit-again"' in body
    Mailbox.objects.update(state="suspended")
    assert "Suspend failed at" not in page(client, ann)


def test_a_mailbox_whose_provisioning_at_once_failed_offers_it_again(
    client: Client, ann: Mailbox, support: Any
) -> None:
    action = mailboxes.create_mailbox(
        ann.domain,
        by=support,
        details={"email_local": "bob", "last_name": "B"},
        password="Sample123$",
        at_once=True,
        submission=uuid.uuid4(),
    )
    bob = make_mailbox(ann.domain, "bob", state="error")
    end(action, "Quota", bob.guid)
    body = page(client, bob)
    assert "Quota" in body
    assert f'formaction="{url(bob, "do", "provision")}" id="submit-again"' in " ".join(body.split())


def test_the_live_part_moves_until_the_action_has_ended(client: Client, ann: Mailbox, support: Any) -> None:
    tell(client, ann, "suspend")
    body = page(client, ann)
    assert 'hx-trigger="every 1s"' in body
    vals = json.loads(body.partition('hx-vals="')[2].partition('"')[0].replace("&quot;", '"'))
    assert client.get(url(ann), vals, HTTP_HX_REQUEST="true").status_code == 204
    Mailbox.objects.update(state="suspended")
    end(Action.objects.get())
    last = client.get(url(ann), vals, HTTP_HX_REQUEST="true")
    assert "hx-trigger" not in last.content.decode()
    assert "Suspended" in last.content.decode()
    assert "Suspend ann@acme.example: Finished." in last["HX-Trigger"]


def test_an_old_reading_is_asked_for_anew(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(as_at=timezone.now() - timedelta(hours=1))
    assert "being read from SYNAQ" in page(client, ann)
    assert Reading.objects.get().guid == ann.guid


def test_refresh_has_it_read(client: Client, ann: Mailbox, support: Any) -> None:
    assert client.get(url(ann, "refresh")).status_code == 405
    assert client.post(url(ann, "refresh"))["Location"] == url(ann)
    assert Reading.objects.get().domain == ann.domain


def test_pending_with_nothing_under_way_is_called_a_known_fault(
    client: Client, ann: Mailbox, support: Any
) -> None:
    Mailbox.objects.update(state="pending")
    assert "known fault" in page(client, ann)


def test_a_mailbox_that_is_gone_says_so(client: Client, ann: Mailbox, support: Any) -> None:
    Mailbox.objects.update(gone_at=timezone.now())
    assert "SYNAQ no longer knows this mailbox." in page(client, ann)
    assert offered(client, ann) == {}


def test_a_helpdesk_suspends_and_activates_and_sees_nothing_above(
    client: Client, acme: OU, ann: Mailbox
) -> None:
    client.force_login(make_person("company_helpdesk", acme))
    body = page(client, ann)
    assert reverse("domains:detail", args=[ann.domain.guid]) not in body
    assert reverse("ous:detail", args=[acme.guid]) not in body
    assert tell(client, ann, "suspend").status_code == 303
    Mailbox.objects.update(state="inactive")
    assert list(offered(client, ann)) == ["Edit"]
    for operation in ("provision", "close"):
        assert tell(client, ann, operation).status_code == 404
    for route in ("edition", "delete"):
        assert client.get(url(ann, route)).status_code == 404


def test_an_auditor_reads_and_changes_nothing(client: Client, root: OU, ann: Mailbox) -> None:
    client.force_login(make_person("auditor", root))
    assert offered(client, ann) == {}
    assert tell(client, ann, "suspend").status_code == 404
    assert client.get(url(ann, "do", "suspend")).status_code == 404


def test_a_stranger_learns_nothing(client: Client, ann: Mailbox) -> None:
    client.force_login(make_person("owner", make_ou()))
    assert client.get(url(ann)).status_code == 404
    assert tell(client, ann, "suspend").status_code == 404
    assert client.post(url(ann, "refresh")).status_code == 404
