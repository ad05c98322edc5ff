"""The tree: resellers, sub-resellers, companies; and how far each person may go in it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning import ledger
from provisioning.models import OU, Action
from tests.integration.factories import make_connection, make_ou, make_person

pytestmark = pytest.mark.django_db
SUB = OU.Type.SUBRESELLER


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def filled(under: OU, **fields: str) -> dict[str, str]:
    return {
        "parent": under.guid,
        "title": "North Branch",
        "line_1": "20 Long Street",
        "city": "Johannesburg",
        "postal_code": "4321",
        "country": "ZA",
        "submission": str(uuid.uuid4()),
        **fields,
    }


def post(client: Client, data: dict[str, str]) -> Any:
    return client.post(reverse("ous:new_subreseller"), data)


def page(client: Client, ou: OU) -> Any:
    return client.get(reverse("ous:detail", args=[ou.guid]))


def test_a_sub_reseller_is_asked_for_under_the_reseller(client: Client, root: OU, support: Any) -> None:
    answer = post(client, filled(root))
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.guid, action.title) == (
        "ou.create_subreseller",
        root.guid,
        "North Branch",
    )


def test_a_sub_reseller_can_have_sub_resellers_of_its_own(client: Client, root: OU, support: Any) -> None:
    north = make_ou(parent=root, type=SUB, title="North")
    body = page(client, north).content.decode()
    assert f"{reverse('ous:new_subreseller')}?parent={north.guid}" in body
    assert f"{reverse('ous:new')}?parent={north.guid}" in body
    post(client, filled(north))
    assert Action.objects.get().guid == north.guid


def test_sub_resellers_are_made_on_legacy_connections_only(client: Client, current: OU, staff: Any) -> None:
    assert "sub-reseller" not in page(client, current).content.decode()
    assert client.get(reverse("ous:new_subreseller")).status_code == 404
    assert post(client, filled(current)).status_code == 404
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "Type the sub-reseller&#x27;s name."),
        ("title", "\u200b\u202e", "Type the sub-reseller&#x27;s name."),
        ("title", "x" * 10_000, "Use at most 255 characters."),
        ("title", "a\x00b", "cannot be typed"),
        ("line_1", "", "Type the street and number."),
        ("country", "Narnia", "Choose one of the countries in the list."),
        ("parent", "'; drop table", "Choose one of the resellers in the list."),
    ],
)
def test_a_wrong_value_is_told_and_what_was_typed_is_kept(
    client: Client, root: OU, support: Any, field: str, value: str, sentence: str
) -> None:
    answer = post(client, filled(root, **{"client_ref": "<b>kept</b>", field: value}))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body
    assert "&lt;b&gt;kept&lt;/b&gt;" in body
    assert not Action.objects.exists()


def test_markup_in_a_title_is_text_wherever_it_is_shown(client: Client, root: OU, support: Any) -> None:
    evil = make_ou(parent=root, type=SUB, title="<script>alert(1)</script>")
    make_ou(parent=evil, title='"><img src=x>')
    for url in (
        reverse("ous:resellers"),
        reverse("ous:detail", args=[evil.guid]),
        reverse("ous:delete", args=[evil.guid]),
    ):
        body = client.get(url).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x>" not in body


def test_a_double_click_asks_once_and_leads_to_the_same_action(
    client: Client, root: OU, support: Any
) -> None:
    data = filled(root)
    assert post(client, data)["Location"] == post(client, data)["Location"]
    assert Action.objects.count() == 1


def test_a_refused_sub_reseller_comes_back_filled_in(client: Client, root: OU, support: Any) -> None:
    post(client, filled(root, city="Nowhere"))
    action = Action.objects.get()
    ledger.fail(action, "refused", "Validation failed", [{"field": "city", "message": "Unknown <city>."}])
    answer = client.get(reverse("ous:new_subreseller"), {"again": str(action.pk)})
    assert answer.context["form"].errors == {"city": ["Unknown <city>."]}
    assert "Unknown &lt;city&gt;." in answer.content.decode()
    assert answer.context["form"]["title"].value() == "North Branch"


def test_the_tree_shows_each_reseller_under_its_own(client: Client, root: OU, support: Any) -> None:
    north = make_ou(parent=root, type=SUB, title="North")
    far = make_ou(parent=north, type=SUB, title="Far North")
    make_ou(parent=far, title="Igloo Ltd")
    (top,) = client.get(reverse("ous:resellers")).context["branches"]
    assert (top.ou, top.below[0].ou, top.below[0].below[0].ou) == (root, north, far)
    assert top.below[0].below[0].companies == 1


def test_the_tree_begins_where_scope_begins(client: Client, root: OU) -> None:
    north = make_ou(parent=root, type=SUB, title="North")
    make_ou(parent=root, type=SUB, title="South")
    lone = make_ou(parent=root, title="Lone Ltd")
    person = make_person("support", north)
    person.memberships.create(ou=lone, role="support")
    client.force_login(person)
    answer = client.get(reverse("ous:resellers"))
    assert [branch.ou for branch in answer.context["branches"]] == [north]
    assert answer.context["companies"] == [lone]
    assert "South" not in answer.content.decode()
    assert page(client, root).status_code == 404


def test_the_way_up_from_a_company_goes_through_every_sub_reseller(
    client: Client, root: OU, support: Any
) -> None:
    north = make_ou(parent=root, type=SUB, title="North")
    igloo = make_ou(parent=north, title="Igloo Ltd")
    crumbs = page(client, igloo).context["crumbs"]
    assert [title for title, _ in crumbs] == ["Companies", "The Reseller", "North"]


def test_a_reseller_with_many_below_it_is_paged(client: Client, root: OU, support: Any) -> None:
    for number in range(60):
        make_ou(parent=root, title=f"Company {number:03}")
    first = page(client, root)
    assert len(first.context["rows"]) == 50
    rest = client.get(first.context["page"].next_url)
    assert len(rest.context["rows"]) == 10


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse("ous:resellers")).status_code == 200
    return len(seen)


def test_a_hundred_resellers_take_no_more_queries_than_three(client: Client, root: OU, support: Any) -> None:
    for _ in range(3):
        make_ou(parent=root, type=SUB)
    few = queries(client)
    for _ in range(100):
        make_ou(parent=root, type=SUB)
    assert queries(client) == few


def test_a_sub_reseller_of_another_connection_is_not_offered_where_the_api_lacks_it(
    client: Client, root: OU, current: OU
) -> None:
    person = make_person("support", root)
    person.memberships.create(ou=current, role="support")
    person.memberships.create(ou=make_ou(make_connection("legacy")), role="auditor")
    client.force_login(person)
    form = client.get(reverse("ous:new_subreseller")).context["form"]
    assert form.only_parent == root
