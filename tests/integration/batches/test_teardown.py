"""Removing a thing with all that is on it: the plan, its refusals, and its start."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action, Batch, Domain, Mailbox, Package
from provisioning.services import mailboxes
from tests.integration.batches.conftest import plan_url, remove, said
from tests.integration.factories import fresh, make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


def body_of(client: Client, thing: Any) -> str:
    answer = client.get(plan_url(thing))
    assert answer.status_code == 200
    body: str = answer.content.decode()
    return body


def test_the_plan_of_a_company_lists_everything_in_its_order_and_counts_it(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    answer = client.get(plan_url(acme))
    assert [rank["title"] for rank in answer.context["ranks"]] == [
        "Delete: 2 mailboxes",
        "Delete services: 1 domain",
        "Remove the record: 1 domain",
        "Delete: 1 package",
        "Delete: 1 company",
    ]
    body = answer.content.decode()
    assert "2 mailboxes, 1 domain, 1 package and 1 company" in body
    assert "Mailboxes and all mail in them are removed for good." in body
    assert not Batch.objects.exists()


def test_each_kind_of_thing_has_its_plan(client: Client, support: Any, domain: Domain) -> None:
    for thing in (Mailbox.objects.earliest("pk"), domain, Package.objects.get()):
        assert "Remove now" in body_of(client, thing)


def test_a_domain_that_is_on_another_package_too_is_warned_of(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    second = make_package(acme, code="SM-STD", name="Secure <Mail>", state="active")
    domain.links.create(package=second, as_at=timezone.now())
    body = body_of(client, Package.objects.earliest("pk"))
    assert "acme.example is also on Secure &lt;Mail&gt;: that ends with it." in body


def test_the_typed_name_begins_it_with_its_reason(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    answer = remove(client, acme, reason="Contract ended")
    batch = Batch.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("batches:detail", args=[batch.pk]))
    assert (batch.by, batch.reason, batch.state) == (support, "Contract ended", "running")
    assert sorted(Action.objects.values_list("title", flat=True)) == ["ann@acme.example", "ben@acme.example"]


@pytest.mark.parametrize(
    "typed",
    ["", " ", "Acme", "Acme Ltd!", "<script>alert(1)</script>", "x" * 10_000, "a\x00b", "\u202edtL emcA"],
)
def test_another_name_begins_nothing_and_keeps_what_was_typed(
    client: Client, support: Any, acme: OU, domain: Domain, typed: str
) -> None:
    answer = remove(client, acme, typed_name=typed, reason="<u>kept</u>")
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "&lt;u&gt;kept&lt;/u&gt;" in body
    assert "<script>alert" not in body
    assert not Batch.objects.exists()


@pytest.mark.parametrize("reason", ["x" * 501, "x" * 10_000, "a\x00b"])
def test_a_reason_that_cannot_be_kept_begins_nothing(
    client: Client, support: Any, acme: OU, reason: str
) -> None:
    assert remove(client, acme, reason=reason).status_code == 422
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    "name", ["<b>Acme</b>", "Ac\u200bme", "شركة", "Cafe\u0301 \u202eLtd", "o'brien & sons"]
)
def test_a_hostile_name_is_shown_as_text_and_can_be_typed(
    client: Client, support: Any, root: OU, name: str
) -> None:
    odd = make_ou(parent=root, title=name)
    assert "<b>Acme" not in body_of(client, odd)
    answer = remove(client, odd)
    assert "<b>Acme" not in said(client, answer)


@pytest.mark.parametrize("local", ["o'brien+tag", '"odd local"', "x" * 64, "ünïcode", "a&b<c>"])
def test_unusual_local_parts_go_by_their_address(
    client: Client, support: Any, domain: Domain, local: str
) -> None:
    mailbox = make_mailbox(domain, local)
    assert "b<c>" not in body_of(client, mailbox)
    assert remove(client, mailbox).status_code == 303


def test_an_international_domain_goes_by_its_stored_name(client: Client, support: Any, acme: OU) -> None:
    domain = make_domain(acme, "xn--mnchen-3ya.example")
    assert remove(client, domain, typed_name="XN--mnchen-3ya.example").status_code == 303


def test_a_double_click_is_one_batch(client: Client, support: Any, acme: OU, domain: Domain) -> None:
    mark = str(uuid.uuid4())
    first, second = remove(client, acme, submission=mark), remove(client, acme, submission=mark)
    assert first["Location"] == second["Location"]
    assert Batch.objects.count() == 1


def test_the_second_of_two_people_is_led_to_what_the_first_has_begun(
    client: Client, support: Any, root: OU, acme: OU, domain: Domain
) -> None:
    first = remove(client, acme)
    other = Client()
    other.force_login(make_person("support", root))
    fresh(other)
    answer = remove(other, acme)
    assert answer["Location"] == first["Location"]
    assert "It is being removed already" in said(other, answer)
    assert Batch.objects.count() == 1


def test_the_back_button_shows_how_far_it_is_instead_of_the_question(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    begun = remove(client, acme)
    body = body_of(client, acme)
    assert begun["Location"] in body
    assert "Remove now" not in body


def test_something_unconfirmed_stands_in_the_way_and_is_named(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    mailbox = Mailbox.objects.earliest("pk")
    mailboxes.change_state(mailbox, "mailbox.suspend", by=support, submission=uuid.uuid4())
    (action,) = ledger.claim_submits(acme.connection_id, 10)
    ledger.unconfirmed(action, "cut_off", "Nobody knows.")
    body = body_of(client, acme)
    assert "It is not confirmed what became of “Suspend” on ann@acme.example" in body
    assert 'name="typed_name"' not in body
    assert "settle that first" in remove(client, acme).content.decode()
    assert not Batch.objects.exists()


def test_what_vanished_meanwhile_has_nothing_to_remove(client: Client, support: Any, acme: OU) -> None:
    OU.objects.filter(pk=acme.pk).update(gone_at=timezone.now())
    assert "SYNAQ no longer knows it." in remove(client, acme).content.decode()
    assert not Batch.objects.exists()


def test_resellers_have_no_such_page(client: Client, support: Any, root: OU) -> None:
    north = make_ou(parent=root, type=OU.Type.SUBRESELLER, title="North")
    for ou in (root, north):
        assert client.get(plan_url(ou)).status_code == 404
        assert remove(client, ou).status_code == 404


@pytest.mark.parametrize("address", ["ou/none", "reseller/x", "mailbox/%00", "OU/x", "package/" + "x" * 5000])
def test_a_thing_that_is_none_is_not_there(client: Client, support: Any, address: str) -> None:
    assert client.get(f"/batches/teardown/{address}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("owner", {"ou", "package", "domain", "mailbox"}),
        ("support_nobill", {"ou", "package", "domain", "mailbox"}),
        ("company_admin", {"mailbox"}),
        ("company_helpdesk", set()),
        ("auditor", set()),
        ("finance", set()),
    ],
)
def test_each_role_removes_only_what_it_may_remove_whole(
    client: Client, acme: OU, domain: Domain, role: str, kinds: set[str]
) -> None:
    client.force_login(make_person(role, acme))
    fresh(client)
    things = (acme, Package.objects.get(), domain, Mailbox.objects.earliest("pk"))
    assert {thing.kind for thing in things if client.get(plan_url(thing)).status_code == 200} == kinds
    for thing in things:
        if thing.kind not in kinds:
            assert remove(client, thing).status_code == 404
    assert not Batch.objects.exists()


def test_a_thing_of_another_reseller_is_not_there(client: Client, support: Any) -> None:
    assert remove(client, make_ou(parent=make_ou())).status_code == 404


def test_an_old_browser_that_asks_for_the_date_by_its_address_finds_the_plan(
    client: Client, support: Any, acme: OU
) -> None:
    answer = client.get(reverse("batches:schedule", args=["ou", acme.guid]))
    assert answer["Location"] == plan_url(acme)


def queries(client: Client, thing: Any) -> int:
    with CaptureQueriesContext(connection) as seen:
        body_of(client, thing)
    return len(seen)


def test_a_thousand_mailboxes_take_no_more_queries_than_two(
    client: Client, support: Any, acme: OU, domain: Domain
) -> None:
    few = queries(client, acme)
    now = timezone.now()
    Mailbox.objects.bulk_create(
        Mailbox(
            connection=acme.connection,
            ou=acme,
            domain=domain,
            email=f"m{n}@acme.example",
            guid=f"m-{n}",
            as_at=now,
        )
        for n in range(1000)
    )
    assert queries(client, acme) == few
    assert "and 992 more" in body_of(client, acme)
