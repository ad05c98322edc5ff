"""Taking on a company: the form, what it refuses, and what it asks for."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.ous import countries
from provisioning import ledger
from provisioning.models import OU, Action
from tests.integration.factories import make_ou, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def filled(root: OU, **fields: str) -> dict[str, str]:
    return {
        "parent": root.guid,
        "title": "Acme Ltd",
        "line_1": "20 Long Street",
        "city": "Johannesburg",
        "postal_code": "4321",
        "country": "ZA",
        "submission": str(uuid.uuid4()),
        **fields,
    }


def post(client: Client, data: dict[str, str]) -> Any:
    return client.post(reverse("ous:new"), data)


def test_a_company_is_asked_for_with_what_was_typed(client: Client, root: OU, support: Any) -> None:
    data = filled(
        root, client_ref="al", phone_number="011 321 6547", vat_number="987654320", line_2="2nd floor"
    )
    answer = post(client, data)
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.guid, action.by) == ("ou.create_company", root.guid, support)
    assert action.payload == {
        "title": "Acme Ltd",
        "client_ref": "al",
        "phone_number": "011 321 6547",
        "vat_numer": "987654320",
        "physical_address": {
            "line_1": "20 Long Street",
            "line_2": "2nd floor",
            "city": "Johannesburg",
            "postal_code": "4321",
            "country": "ZA",
        },
    }


def test_what_is_left_empty_is_not_sent(client: Client, root: OU, support: Any) -> None:
    post(client, filled(root))
    assert set(Action.objects.get().payload) == {"title", "physical_address"}


def test_invisible_characters_and_doubled_blanks_are_taken_out(
    client: Client, root: OU, support: Any
) -> None:
    post(client, filled(root, title="\u200b  Acme\u00a0 \t Ltd\ufeff "))
    assert Action.objects.get().payload["title"] == "Acme Ltd"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "Type the company&#x27;s name."),
        ("title", " \u200b ", "Type the company&#x27;s name."),
        ("title", "x" * 256, "Use at most 255 characters."),
        ("title", "a\x00b", "cannot be typed"),
        ("title", "a\x07b", "cannot be typed"),
        ("city", "", "Type the city or town."),
        ("postal_code", "", "Type the postal code."),
        ("line_1", "", "Type the street and number."),
        ("country", "", "Choose the country."),
        ("country", "UK", "Choose one of the countries in the list."),
        ("country", "zaf", "Choose one of the countries in the list."),
        ("parent", "elsewhere", "Choose one of the resellers in the list."),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_nothing_is_asked_for(
    client: Client, root: OU, support: Any, field: str, value: str, sentence: str
) -> None:
    answer = post(client, filled(root, **{"client_ref": "kept <as> typed", field: value}))
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body
    assert "kept &lt;as&gt; typed" in body
    assert not Action.objects.exists()


def test_a_form_sent_twice_asks_once(client: Client, root: OU, support: Any) -> None:
    data = filled(root)
    assert post(client, data)["Location"] == post(client, data)["Location"]
    assert Action.objects.count() == 1


def test_the_only_reseller_needs_no_choosing(client: Client, root: OU, support: Any) -> None:
    body = client.get(reverse("ous:new")).content.decode()
    assert f'<input type="hidden" name="parent" value="{root.guid}"' in body
    assert "A company under The Reseller." in body


def test_a_company_can_be_taken_on_under_a_sub_reseller(client: Client, root: OU, support: Any) -> None:
    below = make_ou(parent=root, type=OU.Type.SUBRESELLER, title="Below")
    page = client.get(reverse("ous:new"), {"parent": below.guid})
    assert f'<option value="{below.guid}" selected>Below</option>' in page.content.decode()
    post(client, filled(below))
    assert Action.objects.get().ou == below


def test_a_parent_of_another_reseller_is_no_choice(client: Client, root: OU, support: Any) -> None:
    answer = post(client, filled(make_ou()))
    assert answer.status_code == 422
    assert not Action.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "finance", "company_admin"])
def test_roles_that_change_no_companies_find_no_form(client: Client, root: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    assert client.get(reverse("ous:new")).status_code == 404
    assert post(client, filled(root)).status_code == 404
    assert not Action.objects.exists()


def test_membership_of_a_company_alone_takes_on_none(client: Client, root: OU) -> None:
    client.force_login(make_person("support", make_ou(parent=root)))
    assert client.get(reverse("ous:new")).status_code == 404


def test_a_refused_company_comes_back_with_the_words_beside_the_fields(
    client: Client, root: OU, support: Any
) -> None:
    post(client, filled(root, vat_number="12", client_ref="mine"))
    action = Action.objects.get()
    errors = [
        {"field": "vat_numer", "message": "This is <no> VAT number."},
        {"field": "physical_address.city", "message": "Unknown city."},
    ]
    ledger.fail(action, "refused", "Validation failed", errors)
    page = client.get(reverse("ous:new"), {"again": str(action.pk)})
    form, body = page.context["form"], page.content.decode()
    assert form.errors == {"vat_number": ["This is <no> VAT number."], "city": ["Unknown city."]}
    assert "This is &lt;no&gt; VAT number." in body
    assert f"action {action.pk}" in body
    assert form["client_ref"].value() == "mine"
    assert form["submission"].value() != action.submission


@pytest.mark.parametrize("again", ["0", "x", "9" * 40, "-1", "²"])
def test_an_action_that_is_not_there_leaves_the_form_empty(
    client: Client, root: OU, support: Any, again: str
) -> None:
    page = client.get(reverse("ous:new"), {"again": again})
    assert page.status_code == 200
    assert not page.context["form"].is_bound


def test_another_reseller_s_refused_company_is_not_shown(client: Client, root: OU, support: Any) -> None:
    client.force_login(make_person("support", make_ou()))
    elsewhere = Client()
    elsewhere.force_login(support)
    post(elsewhere, filled(root, title="Secret Ltd"))
    action = Action.objects.get()
    ledger.fail(action, "refused", "No.", [])
    page = client.get(reverse("ous:new"), {"again": str(action.pk)})
    assert "Secret Ltd" not in page.content.decode()


def test_every_country_has_its_two_letters_once() -> None:
    assert len(countries.NAMES) == 249
    assert countries.CHOICES[0] == ("ZA", "South Africa")
    assert sorted(code for code, _ in countries.CHOICES) == sorted(countries.NAMES)
    assert all(len(code) == 2 and code.isupper() and name for code, name in countries.CHOICES)


def test_going_back_and_sending_the_form_changed_is_told_that_nothing_more_was_asked_for(
    client: Client, root: OU, support: Any
) -> None:
    data = filled(root)
    post(client, data)
    Action.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    answer = client.post(reverse("ous:new"), {**data, "title": "Another Ltd"}, follow=True)
    assert Action.objects.get().payload["title"] == "Acme Ltd"
    assert "Nothing more was asked for" in answer.content.decode()


def test_a_double_click_is_told_nothing_of_it(client: Client, root: OU, support: Any) -> None:
    data = filled(root)
    post(client, data)
    answer = client.post(reverse("ous:new"), data, follow=True)
    assert "Nothing more was asked for" not in answer.content.decode()
