"""The ledger as people see it: scope, filters, the live fragment, and what a person does to an action."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action
from provisioning.services import mailboxes, ous
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db

ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
LIVE = {"HX-Request": "true"}


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def company(root: OU) -> OU:
    return make_ou(parent=root, title="Acme")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def asked_to_suspend(company: OU, by: Any) -> Action:
    mailbox = make_mailbox(make_domain(company))
    return mailboxes.change_state(mailbox, "mailbox.suspend", by=by, submission=uuid.uuid4())


def failed_company(
    root: OU, by: Any, words: str = "No.", errors: list[dict[str, str]] | None = None
) -> Action:
    details = {"title": "Acme <b>Ltd</b>", "physical_address": ADDRESS}
    action = ous.create_company(root, by=by, details=details, submission=uuid.uuid4())
    ledger.fail(action, "refused", words, errors or [])
    return action


def page_of(client: Client, action: Action) -> Any:
    return client.get(reverse("activity:detail", args=[action.pk]))


def test_an_open_action_is_live_and_an_ended_one_asks_no_more(
    client: Client, company: OU, support: Any
) -> None:
    action = asked_to_suspend(company, support)
    body = page_of(client, action).content.decode()
    assert 'hx-trigger="every 1s"' in body
    assert "Queued" in body
    ledger.cancel(action, by=support)
    answer = client.get(
        reverse("activity:detail", args=[action.pk]), {"open": str(action.pk), "v": "old"}, headers=LIVE
    )
    assert "hx-trigger" not in answer.content.decode()
    assert f"Suspend {action.title}: Cancelled." in answer["HX-Trigger"]


def test_what_has_not_changed_is_not_sent_again(client: Client, company: OU, support: Any) -> None:
    action = asked_to_suspend(company, support)
    page = page_of(client, action)
    mark = page.context["live_vals"]
    assert '"v"' in mark
    url = reverse("activity:detail", args=[action.pk])
    assert client.get(url, json.loads(mark), headers=LIVE).status_code == 204
    assert client.get(url, {"v": "other"}, headers=LIVE).status_code == 200


def test_another_resellers_action_is_not_there(client: Client, company: OU, support: Any) -> None:
    elsewhere = asked_to_suspend(make_ou(parent=make_ou()), None)
    assert page_of(client, elsewhere).status_code == 404
    for route in ("again", "cancel", "settle"):
        assert client.post(reverse(f"activity:{route}", args=[elsewhere.pk])).status_code == 404
    assert elsewhere.title not in client.get(reverse("activity:list")).content.decode()


def test_an_auditor_sees_and_changes_nothing(client: Client, root: OU, company: OU) -> None:
    action = asked_to_suspend(company, None)
    client.force_login(make_person("auditor", root))
    assert page_of(client, action).status_code == 200
    assert client.post(reverse("activity:cancel", args=[action.pk])).status_code == 404
    action.refresh_from_db()
    assert action.state == "queued"


def test_a_company_admin_sees_what_was_done_to_their_mailboxes_and_nothing_else(
    client: Client, root: OU, company: OU
) -> None:
    mailbox_action = asked_to_suspend(company, None)
    company_action = failed_company(root, None)
    domain = make_domain(company)
    details = {"email_local": "new", "last_name": "N"}
    made = mailboxes.create_mailbox(
        domain, by=None, details=details, password="secret-word-1", at_once=False, submission=uuid.uuid4()
    )
    client.force_login(make_person("company_admin", company))
    assert page_of(client, mailbox_action).status_code == 200
    assert page_of(client, made).status_code == 200
    assert page_of(client, company_action).status_code == 404


def test_synaqs_words_are_shown_and_escaped(client: Client, root: OU, support: Any) -> None:
    errors = [{"field": "title", "message": "<script>alert(1)</script> is not a title"}]
    action = failed_company(root, support, "Bad <i>payload</i>", errors)
    body = page_of(client, action).content.decode()
    assert "Bad &lt;i&gt;payload&lt;/i&gt;" in body
    assert "&lt;script&gt;alert(1)" in body
    assert "<script>alert" not in body
    assert "Acme &lt;b&gt;Ltd" in body
    assert f"{reverse('ous:new')}?again={action.pk}" in body


def test_submitting_again_asks_once_more_and_only_once(client: Client, company: OU, support: Any) -> None:
    action = asked_to_suspend(company, support)
    ledger.fail(action, "remote_error", "Busy.", [])
    form = {"submission": str(page_of(client, action).context["submission"])}
    first = client.post(reverse("activity:again", args=[action.pk]), form)
    second = client.post(reverse("activity:again", args=[action.pk]), form)
    assert first["Location"] == second["Location"]
    assert Action.objects.count() == 2


def test_what_was_not_sent_can_be_cancelled_and_what_was_cannot(
    client: Client, company: OU, support: Any
) -> None:
    action = asked_to_suspend(company, support)
    client.post(reverse("activity:cancel", args=[action.pk]))
    action.refresh_from_db()
    assert action.state == "cancelled"
    sent = asked_to_suspend(company, support)
    ledger.claim_submits(sent.connection_id, 10)
    answer = client.post(reverse("activity:cancel", args=[sent.pk]), follow=True)
    assert "can no longer be cancelled" in answer.content.decode()
    sent.refresh_from_db()
    assert sent.state == "sending"


def unconfirmed_creation(root: OU, by: Any) -> Action:
    details = {"title": "Acme", "physical_address": ADDRESS}
    action = ous.create_company(root, by=by, details=details, submission=uuid.uuid4())
    (action,) = ledger.claim_submits(action.connection_id, 10)
    ledger.unconfirmed(action, "cut_off", "The connection broke off.")
    return action


def test_an_unconfirmed_creation_offers_two_choices_and_takes_a_guid(
    client: Client, root: OU, support: Any
) -> None:
    action = unconfirmed_creation(root, support)
    assert "Did it happen?" in page_of(client, action).content.decode()
    url = reverse("activity:settle", args=[action.pk])
    assert "Type the GUID" in client.post(url, {"applied": "yes", "guid": " "}, follow=True).content.decode()
    client.post(url, {"applied": "yes", "guid": "made-by-hand"})
    action.refresh_from_db()
    assert (action.state, action.result_guid, action.remote_state) == ("waiting", "made-by-hand", "finished")


def test_what_the_portal_says_itself_is_not_called_synaqs_words(
    client: Client, root: OU, support: Any
) -> None:
    lost, failed = unconfirmed_creation(root, support), failed_company(root, support, "No such country.")
    assert "SYNAQ says" not in page_of(client, lost).content.decode()
    assert "SYNAQ says: No such country." in page_of(client, failed).content.decode()


def test_whoever_is_asked_what_became_of_it_sees_what_the_portal_saw(
    client: Client, company: OU, support: Any
) -> None:
    action = asked_to_suspend(company, support)
    (row,) = ledger.claim_submits(action.connection_id, 1)
    ledger.unconfirmed(row, "broken", "Oops.")
    assert "The portal looked" not in page_of(client, action).content.decode()
    ledger.not_told(row, None, "SYNAQ was away.", away=True)
    ledger.not_told(row, None, "Looked it up: SYNAQ shows it <i>active</i>, from which it cannot be told.")
    text = " ".join(page_of(client, action).content.decode().split())
    assert "The portal looked at" in text
    assert "SYNAQ shows it &lt;i&gt;active&lt;/i&gt;, from which it cannot be told." in text


def test_what_a_person_said_is_not_called_accepted_by_synaq(
    client: Client, company: OU, support: Any
) -> None:
    action = asked_to_suspend(company, support)
    (row,) = ledger.claim_submits(action.connection_id, 1)
    ledger.unconfirmed(row, "broken", "Oops.")
    client.post(reverse("activity:settle", args=[action.pk]), {"applied": "yes"})
    text = page_of(client, action).content.decode()
    assert "A person said that it happened." in text
    assert "<span>SYNAQ accepted it" not in text


def test_an_unconfirmed_creation_that_did_not_happen_is_sent_again(
    client: Client, root: OU, support: Any
) -> None:
    action = unconfirmed_creation(root, support)
    client.post(reverse("activity:settle", args=[action.pk]), {"applied": "no"})
    action.refresh_from_db()
    assert action.state == "queued"
    assert action.next_at is not None
    assert action.next_at <= timezone.now()
    assert list(action.events.values_list("by", flat=True)).count(support.pk) == 2


def test_filters_search_and_hostile_addresses(client: Client, root: OU, company: OU, support: Any) -> None:
    action = asked_to_suspend(company, support)
    failed_company(root, support)
    url = reverse("activity:list")
    assert action.title in client.get(url, {"state": "open"}).content.decode()
    assert action.title not in client.get(url, {"state": "failed"}).content.decode()
    assert action.title in client.get(url, {"q": action.guid}).content.decode()
    for query in (
        {"q": "\x00'\"><script>"},
        {"after": "%%%"},
        {"before": "WzFd"},
        {"state": "'"},
        {"operation": "x"},
    ):
        assert client.get(url, query).status_code == 200


def test_the_list_costs_the_same_queries_at_ten_rows_and_at_a_thousand(
    client: Client, company: OU, support: Any
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("activity:list")).status_code == 200
        return len(queries)

    for _ in range(10):
        asked_to_suspend(company, support)
    cost()
    few = cost()
    template = Action.objects.latest("pk")
    Action.objects.bulk_create(
        [
            Action(
                connection=template.connection, operation=template.operation, by=support, submission=uuid.uuid4(),
                ou=company, kind="mailbox", guid=f"g{n}", title=f"t{n}", lock_key=f"mailbox:g{n}", next_at=timezone.now(),
            )
            for n in range(1000)
        ]
    )  # fmt: skip
    assert cost() == few
