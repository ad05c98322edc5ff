"""Whoever must have a second factor sees nothing until there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from portal.accounts import second_factor
from portal.accounts.models import CustomRole, Membership, Person, SecondFactorRule
from provisioning.models import OU
from tests.integration.accounts import steps
from tests.integration.factories import make_ou, make_person

SET_UP = "/accounts/second-factor/"
HTMX = {"hx-request": "true", "hx-current-url": "http://testserver/mailboxes/?q=a"}


@pytest.fixture(autouse=True)
def _owners_must(db: None) -> Iterator[None]:
    cache.clear()
    with override_settings(SECOND_FACTOR_ROLES=["owner"]):
        yield


def test_every_page_leads_to_setting_it_up(signed_in: Client) -> None:
    for path in ("/", "/companies/", "/accounts/security/", "/accounts/password/change/", "/audit/"):
        assert signed_in.get(path)["Location"] == SET_UP, path
    assert signed_in.post("/companies/new/", {"title": "A"})["Location"] == SET_UP


def test_setting_it_up_signing_out_and_the_theme_stay_open(signed_in: Client) -> None:
    for path in (SET_UP, "/accounts/second-factor/app/add/", "/accounts/passkeys/add/"):
        assert signed_in.get(path).status_code == 200, path
    assert signed_in.post("/theme/", {"theme": "dark"})["Location"] == "/"
    assert signed_in.get("/health").status_code == 200
    signed_in.post("/accounts/logout/")
    assert signed_in.get("/companies/")["Location"].startswith("/accounts/login/")


def test_a_fragment_takes_the_whole_page_there(signed_in: Client) -> None:
    answer = signed_in.get("/mailboxes/", headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Redirect"].startswith(SET_UP)
    assert not answer.content


def test_a_fragment_after_the_session_has_ended_takes_the_whole_page_to_the_sign_in(client: Client) -> None:
    answer = client.get("/mailboxes/?v=1&open=2", headers=HTMX)
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fmailboxes%2F%3Fq%3Da"


def test_a_fragment_that_claims_another_site_leads_home(client: Client) -> None:
    answer = client.get("/mailboxes/", headers={**HTMX, "hx-current-url": "https://evil.example/x"})
    assert "evil" not in answer["HX-Redirect"]


def test_once_it_is_set_up_they_go_on_to_where_they_wanted(signed_in: Client, owner: Person) -> None:
    signed_in.get("/companies/?q=a")
    steps.add_app(owner)
    assert signed_in.get(SET_UP)["Location"] == "/companies/?q=a"
    assert signed_in.get("/companies/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(signed_in: Client, owner: Person) -> None:
    steps.add_codes(owner)
    assert signed_in.get("/companies/")["Location"] == SET_UP


def test_removing_the_last_one_leads_back_to_setting_one_up(signed_in: Client, owner: Person) -> None:
    steps.add_app(owner)
    signed_in.post("/accounts/second-factor/app/remove/")
    assert signed_in.get("/companies/")["Location"] == SET_UP


def test_roles_that_nobody_named_go_without(client: Client, reseller: OU) -> None:
    steps.sign_in(client, make_person("support", reseller))
    assert client.get("/companies/").status_code == 200


def test_a_role_given_while_they_work_asks_at_the_next_request(client: Client, reseller: OU) -> None:
    person = make_person("support", reseller)
    steps.sign_in(client, person)
    assert client.get("/companies/").status_code == 200
    Membership.objects.create(person=person, ou=reseller, role="owner")
    assert client.get("/companies/")["Location"] == SET_UP


def test_an_owners_rule_holds_for_its_ou_and_below_only(reseller: OU) -> None:
    branch = make_ou(parent=reseller, type=OU.Type.RESELLER)
    company = make_ou(parent=branch)
    beside = make_ou(parent=reseller)
    SecondFactorRule.objects.create(ou=branch, role="company_admin")
    asked = {
        ou: second_factor.is_missing(make_person("company_admin", ou))
        for ou in (reseller, branch, company, beside, make_ou())
    }
    assert [ou for ou, is_asked in asked.items() if is_asked] == [branch, company]
    assert not second_factor.is_missing(make_person("company_helpdesk", company)), "another role"


def test_an_ou_whose_number_begins_alike_is_not_below(reseller: OU) -> None:
    SecondFactorRule.objects.create(ou=reseller, role="company_admin")
    alike = make_ou()
    OU.objects.filter(pk=alike.pk).update(path=f"{reseller.path[:-1]}0.")
    alike.refresh_from_db()
    assert not second_factor.is_missing(make_person("company_admin", alike))


@override_settings(SECOND_FACTOR_ROLES=["owner", "support"])
def test_a_made_role_is_asked_as_soon_as_it_holds_what_only_roles_that_are_asked_hold(reseller: OU) -> None:
    weak = CustomRole.objects.create(ou=reseller, label="A", permissions=["mailboxes.see", "domains.see"])
    strong = CustomRole.objects.create(ou=reseller, label="B", permissions=["mailboxes.see", "people.change"])
    holds_weak, holds_strong = make_person(weak.name, reseller), make_person(strong.name, reseller)
    assert not second_factor.is_missing(holds_weak), "an auditor sees domains too, and is not asked"
    assert second_factor.is_missing(holds_strong)
    assert second_factor.is_required(holds_strong)
    weak.permissions = ["acting"]
    weak.save()
    assert second_factor.is_missing(holds_weak), "what a role gets, its holders are asked for at once"
    with override_settings(SECOND_FACTOR_ROLES=[]):
        assert not second_factor.is_missing(holds_strong), "nobody is asked by the settings"


@override_settings(SECOND_FACTOR_ROLES=["owner"])
def test_the_pages_of_roles_say_that_a_strong_made_role_is_asked_everywhere(
    signed_in: Client, owner: Person, reseller: OU
) -> None:
    steps.add_app(owner)
    CustomRole.objects.create(ou=reseller, label="Invites people", permissions=["people.change"])
    assert "Owner, Invites people" in signed_in.get("/roles/second-factor/").content.decode()


def test_it_costs_one_query(owner: Person, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert second_factor.is_missing(owner)
