"""The columns of the matrix: the editions that were counted, by product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import QuerySet

from provisioning.models import OU, Edition

MOST = 24
OTHERS = "\0others"  # the column of all that have none of their own


@dataclass(frozen=True)
class Column:
    """One edition with its product; `name` and `product_name` are what packages in scope call them."""

    code: str
    product: str = ""
    name: str = ""
    product_name: str = ""

    @property
    def label(self) -> str:
        return self.name or self.code

    @property
    def is_others(self) -> bool:
        return self.code == OTHERS


@dataclass(frozen=True)
class Group:
    """The columns of one product, side by side."""

    product: str
    name: str
    width: int


def columns(companies: QuerySet[OU], counts: Counter[str], products: Mapping[str, str]) -> list[Column]:
    """By product and edition; of very many those that are used most, and one for the others. One query."""
    kept = {code for code, _ in counts.most_common(MOST)}
    names = _names(companies, kept)
    found = [
        Column(code, products.get(code, ""), *names.get(code, ("", "")))
        for code in sorted(kept, key=lambda code: (not products.get(code), products.get(code, ""), code))
    ]
    others = len(counts) - len(kept)
    return [*found, Column(OTHERS, name=f"{others} others")] if others else found


def _names(companies: QuerySet[OU], codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of each edition its name and its product's, where a package in scope says them."""
    rows = Edition.objects.filter(code__in=codes, package__ou__in=companies.order_by().values("pk"))
    said = rows.order_by("code", "name", "package__name").values_list("code", "name", "package__name")
    return {code: (name if name != code else "", product) for code, name, product in said.distinct()}


def groups(found: Sequence[Column]) -> list[Group]:
    """The products above the columns."""
    made = []
    for product, some in groupby(found, key=lambda column: (column.product, column.is_others)):
        own = list(some)
        made.append(Group(product[0], own[0].product_name or product[0], len(own)))
    return made
