"""Deleting the record of an OU: only when nothing stands in the way, and then only by its typed name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.models import OU, Action
from tests.integration.factories import fresh, make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    fresh(client)
    return person


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Ltd")


def url(ou: OU) -> str:
    return reverse("ous:delete", args=[ou.guid])


def delete(client: Client, ou: OU, **data: str) -> Any:
    return client.post(url(ou), {"submission": str(uuid.uuid4()), "typed_name": ou.title, **data})


def test_a_company_without_packages_goes_with_its_reason(client: Client, support: Any, acme: OU) -> None:
    assert "cannot be undone" in client.get(url(acme)).content.decode()
    answer = delete(client, acme, reason="Never ordered anything")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.guid, action.reason) == (
        "ou.delete",
        acme.guid,
        "Never ordered anything",
    )


def test_packages_in_the_way_are_listed_and_linked(client: Client, support: Any, acme: OU) -> None:
    package = make_package(acme, name="Cloud <Mail>", state="active")
    for answer in (client.get(url(acme)), delete(client, acme)):
        body = answer.content.decode()
        assert "It still has active packages: Cloud &lt;Mail&gt; (active)." in body
        assert reverse("packages:detail", args=[package.guid]) in body
        assert reverse("batches:teardown", args=["ou", acme.guid]) in body
    assert not Action.objects.exists()


def test_the_button_on_the_page_is_disabled_and_says_why(client: Client, support: Any, acme: OU) -> None:
    make_package(acme, name="CloudMail", state="active")
    body = client.get(reverse("ous:detail", args=[acme.guid])).content.decode()
    assert "It still has active packages: CloudMail (active)." in body
    assert f'href="{url(acme)}"' not in body


def test_companies_under_a_sub_reseller_are_in_the_way(client: Client, support: Any, root: OU) -> None:
    north = make_ou(parent=root, type=OU.Type.SUBRESELLER, title="North")
    igloo = make_ou(parent=north, title="Igloo Ltd")
    body = client.get(url(north)).content.decode()
    assert "It still has organisational units below it: Igloo Ltd." in body
    assert reverse("ous:detail", args=[igloo.guid]) in body
    OU.objects.filter(pk=igloo.pk).update(gone_at=timezone.now())
    assert delete(client, north).status_code == 303


def test_domains_in_service_are_in_the_way(client: Client, support: Any, acme: OU) -> None:
    make_domain(acme, "live.example")
    assert "It still has domains in service: live.example." in delete(client, acme).content.decode()


def test_the_reseller_itself_stays(client: Client, support: Any, root: OU) -> None:
    assert url(root) not in client.get(reverse("ous:detail", args=[root.guid])).content.decode()
    assert "The reseller itself cannot be deleted." in delete(client, root).content.decode()
    assert not Action.objects.exists()


@pytest.mark.parametrize("typed", ["", "Acme", "Acme Ltd.", "<b>Acme Ltd</b>", "x" * 10_000, "a\x00"])
def test_another_name_deletes_nothing_and_keeps_the_reason(
    client: Client, support: Any, acme: OU, typed: str
) -> None:
    answer = delete(client, acme, typed_name=typed, reason="kept \u202e<as> typed")
    assert answer.status_code == 422
    assert "&lt;as&gt; typed" in answer.content.decode()
    assert not Action.objects.exists()


def test_a_name_with_invisible_characters_can_be_typed_as_it_is_seen(
    client: Client, support: Any, root: OU
) -> None:
    odd = make_ou(parent=root, title="Ac\u200bme  Ltd\u2066")
    assert delete(client, odd, typed_name="acme ltd").status_code == 303


def test_a_double_click_asks_once_and_leads_to_the_same_action(
    client: Client, support: Any, acme: OU
) -> None:
    mark = str(uuid.uuid4())
    first, second = delete(client, acme, submission=mark), delete(client, acme, submission=mark)
    assert first["Location"] == second["Location"]
    assert Action.objects.count() == 1


def test_a_company_that_vanished_meanwhile_is_told(client: Client, support: Any, acme: OU) -> None:
    OU.objects.filter(pk=acme.pk).update(gone_at=timezone.now())
    assert "no longer knows it" in delete(client, acme).content.decode()
    assert not Action.objects.exists()


def test_a_package_sold_while_the_question_was_open_stops_it(client: Client, support: Any, acme: OU) -> None:
    assert "Type" in client.get(url(acme)).content.decode()
    make_package(acme, name="CloudMail", state="active")
    answer = delete(client, acme)
    assert "It still has active packages" in answer.content.decode()
    assert not Action.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "finance", "company_admin", "company_helpdesk"])
def test_roles_that_change_no_companies_find_nothing(client: Client, root: OU, acme: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    assert client.get(url(acme)).status_code == 404
    assert delete(client, acme).status_code == 404


def test_a_company_of_another_reseller_is_not_there(client: Client, support: Any) -> None:
    assert delete(client, make_ou(parent=make_ou())).status_code == 404
