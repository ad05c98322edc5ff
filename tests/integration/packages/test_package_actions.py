"""What a package is told to do as a whole: said before, asked once, and refused in a sentence."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action, Package
from provisioning.services import packages as services
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

HOSTILE = [
    "<script>alert(1)</script>",
    "\u202eevil",
    "a\u200bb",
    "x" * 500,
    "'; drop table --",
    "=cmd|' /C calc'!A0",
]


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Ltd")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


@pytest.fixture
def sold(acme: OU) -> Package:
    package = make_package(acme, name="CloudMail", state="active")
    make_domain(acme, "one.example", package)
    make_domain(acme, "two.example", package)
    return package


def url(package: Package, operation: str) -> str:
    return reverse("packages:do", args=[package.guid, operation])


def ask(client: Client, package: Package, operation: str, **data: str) -> Any:
    return client.post(url(package, operation), {"submission": str(uuid.uuid4()), **data})


def page(client: Client, package: Package) -> Any:
    return client.get(reverse("packages:detail", args=[package.guid]))


def said(client: Client, answer: Any) -> str:
    body: str = client.get(answer["Location"]).content.decode()
    return body


def test_closing_says_before_how_many_domains_it_touches(client: Client, support: Any, sold: Package) -> None:
    body = client.get(url(sold, "close")).content.decode()
    assert "It touches 2 domains." in body
    assert "one.example" in body
    assert "two.example" in body
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("state", "operation"), [("active", "close"), ("closed", "activate"), ("inactive", "provision")]
)
def test_what_the_state_allows_is_asked_for_with_its_reason(
    client: Client, support: Any, sold: Package, state: str, operation: str
) -> None:
    Package.objects.update(state=state)
    answer = ask(client, sold, operation, reason="Unpaid since March")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("packages:detail", args=[sold.guid]))
    assert (action.operation, action.reason, action.by) == (
        f"package.{operation}",
        "Unpaid since March",
        support,
    )
    assert "is asked for." in said(client, answer)


@pytest.mark.parametrize(
    ("state", "operation"),
    [("closed", "close"), ("active", "activate"), ("active", "provision"), ("pending", "close")],
)
def test_what_the_state_forbids_says_why_and_asks_for_nothing(
    client: Client, support: Any, acme: OU, state: str, operation: str
) -> None:
    package = make_package(acme, state=state)
    make_domain(acme, package=package)
    body = client.get(url(package, operation)).content.decode()
    assert "That is not possible now." in body
    assert f"it is {state} now" in body
    assert f"it is {state} now" in said(client, ask(client, package, operation))
    assert not Action.objects.exists()


def test_a_package_on_no_domain_has_nothing_to_close(client: Client, support: Any, acme: OU) -> None:
    assert "Link a domain first" in said(client, ask(client, make_package(acme, state="active"), "close"))


def test_a_double_click_is_one_action(client: Client, support: Any, sold: Package) -> None:
    data = {"submission": str(uuid.uuid4())}
    for _ in range(2):
        client.post(url(sold, "close"), data)
    assert Action.objects.count() == 1


def test_two_people_at_once_are_one_action_and_the_second_is_told(
    client: Client, root: OU, support: Any, sold: Package
) -> None:
    ask(client, sold, "close")
    other = Client()
    other.force_login(make_person("support", root))
    answer = ask(other, sold, "close")
    assert "Close is under way already: Support asked for it." in said(other, answer)
    assert Action.objects.count() == 1
    assert "Close is under way already." in page(other, sold).content.decode()


def test_another_wish_waits_behind_the_first_and_says_so(client: Client, support: Any, sold: Package) -> None:
    services.change_state(sold, "package.close", by=support, submission=uuid.uuid4())
    Package.objects.update(state="suspended")
    answer = ask(client, sold, "activate")
    assert "It waits for Close, which Support asked for." in said(client, answer)


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_reason_is_kept_as_text(client: Client, support: Any, sold: Package, reason: str) -> None:
    ask(client, sold, "close", reason=reason)
    action = Action.objects.get()
    assert action.reason == reason
    assert "<script>alert" not in page(client, sold).content.decode()
    assert "<script>alert" not in client.get(reverse("activity:detail", args=[action.pk])).content.decode()


@pytest.mark.parametrize("reason", ["x" * 501, "x" * 10_000, "a\x00b"])
def test_a_reason_that_cannot_be_kept_is_told_and_nothing_is_asked_for(
    client: Client, support: Any, sold: Package, reason: str
) -> None:
    answer = ask(client, sold, "close", reason=reason)
    assert answer.status_code == 422
    assert "Reason" in answer.content.decode()
    assert not Action.objects.exists()


@pytest.mark.parametrize("operation", ["create", "delete", "", "CLOSE", "close%00", "suspend"])
def test_an_operation_that_is_none_is_not_there(
    client: Client, support: Any, sold: Package, operation: str
) -> None:
    address = f"/packages/{sold.guid}/do/{operation}/"
    assert client.post(address, {"submission": str(uuid.uuid4())}).status_code == 404
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("The present state <forbids> it.", []),
        ("Bad gateway <html>", []),
        ("Validation failed", [{"field": "action", "message": "<Not> now."}]),
    ],
)
def test_a_refusal_of_synaq_stands_on_the_page_in_its_words(
    client: Client, support: Any, sold: Package, words: str, lines: list[dict[str, str]]
) -> None:
    action = services.change_state(sold, "package.close", by=support, submission=uuid.uuid4())
    ledger.fail(action, "refused", words, lines)
    body = page(client, sold).content.decode()
    assert "Close failed at" in body
    assert (words if not lines else "action: &lt;Not&gt; now.").replace("<", "&lt;").replace(
        ">", "&gt;"
    ) in body
    Package.objects.update(state="closed")
    assert "Close failed at" not in page(client, sold).content.decode()


def test_a_package_that_vanished_meanwhile_is_told(client: Client, support: Any, sold: Package) -> None:
    Package.objects.update(gone_at=timezone.now())
    assert "no longer knows it" in said(client, ask(client, sold, "close"))
    assert not Action.objects.exists()
    assert url(sold, "close") not in page(client, sold).content.decode()


@pytest.mark.parametrize(
    ("role", "allowed"), [("support_nobill", ["close"]), ("auditor", []), ("finance", [])]
)
def test_each_role_is_offered_only_what_it_may(
    client: Client, root: OU, sold: Package, role: str, allowed: list[str]
) -> None:
    client.force_login(make_person(role, root))
    body = page(client, sold).content.decode()
    for operation in ("provision", "close", "activate"):
        assert (url(sold, operation) in body) == (operation in allowed)
        assert (client.get(url(sold, operation)).status_code == 200) == (operation in allowed)


def test_a_package_of_another_reseller_is_not_there(client: Client, support: Any) -> None:
    stranger = make_package(make_ou(parent=make_ou()))
    assert client.get(url(stranger, "close")).status_code == 404
    assert client.get(reverse("packages:delete", args=[stranger.guid])).status_code == 404


# --- deleting it --------------------------------------------------------------------------------------------------------


def delete(client: Client, package: Package, **data: str) -> Any:
    address = reverse("packages:delete", args=[package.guid])
    return client.post(address, {"submission": str(uuid.uuid4()), **data})


def test_an_empty_package_goes_once_its_name_is_typed(client: Client, support: Any, acme: OU) -> None:
    package = make_package(acme, name="CloudMail")
    answer = delete(client, package, typed_name="cloudmail", reason="Ordered by mistake")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.reason) == ("package.delete", "Ordered by mistake")


@pytest.mark.parametrize(
    "typed", ["", " ", "CloudMai", "CloudMail2", "Cloud\x00Mail", "x" * 10_000, "\u202eliaMduolC"]
)
def test_another_name_deletes_nothing_and_keeps_the_reason(
    client: Client, support: Any, acme: OU, typed: str
) -> None:
    answer = delete(client, make_package(acme, name="CloudMail"), typed_name=typed, reason="<b>kept</b>")
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "&lt;b&gt;kept&lt;/b&gt;" in body
    assert not Action.objects.exists()


@pytest.mark.parametrize("name", ["<b>Cloud</b>", "Wolke \u200bMail", "مرحبا", "Cafe\u0301"])
def test_an_odd_name_can_be_typed_as_it_is_seen(client: Client, support: Any, acme: OU, name: str) -> None:
    package = make_package(acme, name=name)
    assert delete(client, package, typed_name=name.replace("\u200b", "")).status_code == 303


def test_domains_in_the_way_are_named_and_lead_to_the_plan(
    client: Client, support: Any, sold: Package
) -> None:
    for answer in (
        client.get(reverse("packages:delete", args=[sold.guid])),
        delete(client, sold, typed_name="CloudMail"),
    ):
        body = answer.content.decode()
        assert "It still has domains that are not deleted: one.example, two.example." in body
        assert reverse("batches:teardown", args=["package", sold.guid]) in body
    assert not Action.objects.exists()


def test_a_deletion_sent_twice_leads_to_the_same_action(client: Client, support: Any, acme: OU) -> None:
    package, mark = make_package(acme, name="CloudMail"), str(uuid.uuid4())
    first = delete(client, package, typed_name="CloudMail", submission=mark)
    end(Action.objects.get())
    Package.objects.update(gone_at=timezone.now())
    assert delete(client, package, typed_name="CloudMail", submission=mark)["Location"] == first["Location"]
    assert Action.objects.count() == 1


def test_support_without_the_right_finds_no_deletion(client: Client, root: OU, sold: Package) -> None:
    client.force_login(make_person("auditor", root))
    assert delete(client, sold, typed_name="CloudMail").status_code == 404
