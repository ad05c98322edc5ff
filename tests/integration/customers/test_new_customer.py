"""Taking on a customer: the steps one after the other, left and gone on with, refused and mended."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import roles
from portal.accounts.models import CustomRole
from provisioning.models import OU, Action, Batch, Catalogue, Domain, Package, Reading
from tests.integration.customers.conftest import PASSWORD, Journey, chosen, filled, mailbox
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

FIELDS = {"mail_delivery_location": "", "smtp_password": ""}


# --- one step after the other


def test_the_first_step_asks_for_the_company_and_begins_the_flow(journey: Journey, root: OU) -> None:
    answer = journey.start()
    assert (answer.status_code, answer["Location"]) == (303, journey.url)
    assert (journey.latest.operation, journey.latest.batch) == ("ou.create_company", journey.batch)
    assert (journey.batch.kind, journey.batch.title, journey.batch.ou) == ("new_customer", "Acme Ltd", root)
    body = journey.page()
    assert "It is under way" in body
    assert 'hx-trigger="every 1s"' in body
    assert "<form" in body
    assert 'name="product"' not in body


def test_once_the_company_is_there_its_catalogue_is_chosen_from(journey: Journey) -> None:
    body = journey.to_package().page()
    assert 'value="SYN-CMS"' in body
    assert "Sell package" in body
    answer = journey.send("package", chosen())
    assert answer.status_code == 303
    assert (journey.latest.operation, journey.latest.guid) == ("package.create", journey.company.guid)
    assert journey.latest.payload == {"code": "SYN-CMS", "editions": ["SYN-CMS-BASIC-02"]}
    assert journey.latest.batch == journey.batch


def test_without_a_catalogue_it_is_fetched_and_codes_can_be_typed(journey: Journey) -> None:
    journey.to_package()
    Catalogue.objects.all().delete()
    assert "SYNAQ’s catalogue is being fetched." in journey.page()
    assert Reading.objects.filter(kind="catalogue", guid=journey.company.guid).exists()
    by_hand = journey.client.get(f"{journey.url}?by=hand").content.decode()
    assert 'name="code"' in by_hand
    journey.send("package", {"way": "typed", "code": "SYN-CMS", "editions": ""})
    assert journey.latest.payload == {"code": "SYN-CMS", "editions": []}


def test_the_form_of_the_next_step_comes_by_itself_where_there_was_none(journey: Journey) -> None:
    journey.start()
    live = {"HX-Request": "true"}
    waits = journey.client.get(journey.url, {"drawn": "", "v": "x"}, headers=live)
    assert "HX-Refresh" not in waits
    journey.company_made()
    ready = journey.client.get(journey.url, {"drawn": "", "v": "x"}, headers=live)
    assert ready["HX-Refresh"] == "true"


def test_a_page_that_was_open_while_the_company_was_made_has_the_catalogue_fetched(journey: Journey) -> None:
    journey.to_package()
    Catalogue.objects.all().delete()
    live = journey.client.get(journey.url, {"drawn": "", "v": "x"}, headers={"HX-Request": "true"})
    assert "hx-trigger" in live.content.decode()
    assert Reading.objects.filter(kind="catalogue", guid=journey.company.guid).exists()


def test_a_form_that_somebody_types_in_is_never_taken_away(journey: Journey) -> None:
    journey.to_package()
    journey.send("package", chosen())
    live = journey.client.get(journey.url, {"drawn": "package:", "v": "x"}, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in live
    assert "This step has moved on since the page was opened." in live.content.decode()


def test_a_page_that_waits_for_the_last_step_comes_to_its_end_by_itself(journey: Journey) -> None:
    journey.to_service()
    Package.objects.update(code="SYN-PIN-SEC", name="Securemail")
    journey.send("provision", {})
    Domain.objects.update(state="active")
    end(journey.latest)
    live = journey.client.get(journey.url, {"drawn": "", "v": "x"}, headers={"HX-Request": "true"})
    assert live["HX-Refresh"] == "true"
    ended = journey.client.get(journey.url, {"drawn": "end", "v": "x"}, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in ended
    assert 'id="finish"' in journey.page()


def test_the_domain_goes_under_the_package(journey: Journey) -> None:
    body = journey.to_domain().page()
    assert "By itself" not in body
    assert f'value="under:{journey.package.guid}" id="id_way_0" checked' in " ".join(body.split()) or (
        f"under:{journey.package.guid}" in body
    )
    journey.send("domain", {"domain_name": "Münster.example", "way": f"under:{journey.package.guid}"})
    assert (journey.latest.operation, journey.latest.guid) == (
        "domain.create_in_package",
        journey.package.guid,
    )
    assert journey.latest.title == "xn--mnster-3ya.example"


def test_a_domain_that_needs_no_service_fields_skips_that_step(journey: Journey) -> None:
    body = journey.to_service().page()
    assert "None are needed." in body
    assert "Provision acme.example" in body


def test_service_fields_come_first_where_the_packages_want_them(journey: Journey) -> None:
    body = journey.to_service(fields=FIELDS).page()
    assert "Service fields of acme.example" in body
    journey.send("fields", {"mail_delivery_location": "mx.acme.example", "smtp_password": PASSWORD})
    assert journey.latest.operation == "domain.fields"
    assert PASSWORD not in str(journey.latest.payload)
    assert "The next step opens here" in journey.page()
    Domain.objects.update(fields={"mail_delivery_location": "mx.acme.example", "smtp_password": "********"})
    end(journey.latest)
    assert "Provision acme.example" in journey.page()


def test_whoever_knows_better_provisions_without_the_fields(journey: Journey) -> None:
    journey.to_service(fields=FIELDS)
    body = journey.client.get(f"{journey.url}?step=provision").content.decode()
    assert "Provision acme.example" in body
    assert journey.send("provision", {}).status_code == 303
    assert journey.latest.operation == "domain.provision"


def test_mailboxes_follow_as_many_as_one_likes(journey: Journey) -> None:
    journey.to_service()
    journey.send("provision", {})
    Domain.objects.update(state="active")
    end(journey.latest)
    assert "First mailbox" in journey.page()
    for local in ("ann", "bob"):
        answer = journey.send("mailboxes", mailbox(local))
        assert answer.status_code == 303
    asked = Action.objects.filter(operation="mailbox.create", batch=journey.batch)
    assert sorted(asked.values_list("title", flat=True)) == ["ann@acme.example", "bob@acme.example"]
    body = journey.page()
    assert "Another mailbox" in body
    assert "ann@acme.example" in body
    assert PASSWORD not in body


def test_a_product_without_mailboxes_ends_after_provisioning(journey: Journey) -> None:
    journey.to_service("SYN-PIN-SEC", state="active")
    body = journey.page()
    assert "Everything is there." in body
    assert "has no mailboxes of its own" in body
    answer = journey.client.post(reverse("customers:close", args=[journey.batch.pk]))
    assert answer["Location"] == reverse("ous:detail", args=[journey.company.guid])
    assert journey.batch.state == "finished"
    assert "This customer is taken on." in journey.page()


# --- left, and gone on with


def test_it_is_left_and_another_person_goes_on(journey: Journey, root: OU) -> None:
    journey.to_package()
    other = Client()
    colleague = make_person("support", root)
    other.force_login(colleague)
    assert "Acme Ltd" in other.get(reverse("customers:list")).content.decode()
    assert "Acme Ltd" in other.get(reverse("customers:start")).content.decode()
    answer = other.post(f"{journey.url}?step=package", {"submission": str(uuid.uuid4()), **chosen()})
    assert answer.status_code == 303
    assert (journey.latest.by, journey.latest.batch) == (colleague, journey.batch)


def test_what_was_done_meanwhile_on_the_companys_page_counts(journey: Journey) -> None:
    journey.to_package()
    package = make_package(journey.company, name="CloudMail")
    assert "Add domain" in journey.page()
    make_domain(journey.company, "acme.example", package, state="active")
    assert "First mailbox" in journey.page()


def test_a_stranger_finds_nothing(journey: Journey) -> None:
    journey.to_package()
    stranger = Client()
    stranger.force_login(make_person("support", make_ou()))
    assert stranger.get(journey.url).status_code == 404
    assert stranger.post(f"{journey.url}?step=package", chosen()).status_code == 404
    assert stranger.post(reverse("customers:close", args=[journey.batch.pk])).status_code == 404
    assert "Acme" not in stranger.get(reverse("customers:list")).content.decode()


def test_an_auditor_sees_it_and_takes_no_step(journey: Journey, root: OU) -> None:
    journey.to_package()
    auditor = Client()
    auditor.force_login(make_person("auditor", root))
    body = auditor.get(journey.url).content.decode()
    assert "Your role does not include this step." in body
    assert "Sell package" not in body
    auditor.post(f"{journey.url}?step=package", chosen())
    assert not Action.objects.filter(operation="package.create").exists()
    assert auditor.get(reverse("customers:start")).status_code == 404


def test_support_without_billable_changes_stops_before_the_sale(journey: Journey, root: OU) -> None:
    person = make_person("support_nobill", root)
    journey.client.force_login(person)
    journey.to_package()
    assert "Your role does not include this step." in journey.page()
    journey.send("package", chosen())
    assert not Action.objects.filter(operation="package.create").exists()


def test_it_is_taken_off_the_list_and_what_exists_stays(journey: Journey) -> None:
    journey.to_package()
    journey.client.post(reverse("customers:close", args=[journey.batch.pk]), {"give_up": "1"})
    assert journey.batch.state == "abandoned"
    assert "Acme Ltd" not in journey.client.get(reverse("customers:list")).content.decode()
    assert "Acme Ltd" in journey.client.get(reverse("customers:list"), {"all": "1"}).content.decode()
    journey.send("package", chosen())
    assert not Action.objects.filter(operation="package.create").exists()


# --- sent twice, two at once


def test_a_double_click_begins_one_flow(journey: Journey, root: OU) -> None:
    data = filled(root)
    first = journey.client.post(reverse("customers:start"), data)
    second = journey.client.post(reverse("customers:start"), data)
    assert first["Location"] == second["Location"]
    assert (Batch.objects.count(), Action.objects.count()) == (1, 1)


def test_a_double_click_on_a_step_asks_once(journey: Journey) -> None:
    journey.to_package()
    data = {"submission": str(uuid.uuid4()), **chosen()}
    for _ in range(2):
        assert journey.client.post(f"{journey.url}?step=package", data).status_code == 303
    assert Action.objects.filter(operation="package.create").count() == 1


def test_two_people_take_the_same_step_once(journey: Journey, root: OU) -> None:
    journey.to_package()
    journey.send("package", chosen())
    other = Client()
    other.force_login(make_person("support", root))
    answer = other.post(
        f"{journey.url}?step=package", {"submission": str(uuid.uuid4()), **chosen()}, follow=True
    )
    assert "This step is under way." in answer.content.decode()
    assert Action.objects.filter(operation="package.create").count() == 1


def test_the_back_button_shows_a_step_that_was_taken_and_takes_it_no_more(journey: Journey) -> None:
    journey.to_domain()
    answer = journey.client.post(f"{journey.url}?step=package", {"submission": "x", **chosen()}, follow=True)
    assert "This step has been taken meanwhile." in answer.content.decode()
    assert Action.objects.filter(operation="package.create").count() == 1


def test_steps_cannot_be_jumped(journey: Journey) -> None:
    journey.to_package()
    for step in ("domain", "fields", "provision", "mailboxes"):
        assert journey.send(step, {"domain_name": "a.example", "email_local": "x"}).status_code == 303
    assert Action.objects.count() == 1
    assert journey.send("nonsense", {}).status_code == 404


# --- cost


def test_the_list_costs_the_same_with_one_flow_and_with_ten(journey: Journey, root: OU) -> None:
    journey.start()
    url = reverse("customers:list")
    with CaptureQueriesContext(
        connection,
    ) as few:
        journey.client.get(url)
    for number in range(9):
        journey.start(title=f"Customer {number}")
    with CaptureQueriesContext(connection) as many:
        body = journey.client.get(url).content.decode()
    assert "Customer 8" in body
    assert len(many) == len(few)


def test_the_flows_page_costs_the_same_with_one_mailbox_and_with_six(journey: Journey) -> None:
    journey.to_service(state="active")
    journey.send("mailboxes", mailbox("m0"))
    journey.page()
    with CaptureQueriesContext(connection) as few:
        journey.page()
    for number in range(1, 6):
        journey.send("mailboxes", mailbox(f"m{number}"))
        make_mailbox(journey.domain)
    with CaptureQueriesContext(connection) as many:
        journey.page()
    assert len(many) == len(few)


def test_what_has_not_changed_is_not_sent_again(journey: Journey) -> None:
    journey.start()
    page: Any = journey.client.get(journey.url)
    vals = {**json.loads(page.context["live_vals"]), "drawn": ""}
    assert journey.client.get(journey.url, vals, headers={"HX-Request": "true"}).status_code == 204


def test_editions_are_chosen_only_by_whoever_chooses_them(journey: Journey, support: Any) -> None:
    journey.to_service(state="active")
    assert 'name="package_edition_code"' in journey.page()
    rest = sorted(roles.ROLES["support"].permissions - {roles.CHANGE_EDITIONS})
    role = CustomRole.objects.create(ou=journey.root, label="Desk", permissions=rest)
    support.memberships.update(role=role.name)
    assert "package_edition_code" not in journey.page()
    answer = journey.send("mailboxes", mailbox(package_edition_code="SYN-CMS-BASIC-02"))
    assert answer.status_code == 422
    assert "You do not choose editions here" in answer.content.decode()
    assert not Action.objects.filter(operation="mailbox.create").exists()
    assert journey.send("mailboxes", mailbox()).status_code == 303
    assert "package_edition_code" not in Action.objects.get(operation="mailbox.create").payload
