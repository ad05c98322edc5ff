"""A reseller with a sub-reseller, three companies, prices, and a month that is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Person
from portal.billing import closing
from portal.billing.models import ClosedMonth
from provisioning.models import OU, Domain
from tests.integration.factories import make_domain, make_ou, make_person
from tests.integration.prices.test_sums import EDITION, make_book, make_figure

OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)


@dataclass
class Tree:
    reseller: OU
    sub: OU
    acme: OU
    beta: OU
    below: OU  # the sub-reseller's company
    domains: dict[str, Domain]
    farouk: Person

    def url(self, name: str, *more: Any, ou: OU | None = None, month: date = OCTOBER) -> str:
        return reverse(f"months:{name}", args=[(ou or self.reseller).guid, f"{month:%Y-%m}", *more])


@pytest.fixture
def tree() -> Tree:
    reseller = make_ou(title="Reseller")
    sub = make_ou(parent=reseller, type=OU.Type.SUBRESELLER, title="Sub")
    acme, beta = make_ou(parent=reseller, title="Acme"), make_ou(parent=reseller, title="Beta")
    below = make_ou(parent=sub, title="Below")
    book = make_book(reseller, "10", tax_rate=Decimal(15))
    book.prices.get().tiers.create(first=11, unit=Decimal(8))
    domains = {
        "acme": make_domain(acme, "acme.example"),
        "shop": make_domain(acme, "shop.example"),
        "beta": make_domain(beta, "beta.example"),
        "below": make_domain(below, "below.example"),
    }
    for name, count in (("acme", 8), ("shop", 4), ("beta", 2), ("below", 5)):
        make_figure(domains[name], count, OCTOBER)
    return Tree(reseller, sub, acme, beta, below, domains, make_person("finance", reseller))


@pytest.fixture
def finance(client: Client, tree: Tree) -> Client:
    client.force_login(tree.farouk)
    return client


def shut(tree: Tree, ou: OU | None = None, month: date = OCTOBER, note: str = "As agreed") -> ClosedMonth:
    """Closed as it stands."""
    where = ou or tree.reseller
    return closing.close(where, month, by=tree.farouk, note=note, seen=closing.draft(where, month).mark)


def text_of(response: Any) -> str:
    return str(response.content.decode())


__all__ = ["EDITION", "OCTOBER", "SEPTEMBER", "Tree", "shut", "text_of"]
