"""A domain taken out of service, brought back, and ended in its two steps."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.models import OU, Action, Batch, Domain, DomainLink, Mailbox, Step
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def domain(acme: OU) -> Domain:
    return make_domain(acme, "acme.example", make_package(acme, name="CloudMail"))


def url(domain: Domain, route: str = "detail", *words: str) -> str:
    return reverse(f"domains:{route}", args=[domain.guid, *words])


def page(client: Client, domain: Domain, route: str = "detail", *words: str) -> str:
    answer = client.get(url(domain, route, *words))
    assert answer.status_code == 200
    return str(answer.content.decode())


def tell(client: Client, domain: Domain, operation: str, **data: str) -> Any:
    return client.post(url(domain, "do", operation), {"submission": str(uuid.uuid4()), **data})


def delete(client: Client, domain: Domain, **data: str) -> Any:
    typed = {"submission": str(uuid.uuid4()), "typed_name": domain.name, **data}
    return client.post(url(domain, "delete"), typed)


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        ("active", {"Close"}),
        ("suspended", {"Close", "Activate"}),
        ("closed", {"Activate"}),
        ("inactive", set()),
        ("pending", set()),
        ("deleted", set()),
        ("brand new", {"Close", "Activate"}),
    ],
)
def test_closing_and_activating_are_offered_where_the_state_allows_them(
    client: Client, domain: Domain, support: Any, state: str, labels: set[str]
) -> None:
    Domain.objects.update(state=state)
    buttons = client.get(url(domain)).context["buttons"].values()
    assert {button["label"] for button in buttons} & {"Close", "Activate"} == labels


def test_closing_is_asked_first_and_names_every_package(
    client: Client, acme: OU, domain: Domain, support: Any
) -> None:
    assert "It is on CloudMail" in page(client, domain, "do", "close")
    second = make_package(acme, "SYN-PIN-SEC", name="Securemail <b>")
    DomainLink.objects.create(domain=domain, package=second, as_at=timezone.now())
    body = page(client, domain, "do", "close")
    assert "It is on 2 packages" in body
    assert "Securemail &lt;b&gt;" in body
    assert "no longer taken in" in body
    answer = tell(client, domain, "close", reason="Unpaid")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, url(domain))
    assert (action.operation, action.reason, action.by) == ("domain.close", "Unpaid", support)


def test_pressed_twice_or_by_two_it_is_asked_for_once(
    client: Client, root: OU, domain: Domain, support: Any
) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        tell(client, domain, "close", submission=mark)
    client.force_login(make_person("support", root, "other@example.test"))
    answer = client.post(url(domain, "do", "close"), {}, follow=True)
    assert "Close is under way already: Support asked for it." in answer.content.decode()
    assert Action.objects.count() == 1
    assert client.get(url(domain)).context["buttons"]["domain.close"]["why_not"]


def test_what_the_state_forbids_is_told_and_what_is_no_operation_is_not_found(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(state="inactive")
    assert "it is inactive now" in page(client, domain, "do", "close")
    answer = client.post(url(domain, "do", "close"), {}, follow=True)
    assert "it is inactive now" in answer.content.decode()
    for operation in ("delete", "remove", "provision", "explode", "domain.close"):
        assert tell(client, domain, operation).status_code == 404
    assert not Action.objects.exists()


@pytest.mark.parametrize("reason", ["x" * 10_000, "a\x00b"])
def test_a_reason_that_cannot_be_kept_is_told(
    client: Client, domain: Domain, support: Any, reason: str
) -> None:
    for answer in (tell(client, domain, "close", reason=reason), delete(client, domain, reason=reason)):
        assert answer.status_code == 422
    assert not Action.objects.exists()
    assert not Batch.objects.exists()


def test_deleting_is_two_visible_actions_of_one_batch(client: Client, domain: Domain, support: Any) -> None:
    assert url(domain, "delete") in page(client, domain)
    body = page(client, domain, "delete")
    assert "Two actions, one after the other." in body
    assert delete(client, domain, reason="Left").status_code == 303
    batch = Batch.objects.get()
    assert (batch.reason, batch.by) == ("Left", support)
    assert [step.operation for step in Step.objects.order_by("rank")] == ["domain.delete", "domain.remove"]
    shown = page(client, domain)
    assert "Delete services" in shown
    assert "Remove the record" in shown
    assert reverse("batches:detail", args=[batch.pk]) in shown
    assert 'hx-trigger="every 1s"' in shown


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_without_services_only_the_record_is_removed(
    client: Client, domain: Domain, support: Any, state: str
) -> None:
    Domain.objects.update(state=state)
    assert "in one action" in page(client, domain, "delete")
    delete(client, domain)
    assert [step.operation for step in Step.objects.all()] == ["domain.remove"]


def test_a_failed_step_stops_it_and_says_why(client: Client, domain: Domain, support: Any) -> None:
    delete(client, domain)
    end(Action.objects.get(), "Backend <busy>")
    body = page(client, domain)
    assert "Backend &lt;busy&gt;" in body
    assert "Backend <busy>" not in body
    assert Action.objects.count() == 1


def test_provisioned_mailboxes_stand_in_the_way_and_are_named(
    client: Client, domain: Domain, support: Any
) -> None:
    for number in range(7):
        make_mailbox(domain, f"m{number}")
    make_mailbox(domain, "a-draft", state="inactive")
    body = page(client, domain, "delete")
    assert "7 remain:" in body
    assert "m4@acme.example" in body
    assert "m5@acme.example" not in body
    assert "a-draft" not in body
    assert "and 2 more" in body
    assert reverse("batches:teardown", args=["domain", domain.guid]) in body
    assert 'name="typed_name"' not in body
    answer = delete(client, domain)
    assert answer.status_code == 422
    assert "provisioned mailboxes" in answer.content.decode()
    assert not Batch.objects.exists()
    Mailbox.objects.update(gone_at=timezone.now())
    assert delete(client, domain).status_code == 303


@pytest.mark.parametrize("typed", ["", "other.example", "acme", "x" * 10_000, "<script>"])
def test_another_name_deletes_nothing_and_keeps_the_reason(
    client: Client, domain: Domain, support: Any, typed: str
) -> None:
    answer = delete(client, domain, typed_name=typed, reason="Why <b>")
    assert answer.status_code == 422
    assert "Why &lt;b&gt;" in answer.content.decode()
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    "typed", ["xn--mnchen-3ya.example", "münchen.example", " MÜNCHEN.example\u200b", "mu\u0308nchen.example"]
)
def test_an_international_name_may_be_typed_as_it_is_written_or_as_it_is_stored(
    client: Client, domain: Domain, support: Any, typed: str
) -> None:
    Domain.objects.update(name="xn--mnchen-3ya.example")
    assert delete(client, domain, typed_name=typed).status_code == 303


def test_pressed_twice_it_is_one_deletion_and_by_two_people_too(
    client: Client, root: OU, domain: Domain, support: Any
) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert delete(client, domain, submission=mark).status_code == 303
    client.force_login(make_person("support", root, "other@example.test"))
    answer = client.post(url(domain, "delete"), {"typed_name": domain.name}, follow=True)
    assert "It is being deleted already." in answer.content.decode()
    assert (Batch.objects.count(), Action.objects.count()) == (1, 1)


def test_a_domain_that_is_gone_or_pending_is_not_deleted(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(state="pending")
    assert "pending" in page(client, domain, "delete")
    assert delete(client, domain).status_code == 422
    Domain.objects.update(state="active", gone_at=timezone.now())
    assert "SYNAQ no longer knows it." in page(client, domain, "delete")
    assert delete(client, domain).status_code == 422
    assert not Batch.objects.exists()


def test_auditors_companies_and_strangers_change_nothing(
    client: Client, root: OU, acme: OU, domain: Domain
) -> None:
    for person in (
        make_person("auditor", root),
        make_person("company_admin", acme),
        make_person("owner", make_ou()),
    ):
        client.force_login(person)
        assert tell(client, domain, "close").status_code == 404
        assert client.get(url(domain, "delete")).status_code == 404
        assert delete(client, domain).status_code == 404
    client.force_login(make_person("auditor", root))
    assert url(domain, "delete") not in page(client, domain)


def test_usage_is_counted_on_request_and_shown_with_its_age(
    client: Client, domain: Domain, support: Any
) -> None:
    assert "Not counted yet." in page(client, domain)
    assert "nothing is changed" in page(client, domain, "do", "usage").casefold()
    assert tell(client, domain, "usage").status_code == 303
    assert Action.objects.get().operation == "domain.usage"
    counts = [{"edition_code": "SYN-<b>", "count": 21}, {"edition_code": "SYN-CMS", "count": "many"}]
    report = {"state": "FINISHED", "data_as_at": "2018-02-19 13:00:00+0200", "edition_usage_reports": counts}
    Domain.objects.update(usage=report)
    body = page(client, domain)
    assert "SYN-&lt;b&gt;" in body
    assert "19 February 2018, 13:00:00" in body
    Domain.objects.update(usage={"state": "PENDING"})
    assert "being compiled" in page(client, domain)
