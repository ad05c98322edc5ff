"""Companies and sub-resellers."""

from typing import Any

import pytest

from tests.unit.sandbox.driver import COMPANY, Driver


def create(sandbox: Driver, given: Any, parent: str | None = None) -> Any:
    return sandbox.post(f"ous/{parent or sandbox.reseller}/companies.json", {"ou": given})


def test_a_company_is_created_and_shown(either: Driver) -> None:
    reply = create(either, {**COMPANY, "client_ref": "al", "vat_numer": "987654320"})
    assert reply.status == 201
    assert ("location", f"/api/v1/ous/{reply.guid}") in reply.headers
    shown = either.shown("ou", reply.guid)
    assert (shown["title"], shown["client_ref"], shown["vat_numer"]) == ("Acme Ltd", "al", "987654320")
    assert shown["physical_address"]["country"] == "ZA"


def test_locations_are_answered_without_the_suffix_too(legacy: Driver) -> None:
    assert legacy.get(create(legacy, COMPANY).location).status == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"title": ""}, "title: This value should not be blank."),
        ({"title": "  "}, "title: This value should not be blank."),
        ({"title": "x" * 256}, "title: This value is too long. It should have 255 characters or less."),
        ({"title": 7}, "title: This value is not valid."),
        ({"vat_number": "1"}, "vat_number: This field was not expected."),
        ({"physical_address": None}, "physical_address: This value should not be blank."),
        ({"physical_address": "20 Long Street"}, "physical_address: This value is not valid."),
    ],
)
def test_what_is_wrong_with_a_company_is_named(legacy: Driver, change: dict[str, Any], error: str) -> None:
    reply = create(legacy, {**COMPANY, **change})
    assert (reply.status, reply.errors) == (400, [error])


def test_every_fault_of_an_address_is_named(legacy: Driver) -> None:
    reply = create(legacy, {"title": "Acme", "physical_address": {"line_1": "1", "country": "South Africa"}})
    assert reply.errors == [
        "physical_address.city: This value should not be blank.",
        "physical_address.postal_code: This value should not be blank.",
        "physical_address.country: This value is not a valid country.",
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"company": {}}', b'{"ou": []}', b'{"ou": {}, "x": 1}'])
def test_a_body_that_is_not_as_documented_is_refused(legacy: Driver, body: bytes) -> None:
    reply = legacy.call("POST", f"ous/{legacy.reseller}/companies.json", body)
    assert (reply.status, reply.json["code"]) == (400, 400)


def test_a_subreseller_has_companies_of_its_own_in_the_legacy_generation_only(
    legacy: Driver, current: Driver
) -> None:
    reply = legacy.post(f"ous/{legacy.reseller}/subresellers.json", {"ou": COMPANY})
    assert create(legacy, COMPANY, reply.guid).status == 201
    assert legacy.delete(f"ous/{reply.guid}.json").status == 409
    assert current.post(f"ous/{current.reseller}/subresellers.json", {"ou": COMPANY}).status == 404


def test_a_company_has_no_companies(legacy: Driver) -> None:
    assert create(legacy, COMPANY, legacy.company()).status == 409


def test_an_ou_is_changed_in_the_current_generation_only(legacy: Driver, current: Driver) -> None:
    guid = current.company()
    change = {"ou": {"title": "Acme (Pty) Ltd", "physical_address": {"city": "Durban"}}}
    assert current.patch(f"ous/{guid}.json", change).status == 204
    shown = current.shown("ou", guid)
    assert shown["title"] == "Acme (Pty) Ltd"
    assert shown["physical_address"] == {**COMPANY["physical_address"], "city": "Durban"}  # type: ignore[dict-item]
    assert current.patch(f"ous/{guid}.json", {"ou": {"title": ""}}).status == 400
    assert legacy.patch(f"ous/{legacy.company()}.json", change).status == 405


def test_an_ou_is_deleted_unless_it_has_active_packages(either: Driver) -> None:
    guid = either.company()
    package = either.cloudmail(guid)
    domain = either.live_domain(package)
    refused = either.delete(f"ous/{guid}.json")
    assert (refused.status, refused.errors) == (409, None)
    either.done(f"domains/{domain}", "Delete")
    assert either.delete(f"ous/{guid}.json").status == 204
    for path in (f"ous/{guid}.json", f"packages/{package}.json", f"domains/{domain}.json"):
        assert either.get(path).status == 404


def test_the_reseller_itself_stays(legacy: Driver) -> None:
    assert legacy.delete(f"ous/{legacy.reseller}.json").status == 409
