"""Editing what SYNAQ keeps of an OU: only what this person changed is sent."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger
from provisioning.models import OU, Action
from tests.integration.factories import make_ou, make_person

pytestmark = pytest.mark.django_db

RAW = {
    "title": "Acme Ltd",
    "client_ref": "A-1",
    "phone_number": "011 1",
    "vat_numer": None,
    "physical_address": {
        "line_1": "1 Road",
        "line_2": None,
        "city": "Durban",
        "postal_code": "4001",
        "country": "ZA",
    },
}


@pytest.fixture
def acme(current: OU) -> OU:
    return make_ou(parent=current, title="Acme Ltd", raw=RAW)


def url(ou: OU) -> str:
    return reverse("ous:edit", args=[ou.guid])


def drawn(client: Client, ou: OU) -> dict[str, str]:
    """The form as the browser would send it back untouched."""
    form = client.get(url(ou)).context["form"]
    sent = {name: str(form[name].value() or "") for name in form.fields}
    known = {f"initial-{name}": value for name, value in sent.items() if name != "submission"}
    return {**sent, **known}


def save(client: Client, ou: OU, **changes: str) -> Any:
    return client.post(url(ou), {**drawn(client, ou), **changes})


def test_only_what_was_changed_is_sent(client: Client, acme: OU, staff: Any) -> None:
    answer = save(client, acme, phone_number="011 2")
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("activity:detail", args=[action.pk]))
    assert (action.operation, action.payload["changes"]) == ("ou.update", {"phone_number": "011 2"})


def test_an_address_is_sent_as_a_whole(client: Client, acme: OU, staff: Any) -> None:
    save(client, acme, city="Umhlanga")
    assert Action.objects.get().payload["changes"] == {
        "physical_address": {"line_1": "1 Road", "city": "Umhlanga", "postal_code": "4001", "country": "ZA"}
    }


def test_the_vat_number_goes_by_the_name_that_the_wire_has_for_it(
    client: Client, acme: OU, staff: Any
) -> None:
    save(client, acme, vat_number="4711")
    assert Action.objects.get().payload["changes"] == {"vat_numer": "4711"}


def test_what_is_emptied_is_sent_empty(client: Client, acme: OU, staff: Any) -> None:
    save(client, acme, client_ref="")
    assert Action.objects.get().payload["changes"] == {"client_ref": ""}


def test_nothing_changed_asks_for_nothing(client: Client, acme: OU, staff: Any) -> None:
    answer = save(client, acme)
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.content.decode()
    assert not Action.objects.exists()


def test_what_somebody_else_changed_meanwhile_stays(client: Client, acme: OU, staff: Any) -> None:
    data = drawn(client, acme)
    acme.raw = {**RAW, "phone_number": "changed by another"}
    acme.save()
    client.post(url(acme), {**data, "client_ref": "A-2"})
    assert Action.objects.get().payload["changes"] == {"client_ref": "A-2"}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "Type the company&#x27;s name."),
        ("title", " \u200b\u2066 ", "Type the company&#x27;s name."),
        ("title", "x" * 10_000, "Use at most 255 characters."),
        ("client_ref", "a\x07b", "cannot be typed"),
        ("city", "", "Type the city or town."),
        ("country", "", "Choose the country."),
        ("country", "<ZA>", "Choose one of the countries in the list."),
    ],
)
def test_a_wrong_value_is_told_and_what_was_typed_is_kept(
    client: Client, acme: OU, staff: Any, field: str, value: str, sentence: str
) -> None:
    answer = save(client, acme, **{"phone_number": "<i>kept</i>", field: value})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body
    assert "&lt;i&gt;kept&lt;/i&gt;" in body
    assert not Action.objects.exists()


def test_a_form_mended_after_a_wrong_value_still_sends_only_what_changed(
    client: Client, acme: OU, staff: Any
) -> None:
    answer = save(client, acme, title="", phone_number="011 3")
    body = answer.content.decode()
    assert '<input type="hidden" name="initial-title" value="Acme Ltd"' in body


def test_a_company_without_an_address_can_be_renamed(client: Client, current: OU, staff: Any) -> None:
    bare = make_ou(parent=current, title="Bare", raw={"guid": "g"})
    save(client, bare, title="Bare Ltd")
    assert Action.objects.get().payload["changes"] == {"title": "Bare Ltd"}


def test_a_country_that_nobody_knows_is_kept_as_synaq_has_it(client: Client, current: OU, staff: Any) -> None:
    raw = {**RAW, "physical_address": {**RAW["physical_address"], "country": "XK"}}  # type: ignore[dict-item]
    odd = make_ou(parent=current, title="Acme Ltd", raw=raw)
    save(client, odd, phone_number="1")
    assert Action.objects.get().payload["changes"] == {"phone_number": "1"}


@pytest.mark.parametrize("raw", [[], "text", {"physical_address": []}, {"title": {}, "client_ref": 7}, {}])
def test_an_odd_answer_of_synaq_breaks_no_form(client: Client, current: OU, staff: Any, raw: Any) -> None:
    odd = make_ou(parent=current, title="Odd", raw=raw)
    assert client.get(url(odd)).status_code == 200


def test_a_refusal_comes_back_beside_its_field_with_what_was_typed(
    client: Client, acme: OU, staff: Any
) -> None:
    save(client, acme, vat_number="12")
    action = Action.objects.get()
    ledger.fail(
        action, "refused", "Validation failed", [{"field": "vat_numer", "message": "No <VAT> number."}]
    )
    answer = client.get(url(acme), {"again": str(action.pk)})
    form = answer.context["form"]
    assert form.errors == {"vat_number": ["No <VAT> number."]}
    assert form["vat_number"].value() == "12"
    assert form["title"].value() == "Acme Ltd"
    assert "No &lt;VAT&gt; number." in answer.content.decode()
    data = {name: str(form[name].value() or "") for name in form.fields}
    data |= {name: value for name, value in form.data.items() if name.startswith("initial-")}
    client.post(url(acme), {**data, "vat_number": "123456"})
    assert Action.objects.latest("pk").payload["changes"] == {"vat_numer": "123456"}


def test_a_double_click_asks_once(client: Client, acme: OU, staff: Any) -> None:
    data = {**drawn(client, acme), "title": "Acme"}
    assert client.post(url(acme), data)["Location"] == client.post(url(acme), data)["Location"]
    assert Action.objects.count() == 1


def test_a_company_that_vanished_meanwhile_is_told(client: Client, acme: OU, staff: Any) -> None:
    data = {**drawn(client, acme), "title": "Acme"}
    acme.gone_at = timezone.now()
    acme.save()
    assert "no longer knows it" in client.post(url(acme), data).content.decode()
    assert not Action.objects.exists()


def test_the_legacy_api_has_no_edit(client: Client) -> None:
    root = make_ou()
    client.force_login(make_person("support", root))
    company = make_ou(parent=root)
    assert url(company) not in client.get(reverse("ous:detail", args=[company.guid])).content.decode()
    answer = client.post(url(company), {"title": "x", "submission": str(uuid.uuid4())})
    assert "legacy API" in answer.content.decode()
    assert not Action.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "finance", "company_admin"])
def test_roles_that_change_no_companies_find_no_form(
    client: Client, current: OU, acme: OU, role: str
) -> None:
    client.force_login(make_person(role, current))
    assert client.get(url(acme)).status_code == 404
    assert client.post(url(acme), {"title": "x"}).status_code == 404


def test_a_company_of_another_reseller_is_not_there(client: Client, acme: OU) -> None:
    client.force_login(make_person("owner", make_ou()))
    assert client.get(url(acme)).status_code == 404
