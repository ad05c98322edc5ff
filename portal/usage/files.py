"""The matrix as a file: one row a company and edition, which is what spreadsheets and other programs can work with.

What is not known is said in words in a column of its own, and its number is left empty: an empty cell is no nought.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse

from portal import exports
from portal.usage.asked import Asked, in_address
from portal.usage.figures import Obtained, obtained
from portal.usage.matrix import Matrix
from provisioning.models import OU

HEADINGS = (
    "Month", "Company", "Client reference", "Company GUID", "Product", "Edition", "In use", "Compared with",
    "In use then", "Domains counted", "Domains not counted", "Stale figures", "Data as at", "Obtained", "Currency",
    "Net", "Tax", "Remark",
)  # fmt: skip
FORMATS = dict(exports.FORMATS)


def links(asked: Asked) -> list[dict[str, str]]:
    """For the menu of exports."""
    path = reverse("usage:list")
    return [{"label": label, "url": asked.with_filters(path, export=form)} for form, label in exports.FORMATS]


def answer(matrix: Matrix, form: str) -> HttpResponseBase:
    """All companies that the filters leave."""
    rows = list(_rows(matrix))
    return exports.answer(form, f"usage-{in_address(matrix.asked.month)}", HEADINGS, rows)


def _rows(matrix: Matrix) -> Iterator[list[Any]]:
    asked = matrix.asked
    ous = {ou.pk: ou for ou in matrix.shown.order_by("title", "pk")}
    before = {(row.ou, row.edition): row for row in matrix.before_of(asked.companies.order_by().values("pk"))}
    how = obtained(asked.companies.order_by().values("pk"), asked.month, asked.figures)
    lines = {(line.ou, line.edition): line for line in matrix.lines}
    keys = sorted({*lines, *before}, key=lambda key: (matrix.products.get(key[1], ""), key[1]))
    of: dict[int, list[str]] = {}
    for owner, edition in keys:
        of.setdefault(owner, []).append(edition)
    for pk, ou in ous.items():
        for edition in of.get(pk, []):
            line, then = lines.get((pk, edition)), before.get((pk, edition))
            got = how.get((pk, edition), Obtained())
            yield [
                *_who(asked, ou), matrix.products.get(edition, ""), edition, line.count if line else None,
                in_address(asked.before) if asked.before else None, then.count if then else None,
                line.domains if line else 0, matrix.missing_of.get(pk, 0), line.stale if line else 0,
                got.oldest, got.how if got.ways else "", *_money(asked, line),
                "not counted in this month" if line is None else "",
            ]  # fmt: skip
        if pk not in of:
            missing = matrix.missing_of.get(pk, 0)
            yield [
                *_who(asked, ou), None, None, None, None, None, 0, missing, 0, None, "", None, None, None,
                "nobody knows what is in use",
            ]  # fmt: skip


def _who(asked: Asked, ou: OU) -> list[Any]:
    return [in_address(asked.month), ou.title, ou.client_ref, ou.guid]


def _money(asked: Asked, line: Any) -> list[Any]:
    """Currency, net and tax; a part of a company's domains has no price of its own."""
    if line is None or asked.domain:
        return [None, None, None]
    if not line.is_priced:
        return ["unpriced", None, None]
    return [line.currency, line.net, line.tax]
