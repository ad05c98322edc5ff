"""One customer's month: by edition, what is behind each count by domain, and the months before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from portal import listing
from portal.billing import sums
from portal.billing.sums import LineOf
from portal.usage.asked import Asked
from portal.usage.figures import Obtained, way
from portal.usage.matrix import Cell, Matrix, Row
from provisioning.models import OU, Domain, MonthlyFigure


@dataclass(frozen=True)
class EditionRow:
    """One edition: its line (None: it was counted in the other month only), and how its figures were obtained."""

    code: str
    label: str
    product: str
    cell: Cell
    line: LineOf | None
    obtained: Obtained | None
    url: str
    chosen: bool


@dataclass(frozen=True)
class Figure:
    """One figure of a domain, with its age and way."""

    edition: str
    count: int
    at: datetime
    dated: bool
    stale: bool
    way: str
    odd: bool


@dataclass(frozen=True)
class DomainRow:
    """A domain with its figures; without any, nobody has counted it in the month."""

    domain: Domain
    url: str
    figures: list[Figure]


def matrix_of(asked: Asked, ou: OU) -> Matrix:
    """The company's own, whatever else is filtered."""
    return Matrix.read(replace(asked, under=[], company=[ou], term="", domain="", product="", edition=""))


def editions(asked: Asked, matrix: Matrix, row: Row, how: Any) -> list[EditionRow]:
    lines = {line.edition: line for line in matrix.lines}
    path = reverse("usage:company", args=[row.ou.guid])
    return [
        EditionRow(
            column.code,
            column.label,
            column.product_name or column.product,
            cell,
            lines.get(column.code),
            how.get((row.ou.pk, column.code)),
            asked.url(path, edition="" if asked.edition == column.code else column.code),
            asked.edition == column.code,
        )
        for column, cell in zip(matrix.columns, row.cells, strict=True)
    ]


def domains(asked: Asked, ou: OU) -> tuple[list[DomainRow], listing.Page]:
    """The domains behind the month's counts, and those that nobody counted; by name. Three queries."""
    own = MonthlyFigure.objects.filter(ou=ou, month=asked.month)
    if asked.edition:
        own = own.filter(edition=asked.edition)
    missing = sums.missing(OU.objects.filter(pk=ou.pk), asked.month)
    counted = Exists(own.filter(domain=OuterRef("pk")))
    # what nobody counted may be of the edition too
    page = listing.page(
        asked.request, Domain.objects.filter(counted | Q(pk__in=missing.values("pk"))), "name", "id"
    )
    found: dict[int, list[Figure]] = defaultdict(list)
    edge = sums.stale_before(asked.month)
    figures = own.filter(domain__in=page.rows).order_by("product", "edition").select_related(
        "report__action__by", "report__action__batch__usage_run"
    )  # fmt: skip
    for row in figures.defer("report__raw"):
        found[row.domain_id].append(_figure(row, edge))
    rows = [
        DomainRow(
            domain,
            asked.url(reverse("usage:domain", args=[domain.guid]), edition=asked.edition),
            found[domain.pk],
        )
        for domain in page.rows
    ]
    return rows, page


def _figure(row: MonthlyFigure, edge: datetime) -> Figure:
    at = row.data_as_at or row.received_at
    return Figure(
        row.edition,
        row.count,
        at,
        row.data_as_at is not None,
        at < edge,
        how(row.report),
        bool(row.report.problems),
    )


def how(report: Any) -> str:
    """How the report was obtained, in words."""
    action = report.action
    run = getattr(action.batch, "usage_run", None) if action and action.batch else None
    return way(
        detailed=report.source == report.Source.DETAILED,
        why=run.why if run else None,
        action=action,
        by=str(action.by) if action and action.by else "",
    )
