"""The price effect beside what changes the bill: the right numbers, for those who may see prices and nobody else."""

from __future__ import annotations

import uuid
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.billing import books, effect, pricing
from portal.billing.models import PriceBook
from provisioning.models import OU, Catalogue, Connection, Domain, DomainLink, Mailbox, Package
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.prices.test_sums import EDITION, make_book, make_figure

pytestmark = pytest.mark.django_db
D = Decimal
OTHER, DEAR = "NO-PRICE-YET", "SYN-CM-PREM"


class World:
    """A company with 9 counted; from the 11th on one costs less; another edition costs 25, a third has no price."""

    def __init__(self) -> None:
        self.reseller = make_ou(title="Reseller")
        self.company = make_ou(parent=self.reseller, title="Acme")
        self.book: PriceBook = make_book(self.reseller, "10")
        self.book.prices.get(edition=EDITION).tiers.create(first=11, unit=D("7.5"))
        self.book.prices.create(edition=DEAR, unit=D(25))
        self.package: Package = make_package(self.company, editions=(EDITION, DEAR, OTHER))
        self.domain: Domain = make_domain(self.company, "acme.example", self.package)
        make_figure(self.domain, 9, month=books.today().replace(day=1))
        self.ann: Mailbox = make_mailbox(self.domain, "ann", edition_code=EDITION)
        self.new: Mailbox = make_mailbox(self.domain, "new", edition_code=DEAR, state="inactive")
        # Not counted yet this month: its mailboxes stand in for a report.
        self.second: Domain = make_domain(self.company, "second.example", self.package)
        make_mailbox(self.second, edition_code=EDITION)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def support(client: Client, world: World) -> Client:
    client.force_login(make_person("support", world.reseller))
    return client


def page(client: Client, name: str, *args: Any, **data: Any) -> str:
    url = reverse(name, args=args)
    answer = client.post(url, data) if data else client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_each_edition_of_a_new_mailbox_says_what_it_adds_by_its_tier(support: Client, world: World) -> None:
    shown = page(support, "mailboxes:new", world.domain.guid)
    assert (
        f"{EDITION} – ZAR 7.50 more a month" in shown
    )  # the eleventh: 9 counted, and one on the second domain
    assert f"{DEAR} – ZAR 25.00 more a month" in shown
    assert f"{OTHER} – unpriced" in shown


def test_another_edition_says_the_difference(support: Client, world: World) -> None:
    shown = page(support, "mailboxes:edition", world.ann.guid)
    assert f"{DEAR} – ZAR 15.00 more a month" in shown
    assert f"{EDITION} – the present one" in shown
    assert f"{OTHER} – unpriced" in shown


def test_ends_say_what_falls_away(support: Client, world: World) -> None:
    less = "ZAR 10.00 less a month, without tax"
    assert less in page(support, "mailboxes:delete", world.ann.guid)
    assert less in page(support, "batches:teardown", "mailbox", world.ann.guid)
    assert "ZAR 90.00 less" in page(support, "batches:teardown", "domain", world.domain.guid)
    bare = make_domain(
        world.company, package=world.package
    )  # its mailboxes are gone: what is counted is of other kinds
    make_figure(bare, 2, month=books.today().replace(day=1), edition=DEAR)
    assert "ZAR 50.00 less" in page(support, "domains:delete", bare.guid)
    DomainLink.objects.filter(domain=bare).delete()
    assert "ZAR 100.00 less" in page(support, "batches:teardown", "package", world.package.guid)
    owner = Client()
    owner.force_login(make_person("owner", world.reseller))
    session = owner.session
    session["account_authentication_methods"] = [{"method": "password", "at": 2_000_000_000_000}]
    session.save()
    assert "ZAR 150.00 less" in page(owner, "batches:teardown", "ou", world.company.guid)
    assert "none: nothing of it is billed now" in page(support, "mailboxes:delete", world.new.guid)


def test_many_are_reckoned_together(support: Client, world: World) -> None:
    guids = [world.ann.guid, make_mailbox(world.domain, edition_code=OTHER).guid]
    shown = page(support, "mailboxes:selected", operation="delete", guid=guids)
    assert "ZAR 10.00 less a month" in shown
    assert f"Unpriced, which is not free: {OTHER}" in shown
    begun = page(support, "mailboxes:selected", operation="provision", guid=[world.new.guid])
    assert "ZAR 25.00 more a month" in begun
    assert "ZAR 25.00 more a month" in page(support, "mailboxes:detail", world.new.guid)
    assert "Price effect" not in page(support, "mailboxes:detail", world.ann.guid)


def test_a_file_says_what_all_its_rows_add(support: Client, world: World) -> None:
    text = "Email,First name,Last name,Password,Edition,Activate\n" + "".join(
        f"m{number}@acme.example,,Smith,,{edition},{active}\n"
        for number, (edition, active) in enumerate([("", "yes"), (EDITION, ""), (DEAR, "no"), (OTHER, "yes")])
    )
    answer = support.post(reverse("mailboxes:import"), {"submission": str(uuid.uuid4()), "text": text})
    shown = " ".join(support.get(answer["Location"]).content.decode().split())
    assert "ZAR 15.00 more a month" in shown  # the 11th and the 12th
    assert f"Unpriced, which is not free: {OTHER}" in shown


def test_what_only_a_report_will_count_says_what_one_more_costs(support: Client, world: World) -> None:
    inactive = make_domain(world.company, "third.example", world.package, state="inactive")
    for name, *args in (
        ("domains:provision", inactive.guid),
        ("packages:do", world.package.guid, "provision"),
        ("domains:new", world.company.guid),
    ):
        shown = page(support, name, *args)
        assert f"{DEAR}</span>: ZAR 25.00 more a month" in shown
        assert f"{OTHER}</span>: unpriced" in shown


def test_a_sale_says_beside_each_edition_what_one_more_costs(support: Client, world: World) -> None:
    editions = [{"code": DEAR, "name": "Premium"}, {"code": OTHER, "name": "Strange"}]
    raw = {"products": [{"code": "SYN-CMS", "name": "CloudMail", "editions": editions}]}
    Catalogue.objects.create(ou=world.company, raw=raw, as_at=timezone.now())
    for dialect in ("legacy", "current"):  # with editions chosen one by one, and without
        Connection.objects.update(dialect=dialect)
        shown = page(support, "packages:new", world.company.guid)
        assert "ZAR 25.00 more a month" in shown
        assert "unpriced" in shown


def test_on_closing_the_documents_are_silent(support: Client, world: World) -> None:
    for name, *args in (
        ("domains:do", world.domain.guid, "close"),
        ("packages:do", world.package.guid, "close"),
        ("mailboxes:do", world.ann.guid, "suspend"),
    ):
        assert "is not documented" in page(support, name, *args)


def test_nobody_without_the_right_sees_a_price(client: Client, world: World) -> None:
    client.force_login(make_person("company_admin", world.company))
    pages: list[tuple[Any, ...]] = [
        ("mailboxes:new", world.domain.guid),
        ("mailboxes:delete", world.ann.guid),
        ("mailboxes:detail", world.new.guid),
    ]
    for one in pages:
        shown = page(client, *one)
        assert "ZAR" not in shown
        assert "unpriced" not in shown
    PriceBook.objects.update(shown_to_customer=True)
    for one in pages:
        assert "ZAR" in page(client, *one)
    # A book of their own, that is not shown, counts for them.
    make_book(world.company, "3")
    for one in pages:
        assert "ZAR" not in page(client, *one)
    assert "Price effect" not in page(client, "mailboxes:delete", world.ann.guid)


def test_without_any_price_nothing_is_said(support: Client, world: World) -> None:
    PriceBook.objects.all().delete()
    shown = page(support, "mailboxes:new", world.domain.guid)
    assert "unpriced" not in shown
    assert "Price effect" not in page(support, "mailboxes:delete", world.ann.guid)


def test_of_several_companies_only_those_are_reckoned_whose_prices_one_sees(
    client: Client, world: World
) -> None:
    foreign = make_ou(parent=world.reseller, title="Other Ltd")
    box = make_mailbox(make_domain(foreign, "other.example"), edition_code=EDITION)
    person = make_person("company_admin", foreign)
    person.memberships.create(ou=world.company, role="support")
    client.force_login(person)
    shown = page(client, "mailboxes:selected", operation="delete", guid=[world.ann.guid, box.guid])
    assert "ZAR 10.00 less a month" in shown
    assert "Only of those companies whose prices you may see" in shown


def test_the_ground_takes_the_same_queries_for_one_company_and_for_many(world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            ground = effect.ground(OU.objects.filter(type=OU.Type.COMPANY))
        assert ground.counts[world.company.pk, EDITION] == 10
        return len(found)

    before = queries()
    for _ in range(4):
        company = make_ou(parent=world.reseller)
        domain = make_domain(company, package=make_package(company))
        make_figure(domain, 3, month=books.today().replace(day=1))
        make_mailbox(domain, edition_code=EDITION)
    assert queries() == before


def test_the_numbers_are_those_of_the_price_itself(world: World) -> None:
    ground = effect.ground(OU.objects.filter(pk=world.company.pk))
    price = ground.prices[world.company.pk][EDITION]
    for number in (1, 5, -3, -40):
        found = effect.effect(ground, Counter({(world.company.pk, EDITION): number}))
        assert found.nets["ZAR"] == pricing.difference(price, 10, max(0, 10 + number))
