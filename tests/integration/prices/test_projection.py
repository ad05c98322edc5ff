"""What the month comes to: present counts, what is planned, and what if; in scope alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import CustomRole
from portal.billing import books, projection
from provisioning.models import OU, Action, Domain, Scheduled
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.prices.test_sums import EDITION, make_book, make_figure

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def domain() -> Domain:
    company = make_ou(parent=make_ou(), title="Projected Ltd")
    assert company.parent is not None
    make_book(company.parent, "10")
    row = make_domain(company, package=make_package(company, editions=(EDITION,)))
    make_figure(row, 5, month=books.today().replace(day=1))
    return row


def ask(operation: str, thing: Any, **payload: Any) -> None:
    Action.objects.create(
        connection=thing.connection, operation=operation, ou=thing.ou, kind=thing.kind, guid=thing.guid,
        title=str(thing), lock_key=f"{operation} {thing.guid} {uuid.uuid4()}", payload=payload,
        submission=uuid.uuid4(),
    )  # fmt: skip


def test_what_is_under_way_or_set_for_this_month_is_reckoned_with(domain: Domain) -> None:
    ask("mailbox.create", domain, provision_immediately=True)
    ask("mailbox.create", domain, provision_immediately=True, package_edition_code="OTHER")
    ask("mailbox.create", domain)  # recorded only: not billed
    for _ in range(2):
        ask("mailbox.delete", make_mailbox(domain, edition_code=EDITION))
    ask("mailbox.change_edition", make_mailbox(domain, edition_code=EDITION), code="OTHER")
    found = {line.edition: line for line in projection.expected(OU.objects.filter(pk=domain.ou_id))}
    assert (found[EDITION].now, found[EDITION].change, found[EDITION].count) == (5, -2, 3)
    assert (found[EDITION].effect, found[EDITION].so_far.net) == (D("-20.00"), D("50.00"))  # type: ignore[union-attr]
    assert (found["OTHER"].count, found["OTHER"].at_end, found["OTHER"].effect) == (2, None, None)


@pytest.mark.parametrize(("days", "count"), [(-1, 0), (40, 5)])
def test_a_domain_whose_deletion_is_set_for_this_month_costs_no_more(
    domain: Domain, days: int, count: int
) -> None:
    Scheduled.objects.create(
        connection=domain.connection, ou=domain.ou, kind="domain", guid=domain.guid, title=domain.name,
        submission=uuid.uuid4(), due_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    (line,) = projection.expected(OU.objects.filter(pk=domain.ou_id))
    assert line.count == count


def test_what_ends_with_its_package_or_by_an_action_under_way_is_counted_once(domain: Domain) -> None:
    ous = OU.objects.filter(pk=domain.ou_id)
    boxes = [make_mailbox(domain, edition_code=EDITION) for _ in range(3)]
    for box in boxes:
        ask("mailbox.delete", box)
    ask("mailbox.create", domain, provision_immediately=True)
    Scheduled.objects.create(
        connection=domain.connection, ou=domain.ou, kind="mailbox", guid=boxes[0].guid, title=boxes[0].email,
        submission=uuid.uuid4(), due_at=timezone.now(),
    )  # fmt: skip
    (line,) = projection.expected(ous)
    assert line.count == 3  # five, three of them go, one comes
    package = domain.packages.get()
    Scheduled.objects.create(
        connection=domain.connection, ou=domain.ou, kind="package", guid=package.guid, title=str(package),
        submission=uuid.uuid4(), due_at=timezone.now(),
    )  # fmt: skip
    (line,) = projection.expected(ous)
    assert (line.now, line.count) == (5, 0)
    Scheduled.objects.update(cancelled_at=timezone.now())
    ask("domain.delete", domain)
    (line,) = projection.expected(ous)
    assert (line.now, line.count) == (5, 0)


def test_of_a_domain_without_a_report_its_mailboxes_are_expected(domain: Domain) -> None:
    silent = make_domain(domain.ou, package=domain.packages.get())
    ask("mailbox.delete", make_mailbox(silent, edition_code=EDITION))
    make_mailbox(silent, edition_code=EDITION, state="inactive")
    for _ in range(2):
        make_mailbox(silent, edition_code=EDITION)
    (line,) = projection.expected(OU.objects.filter(pk=domain.ou_id))
    assert (line.now, line.count, line.effect) == (5, 7, D("20.00"))


def test_what_is_asked_for_at_another_account_under_the_same_guid_is_not_counted(domain: Domain) -> None:
    box = make_mailbox(domain, edition_code=EDITION)
    elsewhere = make_mailbox(make_domain(make_ou(parent=make_ou())), guid=box.guid)
    ask("mailbox.delete", elsewhere)
    (line,) = projection.expected(OU.objects.filter(pk=domain.ou_id))
    assert line.count == 5


def test_the_company_s_page_has_this_month_with_its_cost_for_those_who_see_usage(
    client: Client, domain: Domain
) -> None:
    url = reverse("ous:detail", args=[domain.ou.guid])
    make_domain(domain.ou)
    client.force_login(make_person("finance", domain.ou))
    shown = " ".join(client.get(url).content.decode().split())
    assert "Usage this month" in shown
    assert "ZAR 50.00" in shown
    assert "1 domain in service has no figure this month" in shown
    assert f"{reverse('prices:projection')}?company={domain.ou.guid}" in shown
    role = CustomRole.objects.create(ou=domain.ou, label="Looks", permissions=["ous.see", "packages.see"])
    client.force_login(make_person(role.name, domain.ou, "looks@example.test"))
    shown = client.get(url).content.decode()
    assert "Usage this month" not in shown
    assert "ZAR" not in shown


def test_the_page_answers_what_if_and_says_what_it_assumes(client: Client, domain: Domain) -> None:
    assert domain.ou.parent is not None
    client.force_login(make_person("finance", domain.ou.parent))
    page = client.get(reverse("prices:projection"))
    assert "Projected Ltd" in page.content.decode()
    assert projection.ASSUMPTION[:40] in page.content.decode()
    asked = {"company": domain.ou.guid, "edition": EDITION, "number": "100"}
    page = client.get(reverse("prices:projection"), asked)
    assert "1,050" in page.content.decode()
    for wrong in ({"number": "many"}, {"company": make_ou().guid}, {"edition": "", "number": "3"}):
        assert client.get(reverse("prices:projection"), asked | wrong).status_code == 422


def test_only_those_who_see_usage_see_it_and_of_their_own_companies(client: Client, domain: Domain) -> None:
    client.force_login(make_person("company_admin", domain.ou))
    assert client.get(reverse("prices:projection")).status_code == 404
    client.force_login(make_person("finance", make_ou()))
    assert "Projected Ltd" not in client.get(reverse("prices:projection")).content.decode()
