"""A domain in service whose fields were changed: it is stale until the changes are applied, on the current API alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import words
from provisioning.models import OU, Action, Domain
from provisioning.services import domains, ous, packages
from tests.integration.domains.test_domain_page import next_step, page
from tests.integration.endings import end
from tests.integration.factories import make_connection, make_domain, make_ou, make_package, make_person
from tests.integration.sandboxed import Sandbox, drive_to_the_end, running_sandbox

ADDRESS = {"line_1": "1 Main Road", "city": "Cape Town", "postal_code": "8001", "country": "ZA"}
REFRESH = "domain.refresh"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("sandbox")), "current") as running:
        yield running


@pytest.fixture
def reseller(client: Client) -> OU:
    """On the current API, with somebody of support signed in."""
    root = make_ou(make_connection("current"))
    client.force_login(make_person("support", root))
    return root


@pytest.fixture
def domain(reseller: OU) -> Domain:
    company = make_ou(parent=reseller)
    return make_domain(company, "now.example", make_package(company, "SM-STD", ("SM-STD",)), state="stale")


@pytest.fixture
def old(acme: OU) -> Domain:
    """A stale domain on the API of 2018."""
    return make_domain(acme, "acme.example", make_package(acme), state="stale")


def do(domain: Domain) -> str:
    return reverse("domains:do", args=[domain.guid, "refresh"])


def buttons(client: Client, domain: Domain) -> dict[str, Any]:
    found: dict[str, Any] = client.get(reverse("domains:detail", args=[domain.guid])).context["buttons"]
    return found


def menu(client: Client) -> list[str]:
    (row,) = client.get(reverse("domains:list")).context["rows"]
    return [item["label"] for item in row["menu"]]


def new_domain(root: OU, by: Any) -> Domain:
    """One in service at the sandbox."""

    def mark() -> dict[str, Any]:
        return {"by": by, "submission": uuid.uuid4()}

    ous.create_company(root, details={"title": "Acme", "physical_address": ADDRESS}, **mark())
    drive_to_the_end()
    company = OU.objects.get(title="Acme")
    packages.create_package(company, code="SM-STD", editions=[], **mark())
    drive_to_the_end()
    domains.create_domain_in_package(company.packages.get(), name="acme.example", at_once=False, **mark())
    drive_to_the_end()
    domain = Domain.objects.get()
    fields = {name: "mx.acme.example" for name in domain.fields if not name.endswith("password")}
    secrets = {name: "Rel4y-Pass" for name in domain.fields if name.endswith("password")}
    domains.fill_fields(domain, fields=fields, secrets=secrets, **mark())
    domains.provision_domain(domain, **mark())
    drive_to_the_end()
    domain.refresh_from_db()
    return domain


@pytest.mark.django_db(transaction=True)
def test_changed_fields_take_effect_by_the_button(client: Client, process: Sandbox) -> None:
    process.tell("reset", seed="empty")
    root = process.root()
    person = make_person("support", root)
    client.force_login(person)
    domain = new_domain(root, person)
    assert domain.state == "active"
    changed = {"mail_delivery_location": "mx2.acme.example"}
    domains.fill_fields(domain, by=person, fields=changed, secrets={}, submission=uuid.uuid4())
    drive_to_the_end()
    domain.refresh_from_db()
    assert domain.state == "stale"
    assert next_step(page(client, domain)) == "Apply changes"
    url = buttons(client, domain)[REFRESH]["url"]
    assert client.post(url, {"submission": str(uuid.uuid4())}).status_code == 303
    drive_to_the_end()
    domain.refresh_from_db()
    action = Action.objects.get(operation=REFRESH)
    assert (domain.state, action.state, action.by) == ("active", "finished", person)
    assert process.applied("domain.Refresh") == 1
    body = page(client, domain)
    assert REFRESH not in buttons(client, domain)
    assert "Apply changes" in body, "Activity tells of it"


@pytest.mark.django_db
def test_it_is_the_next_step_of_a_stale_domain_and_done_by_one_press(client: Client, domain: Domain) -> None:
    body = page(client, domain)
    assert next_step(body) == "Apply changes"
    assert 'id="apply-changes"' in body
    assert "takes effect once it is applied" in body
    mark = {"submission": str(uuid.uuid4())}
    assert {client.post(do(domain), mark).status_code for _ in range(2)} == {303}
    assert Action.objects.get().operation == REFRESH
    body = page(client, domain)
    assert "Apply changes is under way already." in body
    assert next_step(body) == ""


@pytest.mark.django_db
def test_the_reading_button_is_called_otherwise(client: Client, domain: Domain) -> None:
    body = page(client, domain)
    reads = body.partition(f'action="{reverse("domains:refresh", args=[domain.guid])}"')[2].partition(
        "</form>"
    )[0]
    assert "Read again" in reads
    assert body.count("Refresh") == body.count("which SYNAQ calls Refresh") == 1


@pytest.mark.django_db
def test_asked_for_from_the_list_it_is_asked_first_in_synaqs_word_too(client: Client, domain: Domain) -> None:
    assert "Apply changes" in menu(client)
    body = client.get(do(domain)).content.decode()
    assert "Apply changes to now.example?" in body
    assert "SYNAQ calls this Refresh" in body
    assert not Action.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "state", ["active", "inactive", "closed", "suspended", "error", "pending", "orphaned"]
)
def test_where_nothing_is_left_to_apply_it_is_not_offered(client: Client, domain: Domain, state: str) -> None:
    Domain.objects.update(state=state)
    assert REFRESH not in buttons(client, domain)
    assert "Apply changes" not in menu(client)
    answer = client.post(do(domain), {}, follow=True)
    assert f"it is {'in error' if state == 'error' else state} now" in answer.content.decode()
    assert not Action.objects.exists()


@pytest.mark.django_db
def test_a_failure_is_shown_in_synaqs_words_and_submitted_again_by_one_press(
    client: Client, domain: Domain
) -> None:
    client.post(do(domain), {})
    end(Action.objects.get(), "The store <is> busy")
    body = page(client, domain)
    assert "Apply changes failed" in body
    assert "The store &lt;is&gt; busy" in body
    again = body.partition('id="submit-again"')[0].rpartition("<button")[2]
    assert f'formaction="{do(domain)}"' in again


@pytest.mark.django_db
def test_the_api_of_2018_has_no_such_action_and_the_page_says_so(
    client: Client, old: Domain, support: Any
) -> None:
    assert REFRESH not in buttons(client, old)
    assert "Apply changes" not in menu(client)
    body = page(client, old)
    assert next_step(body) != "Apply changes"
    assert "has no action that applies it" in body
    answer = client.post(do(old), {}, follow=True)
    assert "Apply changes is not part of the legacy API." in answer.content.decode()
    assert not Action.objects.exists()


@pytest.mark.django_db
def test_attention_leads_to_it_or_to_the_domain(client: Client, reseller: OU, domain: Domain) -> None:
    def line() -> tuple[str, str]:
        (cause,) = client.get("/attention/").context["causes"]
        return cause.lines[0].step, cause.lines[0].step_url

    assert line() == ("Apply changes", do(domain))
    client.force_login(make_person("auditor", reseller))
    assert line()[1] == reverse("domains:detail", args=[domain.guid])


@pytest.mark.django_db
def test_attention_leads_to_the_domain_on_the_api_of_2018(client: Client, old: Domain, support: Any) -> None:
    (cause,) = client.get("/attention/").context["causes"]
    assert cause.lines[0].step_url == reverse("domains:detail", args=[old.guid])


@pytest.mark.django_db
def test_who_may_not_change_domains_may_not_apply(client: Client, reseller: OU, domain: Domain) -> None:
    for person in (make_person("auditor", reseller), make_person("owner", make_ou())):
        client.force_login(person)
        assert client.post(do(domain)).status_code == 404
    client.force_login(make_person("auditor", reseller))
    assert 'id="apply-changes"' not in page(client, domain)
    assert not Action.objects.exists()


@pytest.mark.django_db
def test_a_domain_that_is_gone_is_not_said_to_be_stale(client: Client, old: Domain, support: Any) -> None:
    Domain.objects.update(gone_at=timezone.now())
    assert "has no action that applies it" not in page(client, old)


def test_stale_says_that_it_is_not_in_effect_and_names_no_button_that_may_not_be_there() -> None:
    for noun in ("", "domain", "package", "mailbox"):
        meaning = words.object_word("stale", noun).meaning
        assert "effect" in meaning
        assert "Refresh" not in meaning
