"""The page of one domain: what it wants next, what is under way, what failed."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import inflight
from provisioning.models import OU, Action, Domain, DomainLink, Reading
from provisioning.services import domains, mailboxes
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

SECUREMAIL = {
    "mail_delivery_location": None,
    "mail_delivery_alternative": None,
    "auth_method": "smtp",
    "username": "relay",
    "password": "••••••••",
}


@pytest.fixture
def domain(acme: OU) -> Domain:
    return make_domain(acme, "acme.example", make_package(acme), state="inactive")


def page(client: Client, domain: Domain, **extra: Any) -> str:
    answer = client.get(reverse("domains:detail", args=[domain.guid]), **extra)
    assert answer.status_code == 200
    return str(answer.content.decode())


def next_step(body: str) -> str:
    return (
        body.partition('id="next-step"')[2].partition(">")[2].partition("<")[0] if "next-step" in body else ""
    )


def provision(client: Client, domain: Domain, submission: str = "") -> Any:
    data = {"submission": submission or str(uuid.uuid4())}
    return client.post(reverse("domains:provision", args=[domain.guid]), data)


def test_a_domain_without_a_package_wants_one(client: Client, acme: OU, support: Any) -> None:
    alone = make_domain(acme, state="inactive")
    assert next_step(page(client, alone)) == "Sell a package"
    make_package(acme)
    assert next_step(page(client, alone)) == "Link a package"


def test_empty_service_fields_come_before_provisioning(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(fields=SECUREMAIL)
    body = page(client, domain)
    assert next_step(body) == "Fill in service fields"
    assert "SYNAQ wants to know: Mail server." in body
    assert body.count("Not filled in") == 1
    assert "set, not shown" in body
    assert "••••" not in body


def test_with_nothing_missing_it_wants_to_be_provisioned(
    client: Client, domain: Domain, support: Any
) -> None:
    assert next_step(page(client, domain)) == "Provision"


def test_in_service_it_wants_its_first_mailbox_and_then_nothing(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(state="active")
    assert next_step(page(client, domain)) == "New mailbox"
    make_mailbox(domain)
    assert next_step(page(client, domain)) == ""


def test_provisioning_is_asked_for_once_however_often_it_is_pressed(
    client: Client, domain: Domain, support: Any
) -> None:
    mark = str(uuid.uuid4())
    answers = [provision(client, domain, mark), provision(client, domain, mark), provision(client, domain)]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {
        (303, reverse("domains:detail", args=[domain.guid]))
    }
    action = Action.objects.get()
    assert (action.operation, action.guid, action.by) == ("domain.provision", domain.guid, support)
    body = page(client, domain)
    assert "It is being provisioned already." in body
    assert next_step(body) == ""


def test_what_the_state_forbids_is_told_and_nothing_is_asked_for(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(state="active")
    answer = client.post(reverse("domains:provision", args=[domain.guid]), {}, follow=True)
    assert "it is active now" in answer.content.decode()
    assert not Action.objects.exists()


def test_a_domain_without_packages_cannot_be_provisioned_and_the_button_says_why(
    client: Client, acme: OU, support: Any
) -> None:
    alone = make_domain(acme, state="inactive")
    assert "Link a package first" in page(client, alone)
    assert (
        "Link a package first" in client.get(reverse("domains:provision", args=[alone.guid])).content.decode()
    )


def test_of_a_domain_whose_packages_synaq_does_not_show_the_page_says_so(
    client: Client, acme: OU, support: Any
) -> None:
    elsewhere = make_domain(acme, raw={"domain_name": "acme.example", "state": "active"})
    body = page(client, elsewhere)
    assert "SYNAQ does not show which packages it is on." in body
    assert "Link a package first" not in body


def test_asked_on_a_page_of_its_own_before_provisioning(client: Client, domain: Domain, support: Any) -> None:
    body = client.get(reverse("domains:provision", args=[domain.guid])).content.decode()
    assert "Provision acme.example?" in body
    assert not Action.objects.exists()


def test_a_failed_provision_shows_synaqs_words_and_can_be_submitted_again(
    client: Client, domain: Domain, support: Any
) -> None:
    provision(client, domain)
    end(Action.objects.get(), "MX of <acme> is not ours")
    body = page(client, domain)
    assert "MX of &lt;acme&gt; is not ours" in body
    assert 'id="submit-again"' in body
    provision(client, domain)
    assert Action.objects.filter(state=Action.State.QUEUED).count() == 1
    assert 'id="submit-again"' not in page(client, domain)


def test_a_failure_that_was_overcome_is_not_held_up(client: Client, domain: Domain, support: Any) -> None:
    provision(client, domain)
    end(Action.objects.get(), "MX missing")
    Domain.objects.update(state="active")
    assert 'id="submit-again"' not in page(client, domain)


def test_a_domain_whose_provisioning_at_once_failed_offers_it_again(
    client: Client, acme: OU, support: Any
) -> None:
    package = make_package(acme)
    action = domains.create_domain_in_package(
        package, by=support, name="quick.example", at_once=True, submission=uuid.uuid4()
    )
    made = make_domain(acme, "quick.example", package, state="error")
    end(action, "No space left", made.guid)
    body = page(client, made)
    assert "No space left" in body
    assert reverse("domains:provision", args=[made.guid]) in body


def test_the_live_part_moves_until_the_action_has_ended(client: Client, domain: Domain, support: Any) -> None:
    provision(client, domain)
    body = page(client, domain)
    assert 'hx-trigger="every 1s"' in body
    vals = json.loads(body.partition('hx-vals="')[2].partition('"')[0].replace("&quot;", '"'))
    where = reverse("domains:detail", args=[domain.guid])
    assert client.get(where, vals, HTTP_HX_REQUEST="true").status_code == 204
    Domain.objects.update(state="active")
    end(Action.objects.get())
    last = client.get(where, vals, HTTP_HX_REQUEST="true")
    assert "hx-trigger" not in last.content.decode()
    assert "Finished" in last["HX-Trigger"]


def test_mailboxes_are_seen_from_the_click_on(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(state="active")
    domain.refresh_from_db()
    details = {"email_local": "ann", "last_name": "Smith"}
    mailboxes.create_mailbox(
        domain, by=support, details=details, password="Sample123$", at_once=True, submission=uuid.uuid4()
    )
    body = page(client, domain)
    assert "Being made: mailboxes" in body
    assert "ann@acme.example" in body
    assert 'hx-trigger="every 1s"' in body


def test_mailboxes_are_counted_by_state(client: Client, domain: Domain, support: Any) -> None:
    for state in ("active", "active", "closed"):
        make_mailbox(domain, state=state)
    make_mailbox(domain, state="suspended", account_locked=True)
    make_mailbox(domain, gone_at=timezone.now())
    body = page(client, domain)
    assert "All 4 mailboxes" in body
    assert f"domain={domain.guid}&amp;locked=1" in body


def test_an_old_reading_is_asked_for_anew_when_the_page_is_opened(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(as_at=timezone.now() - timedelta(minutes=2))
    body = page(client, domain)
    assert Reading.objects.get(kind="domain", guid=domain.guid).due_at
    assert "being read from SYNAQ" in body
    assert 'hx-trigger="every 1s"' in body


def test_a_fresh_page_asks_for_no_reading(client: Client, domain: Domain, support: Any) -> None:
    assert 'hx-trigger="every' not in page(client, domain)
    assert not Reading.objects.exists()


def test_refresh_has_the_domain_and_its_packages_read(client: Client, domain: Domain, support: Any) -> None:
    where = reverse("domains:refresh", args=[domain.guid])
    assert client.get(where).status_code == 405
    assert client.post(where).status_code == 303
    assert set(Reading.objects.values_list("kind", flat=True)) == {"domain", "package"}


def test_a_domain_that_is_gone_says_so_and_offers_nothing(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(gone_at=timezone.now())
    body = page(client, domain)
    assert "SYNAQ no longer knows this domain." in body
    assert next_step(body) == ""


def test_usage_and_unusual_answers_do_no_harm(client: Client, domain: Domain, support: Any) -> None:
    report = {
        "state": "FINISHED",
        "data_as_at": "2018-02-19 13:00:00+0200",
        "edition_usage_reports": [{"edition_code": "SYN-CMS-BASIC-02", "count": 21}],
    }
    odd = {"weird <b>": {"deep": [1, {"x": None}]}, "flag": True, "many": ["a", "b"], "n": 7}
    Domain.objects.update(usage=report, fields=odd, state="Brand New State")
    body = page(client, domain)
    assert "SYN-CMS-BASIC-02" in body
    assert "Brand New State" in body
    assert "Weird &lt;b&gt;" in body
    Domain.objects.update(usage=[], fields=["not", "an object"])
    page(client, domain)


def test_hostile_words_are_escaped(client: Client, root: OU, support: Any) -> None:
    company = make_ou(parent=root, title="<script>alert(1)</script>")
    package = make_package(company, name="<img src=x>")
    hostile = make_domain(company, '"><svg onload=1>.example', package, state='"><b>')
    for where in (reverse("domains:detail", args=[hostile.guid]), reverse("domains:list")):
        body = client.get(where).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x>" not in body
        assert "<svg onload" not in body


def test_a_name_in_other_letters_is_shown_both_ways(client: Client, acme: OU, support: Any) -> None:
    domain = make_domain(acme, "xn--mnchen-3ya.example")
    assert "münchen.example" in page(client, domain)
    assert "münchen.example" in client.get(reverse("domains:list")).content.decode()


@pytest.mark.parametrize("role", ["finance", "company_admin", "company_helpdesk"])
def test_roles_without_domains_find_no_page(client: Client, root: OU, domain: Domain, role: str) -> None:
    client.force_login(make_person(role, root))
    for route in ("detail", "link", "fields", "provision", "refresh"):
        assert client.post(reverse(f"domains:{route}", args=[domain.guid])).status_code == 404
    assert client.get(reverse("domains:list")).status_code == 404
    assert not Action.objects.exists()


def test_an_auditor_reads_and_changes_nothing(client: Client, root: OU, domain: Domain) -> None:
    client.force_login(make_person("auditor", root))
    body = page(client, domain)
    assert next_step(body) == ""
    assert 'id="provision"' not in body
    for route in ("link", "fields", "provision"):
        assert client.post(reverse(f"domains:{route}", args=[domain.guid])).status_code == 404


def test_a_stranger_learns_nothing(client: Client, domain: Domain) -> None:
    client.force_login(make_person("owner", make_ou()))
    for route in ("detail", "link", "fields", "provision"):
        assert client.get(reverse(f"domains:{route}", args=[domain.guid])).status_code == 404


def test_a_hundred_mailboxes_cost_no_more_queries_than_two(
    client: Client, domain: Domain, support: Any
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(client, domain)
        return len(queries)

    Domain.objects.update(state="active")

    def link(packages: int) -> None:
        for _ in range(packages):
            package = make_package(domain.ou)
            DomainLink.objects.create(domain=domain, package=package, as_at=timezone.now())

    for _ in range(2):
        make_mailbox(domain)
    link(1)
    few = cost()
    for _ in range(98):
        make_mailbox(domain)
    link(4)
    assert cost() == few


@pytest.mark.django_db(transaction=True)
def test_an_end_between_two_queries_never_leaves_an_old_state_for_good(
    client: Client, domain: Domain, support: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page read the state first, then the open actions: if it ends between, it must not stop asking."""
    provision(client, domain)
    read = inflight.on

    def elsewhere() -> None:
        Domain.objects.update(state="active")
        end(Action.objects.get())
        connection.close()

    def read_late(*args: Any) -> list[Action]:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return read(*args)

    monkeypatch.setattr(inflight, "on", read_late)
    body = page(client, domain)
    monkeypatch.undo()
    assert Action.objects.get().state == "finished"
    assert "In service." in body or "hx-trigger" in body
