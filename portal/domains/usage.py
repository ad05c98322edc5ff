"""What a domain uses, as its page shows it: the last report against the one before, what is behind it, and its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal import access
from provisioning.models import Domain, Reading, UsageCount, UsageReport
from provisioning.synaq.answers import read_usage

_SHOWN = 6  # reports of the history
_MAILBOXES = 50  # behind one count that are named here; the rest is counted
_WATCHED = timedelta(
    minutes=10
)  # so long the page itself waits for a report; then it is looked at when it is opened
_KINDS = (Reading.Kind.USAGE, Reading.Kind.USAGE_DETAIL)


@dataclass(frozen=True)
class Line:
    """One edition of the last report. `change` since the one before, None where that did not name it."""

    edition: str
    product: str
    count: int
    change: int | None
    mailboxes: list[dict[str, str]]
    more: int
    warning: str
    problem: str


def of(request: HttpRequest, domain: Domain) -> dict[str, Any]:
    """For domains/_usage.html: `usage_lines`, `usage_report`, `usage_history` (newest first), `usage_reading` …"""
    reports = _reports(domain, UsageReport.Source.SUMMARY)
    readings = Reading.objects.filter(connection=domain.connection_id, kind__in=_KINDS, guid=domain.guid)
    due = next((row for row in readings if row.due_at is not None), None)
    return {
        "usage_report": reports[0] if reports else None,
        "usage_lines": _lines(request, domain, reports),
        "usage_history": [_past(request, reports, place) for place in range(min(len(reports), _SHOWN))],
        "usage_reading": due,
        "usage_trouble": next((row.trouble for row in readings if row.trouble and row.due_at is None), ""),
        "usage_moves": due is not None and timezone.now() - due.asked_at < _WATCHED,
        "usage_shown": read_usage({"domain_usage_report": domain.usage}),
    }


def _reports(domain: Domain, source: str) -> list[UsageReport]:
    rows = UsageReport.objects.filter(domain=domain, source=source).order_by("-id")
    return list(rows.select_related("action__by").prefetch_related("counts")[: _SHOWN + 1])


def _counts(report: UsageReport | None) -> dict[str, UsageCount]:
    return {row.edition: row for row in report.counts.all()} if report else {}


def _lines(request: HttpRequest, domain: Domain, reports: list[UsageReport]) -> list[Line]:
    now = _counts(reports[0] if reports else None)
    before = _counts(reports[1] if len(reports) > 1 else None)
    detail = next(iter(_reports(domain, UsageReport.Source.DETAILED)), None)
    behind = _counts(detail)
    known = _known(request, domain, behind.values())
    found = []
    for code in sorted(now.keys() | before.keys() | behind.keys()):
        row, more = now.get(code), behind.get(code)
        if row is None and more is None and (code not in before or reports[0].problems):
            continue  # what an odd report does not name is not known to be none
        count = row.count if row else more.count if more else 0
        boxes = [_box(one, known) for one in (more.mailboxes if more else [])]
        found.append(
            Line(
                code,
                (row or more or before[code]).product,
                count,
                count - before[code].count if code in before else None,
                boxes[:_MAILBOXES],
                len(boxes) - len(boxes[:_MAILBOXES]),
                " ".join(filter(None, {(row and row.warning) or "", (more and more.warning) or ""})),
                " ".join(filter(None, {(row and row.problem) or "", (more and more.problem) or ""})),
            )
        )
    return found


def _known(request: HttpRequest, domain: Domain, counts: Iterable[UsageCount]) -> dict[str, str]:
    """Pages of the mailboxes that are named, for those who may open them; by address and by GUID."""
    named = [one for row in counts for one in row.mailboxes[:_MAILBOXES] if isinstance(one, dict)]
    if not named:
        return {}
    boxes = access.mailboxes(request).filter(domain=domain, email__in=[one.get("email", "") for one in named])
    return {box.email.casefold(): reverse("mailboxes:detail", args=[box.guid]) for box in boxes}


def _box(one: Any, known: dict[str, str]) -> dict[str, str]:
    email = str(one.get("email") or one.get("guid") or "") if isinstance(one, dict) else str(one)
    return {"email": email, "url": known.get(email.casefold(), "")}


def _past(request: HttpRequest, reports: list[UsageReport], place: int) -> dict[str, Any]:
    """One line of the history: the whole number, what changed, and who had it counted."""
    report = reports[place]
    total = sum(row.count for row in report.counts.all())
    older = reports[place + 1] if place + 1 < len(reports) else None
    action = report.action
    return {
        "report": report,
        "total": total,
        "change": total - sum(row.count for row in older.counts.all()) if older else None,
        "by": str(action.by or "The portal") if action else "",
        "url": reverse("activity:detail", args=[action.pk]) if action else "",
    }
