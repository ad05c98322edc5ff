"""Another class of service for a mailbox."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.models import OU, Action, Domain, DomainLink, Mailbox, Package
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

BASIC, PREMIUM = "SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"


@pytest.fixture
def package(acme: OU) -> Package:
    return make_package(acme, editions=(BASIC, PREMIUM))


@pytest.fixture
def ann(acme: OU, package: Package) -> Mailbox:
    return make_mailbox(make_domain(acme, "acme.example", package), "ann", edition_code=BASIC)


def url(mailbox: Mailbox) -> str:
    return reverse("mailboxes:edition", args=[mailbox.guid])


def send(client: Client, mailbox: Mailbox, package: Package, code: str, mark: str = "") -> Any:
    data = {"edition": f"{package.guid} {code}", "submission": mark or str(uuid.uuid4())}
    return client.post(url(mailbox), data)


def test_the_packages_editions_can_be_chosen_and_the_present_one_is_marked(
    client: Client, ann: Mailbox, package: Package, support: Any
) -> None:
    answer = client.get(url(ann))
    choices = dict(answer.context["form"].fields["edition"].choices)
    assert choices[f"{package.guid} {BASIC}"] == f"{BASIC} – the present one"
    assert choices[f"{package.guid} {PREMIUM}"] == PREMIUM
    assert "billed as such" in answer.content.decode()


def test_a_change_is_asked_for_once_however_often_it_is_pressed(
    client: Client, ann: Mailbox, package: Package, support: Any
) -> None:
    mark = str(uuid.uuid4())
    for _ in range(2):
        assert send(client, ann, package, PREMIUM, mark).status_code == 303
    action = Action.objects.get()
    assert (action.operation, action.payload) == (
        "mailbox.change_edition",
        {"package": package.guid, "code": PREMIUM},
    )


def test_the_mailbox_is_changed_on_the_package_that_synaq_names(
    client: Client, acme: OU, ann: Mailbox, package: Package, support: Any
) -> None:
    other = make_package(acme, "SYN-PIN-CNT", ("SYN-CNT-1", "SYN-CNT-2"), name="Continuity")
    DomainLink.objects.create(domain=ann.domain, package=other, as_at=timezone.now())
    named = {"packages": [{"guid": package.guid, "code": "SYN-CMS", "edition_code": BASIC}]}
    Mailbox.objects.update(raw=named)
    assert [row.guid for row in client.get(url(ann)).context["form"].packages] == [package.guid]
    Mailbox.objects.update(raw={})
    groups = client.get(url(ann)).context["form"].fields["edition"].choices
    assert [str(group) for group, _ in groups[1:]] == ["Continuity", "SYN-CMS"] or len(groups) == 3


def test_where_synaq_does_not_show_the_domains_packages_those_of_its_company_are_offered(
    client: Client, acme: OU, ann: Mailbox, package: Package, support: Any
) -> None:
    DomainLink.objects.all().delete()
    assert client.get(url(ann)).context["form"].packages == [], "nothing was read of it yet"
    Domain.objects.update(raw={"domain_name": "acme.example", "state": "active"})
    make_package(acme, "SYN-PIN-SEC", ("SYN-PIN-SEC-BOTH",), name="Securemail")
    assert send(client, ann, package, PREMIUM).status_code == 303
    assert Action.objects.get().payload == {"package": package.guid, "code": PREMIUM}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("", "Choose an edition."),
        (BASIC, "It is on this edition already."),
        ("SYN-GONE", "does not have that edition"),
        ("<script>", "does not have that edition"),
        ("x" * 10_000, "does not have that edition"),
        ("\x00", "does not have that edition"),
    ],
)
def test_what_cannot_be_chosen_is_told(
    client: Client, ann: Mailbox, package: Package, support: Any, chosen: str, words: str
) -> None:
    data = {"edition": f"{package.guid} {chosen}" if chosen else "", "submission": str(uuid.uuid4())}
    answer = client.post(url(ann), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "<script>SYN" not in answer.content.decode()
    assert not Action.objects.exists()


def test_what_the_state_forbids_is_told_and_a_vanished_one_too(
    client: Client, ann: Mailbox, package: Package, support: Any
) -> None:
    Mailbox.objects.update(state="pending")
    assert "it is pending now" in client.get(url(ann)).content.decode()
    assert "it is pending now" in send(client, ann, package, PREMIUM).content.decode()
    Mailbox.objects.update(state="active", gone_at=timezone.now())
    assert "SYNAQ no longer knows it." in send(client, ann, package, PREMIUM).content.decode()
    assert not Action.objects.exists()


def test_two_people_at_once_are_two_in_order(
    client: Client, ann: Mailbox, package: Package, support: Any
) -> None:
    send(client, ann, package, PREMIUM)
    client.force_login(make_person("support", OU.objects.get(parent=None), "other@example.test"))
    answer = client.post(url(ann), {"edition": f"{package.guid} {PREMIUM}"}, follow=True)
    assert "It waits for Change edition, which Support asked for." in answer.content.decode()


def test_it_takes_the_permission_to_change_what_is_billed(
    client: Client, root: OU, acme: OU, ann: Mailbox, package: Package
) -> None:
    for role, ou, status in (
        ("support", root, 303),
        ("company_admin", acme, 404),  # editions only where a role gives them
        ("company_helpdesk", acme, 404),
        ("support_nobill", root, 404),
        ("auditor", root, 404),
        ("owner", make_ou(), 404),
    ):
        client.force_login(make_person(role, ou))
        assert send(client, ann, package, PREMIUM).status_code == status


def test_without_known_editions_it_says_so(
    client: Client, ann: Mailbox, package: Package, support: Any
) -> None:
    package.editions.all().delete()
    assert "SYNAQ has not said which editions" in client.get(url(ann)).content.decode()
