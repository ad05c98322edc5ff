"""What is behind a domain's counts of a month: its figures, the reports that came in, and the billable mailboxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal import access
from portal.billing import sums
from portal.usage.company import how
from provisioning import usage
from provisioning.models import Domain, MonthlyFigure, UsageCount, UsageReport

_REPORTS = 40
_MAILBOXES = 500  # of one edition that are named; the rest is counted


@dataclass(frozen=True)
class FigureRow:
    """The figure that counts for the month, the report it is of, and what SYNAQ says about it."""

    edition: str
    product: str
    count: int
    at: datetime
    dated: bool
    stale: bool
    way: str
    warning: str
    problem: str


@dataclass(frozen=True)
class Behind:
    """The mailboxes that SYNAQ lists behind one count, each with its page for those who may open it."""

    edition: str
    count: int
    mailboxes: list[dict[str, str]]
    more: int
    at: datetime


@dataclass(frozen=True)
class ReportRow:
    """One report as it came. `state` is SYNAQ's word; `url` and `batch_url` lead to who had it counted."""

    report: UsageReport
    kind: str
    state: str
    way: str
    counts: list[UsageCount]
    url: str
    batch_url: str


def figures(request: HttpRequest, domain: Domain, month: date) -> list[FigureRow]:
    """By product and edition."""
    rows = MonthlyFigure.objects.filter(
        domain=domain, month=month, ou__in=access.usage_companies(request).values("pk")
    )
    found = list(
        rows.select_related("report__action__by", "report__action__batch__usage_run")
        .defer("report__raw")
        .order_by("product", "edition")
    )
    said = {
        (one.report_id, one.edition): one
        for one in UsageCount.objects.filter(report__in={row.report_id for row in found}).defer("mailboxes")
    }
    edge = sums.stale_before(month)
    return [_figure(row, said.get((row.report_id, row.edition)), edge) for row in found]


def _figure(row: MonthlyFigure, said: UsageCount | None, edge: datetime) -> FigureRow:
    at = row.data_as_at or row.received_at
    return FigureRow(
        row.edition,
        row.product,
        row.count,
        at,
        row.data_as_at is not None,
        at < edge,
        how(row.report),
        said.warning if said else "",
        said.problem if said else "",
    )


def reports(request: HttpRequest, domain: Domain, month: date) -> list[ReportRow]:
    """Those of the month, the newest data first."""
    counts = UsageCount.objects.order_by("product", "edition").defer("mailboxes")
    rows = list(
        _own(request, domain, month)
        .select_related("action__by", "action__batch__usage_run")
        .prefetch_related(Prefetch("counts", queryset=counts))
        .reverse()[:_REPORTS]
    )
    actions = _pks(access.actions(request), (row.action_id for row in rows))
    batches = _pks(access.batches(request), (row.action.batch_id for row in rows if row.action))
    return [_report(row, actions, batches) for row in rows]


def _own(request: HttpRequest, domain: Domain, month: date) -> QuerySet[UsageReport]:
    """The month's reports in the order of their data, as far as the company was then the viewer's."""
    return usage.reports_of(domain, month).filter(pk__in=access.usage_reports(request).values("pk"))


def _pks(seen: Any, wanted: Iterable[int | None]) -> set[int]:
    pks = set(filter(None, wanted))
    return set(seen.filter(pk__in=pks).values_list("pk", flat=True)) if pks else set()


def _report(row: UsageReport, actions: set[int], batches: set[int]) -> ReportRow:
    action = row.action
    state = row.raw.get("state", "") if isinstance(row.raw, dict) else ""
    return ReportRow(
        row,
        row.get_source_display(),
        str(state)[:60],
        how(row),
        list(row.counts.all()),
        reverse("activity:detail", args=[action.pk]) if action and action.pk in actions else "",
        reverse("batches:detail", args=[action.batch_id]) if action and action.batch_id in batches else "",
    )


def mailboxes(request: HttpRequest, domain: Domain, month: date, edition: str = "") -> list[Behind]:
    """Of the month's last detailed report the mailboxes behind each count; nothing where SYNAQ lists none."""
    last = _own(request, domain, month).filter(source=usage.DETAILED).last()
    if last is None:
        return []
    rows = UsageCount.objects.filter(report=last).exclude(mailboxes=[]).order_by("product", "edition")
    if edition:
        rows = rows.filter(edition=edition)
    found = list(rows)
    pages = _pages(request, domain, found)
    return [
        Behind(
            row.edition,
            row.count,
            [_box(one, pages) for one in row.mailboxes[:_MAILBOXES]],
            max(0, len(row.mailboxes) - _MAILBOXES),
            last.data_as_at or last.received_at,
        )
        for row in found
    ]


def _pages(request: HttpRequest, domain: Domain, found: Iterable[UsageCount]) -> dict[str, str]:
    emails = [
        str(one.get("email", ""))
        for row in found
        for one in row.mailboxes[:_MAILBOXES]
        if isinstance(one, dict)
    ]
    boxes = access.mailboxes(request).filter(domain=domain, email__in=emails)
    return {
        email.casefold(): reverse("mailboxes:detail", args=[guid])
        for email, guid in boxes.values_list("email", "guid")
    }


def _box(one: Any, pages: dict[str, str]) -> dict[str, str]:
    email = str(one.get("email") or one.get("guid") or "") if isinstance(one, dict) else str(one)
    return {"email": email, "url": pages.get(email.casefold(), "")}
