"""What finance is told by mail: the pack of a closed month, a quota that is passed, usage that jumps.

Looked for now and then (`portal.billing.tasks`), in Postgres alone: a look that is lost, late or doubled harms nothing. A
mail that has gone out is written down for each recipient and thing (`Sent`), and does not go out again; one that failed is
tried at the next look, and the page says since when. Of two who look at once one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils import timezone

from portal import exports, mail
from portal.billing import books, closing, corrections, statements, sums
from portal.billing.models import ClosedMonth, Line, Notice, Quota, Sent
from portal.branding import of
from provisioning.models import OU, MonthlyFigure

PACK, QUOTA, JUMP = "pack", "quota", "jump"
PACK_FOR = timedelta(days=14)  # a month that was closed longer ago is not sent any more
LARGEST = 5 * 1_048_576  # of a workbook that is attached; a larger one is fetched from the page
_MOST_TOLD = 100
_LOOKS = 7704  # class of the advisory lock; 7703 is that of billing.locks
Key = tuple[int, str]  # company, edition


def look() -> int:
    """Find corrections, and send what is due; how many mails went out. Somebody who looks already does it alone."""
    if not _locked("pg_try_advisory_lock"):
        return 0
    try:
        for root in OU.objects.filter(parent=None, pk__in=_roots()):
            corrections.find(root)
        notices = Notice.objects.exclude(recipients=[]).select_related("ou").order_by("pk")
        return sum(_send(notice) for notice in notices)
    finally:
        _locked("pg_advisory_unlock")


def _locked(how: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {how}(%s, 0)", [_LOOKS])
        return bool(cursor.fetchone()[0])


def _roots() -> set[int]:
    return {
        int(path.partition(".")[0])
        for path in ClosedMonth.objects.values_list("ou__path", flat=True).distinct()
    }


def _send(notice: Notice) -> int:
    """All that is due for one reseller. One trouble stops its mails, not those of others."""
    sent = 0
    for to in notice.recipients:
        for due in _due(notice, to):
            if not due.send(notice, to):
                _failed(notice)
                return sent
            Sent.objects.bulk_create(
                [Sent(ou=notice.ou, kind=due.kind, about=about) for about in due.abouts],
                ignore_conflicts=True,
            )
            sent += 1
    Notice.objects.filter(pk=notice.pk).exclude(failed_at=None).update(failed_at=None)
    return sent


def _failed(notice: Notice) -> None:
    Notice.objects.filter(pk=notice.pk, failed_at=None).update(failed_at=timezone.now())


@dataclass(frozen=True)
class Due:
    """One mail to one address, and what it tells of."""

    kind: str
    abouts: list[str]
    subject: str
    context: dict[str, Any]
    closed: ClosedMonth | None = None

    def send(self, notice: Notice, to: str) -> bool:
        brand = of.for_ou(notice.ou)
        context = {**self.context, "ou": notice.ou}
        files: list[tuple[str, bytes, str]] = []
        if self.closed is not None:
            path = f"/months/{notice.ou.guid}/{self.closed.month:%Y-%m}/"
            context["link"] = mail.url(path, brand)
            files = _workbook(self.closed)
            context["attached"] = bool(files)
        else:
            context["link"] = mail.url(f"/months/?ou={notice.ou.guid}", brand)
        return mail.send(
            self.template, to=to, subject=self.subject, context=context, brand=brand, files=files
        )

    @property
    def template(self) -> str:
        return "month_pack" if self.kind == PACK else "usage_alerts"


def _due(notice: Notice, to: str) -> Iterator[Due]:
    if notice.pack:
        yield from _packs(notice, to)
    for kind, alerts in ((QUOTA, list(over_quota(notice.ou))), (JUMP, list(jumps(notice)))):
        known = set(Sent.objects.filter(ou=notice.ou, kind=kind).values_list("about", flat=True))
        fresh = [alert for alert in alerts if alert.about(to) not in known]
        if fresh:
            number = f"{len(fresh)} {'customer' if len(fresh) == 1 else 'customers'}"
            subject = f"{number} above quota" if kind == QUOTA else f"Usage changed: {number}"
            context = {
                "alerts": fresh[:_MOST_TOLD],
                "more": max(0, len(fresh) - _MOST_TOLD),
                "quota": kind == QUOTA,
            }
            yield Due(kind, [alert.about(to) for alert in fresh], subject, context)


# --- the month's pack ---------------------------------------------------------------------------------------------------


def _packs(notice: Notice, to: str) -> Iterator[Due]:
    closed = ClosedMonth.objects.filter(ou=notice.ou, closed_at__gt=timezone.now() - PACK_FOR)
    for one in closed.select_related("ou", "closed_by").order_by("month"):
        about = f"{one.month:%Y-%m} {to}"
        if Sent.objects.filter(ou=notice.ou, kind=PACK, about=about).exists():
            continue
        lines = list(one.lines.order_by("position"))
        totals = closing.totals(lines)
        context = {
            "month": one.month,
            "closed": one,
            "totals": [totals[code] for code in sorted(totals)],
            "unpriced": sum(line.net is None and bool(line.count) for line in lines),
            "lines": len(lines),
        }
        yield Due(PACK, [about], f"{notice.ou.title}: {one.month:%B %Y} is closed", context, one)


def _workbook(closed: ClosedMonth) -> list[tuple[str, bytes, str]]:
    lines: list[Line] = list(closed.lines.order_by("position"))
    with exports.workbook(statements.sheets(closed.ou, closed.month, lines, [closed], whole=True)) as file:
        content = file.read()
    name = f"month-{closed.month:%Y-%m}.xlsx"
    return [(name, content, exports.XLSX_TYPE)] if len(content) <= LARGEST else []


# --- alerts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alert:
    """One customer's usage that is told. `before` is the quota, or last month's figure."""

    kind: str
    month: date
    company: OU
    edition: str
    before: int
    now: int

    def about(self, to: str) -> str:
        limit = f" {self.before}" if self.kind == QUOTA else ""
        return f"{self.month:%Y-%m} {self.company.pk} {self.edition}{limit} {to}"[:500]

    @property
    def change(self) -> str:
        """In per cent, with its sign."""
        if not self.before:
            return "new"
        return f"{round((self.now - self.before) * 100 / self.before):+,} %"


def over_quota(ou: OU) -> Iterator[Alert]:
    """Customers who have more of something this month than they are meant to."""
    month = books.today().replace(day=1)
    quotas = list(
        Quota.objects.filter(ou__path__startswith=ou.path)
        .select_related("ou")
        .order_by("ou__title", "edition")
    )
    counts = _counts(OU.objects.filter(pk__in=[quota.ou_id for quota in quotas]), month)
    for quota in quotas:
        now = sum(
            n for (pk, edition), n in counts.items() if pk == quota.ou_id and quota.edition in ("", edition)
        )
        if now > quota.most:
            yield Alert(QUOTA, month, quota.ou, quota.edition, quota.most, now)


def jumps(notice: Notice) -> Iterator[Alert]:
    """Customers whose usage of an edition changed by more than so many per cent since last month.

    A customer one of whose domains is not counted yet is left out: a figure that is missing is not zero.
    """
    if notice.jump is None:
        return
    month = books.today().replace(day=1)
    last = (month - timedelta(days=1)).replace(day=1)
    companies = OU.objects.filter(path__startswith=notice.ou.path, type=OU.Type.COMPANY, gone_at=None)
    uncounted = [sums.missing(companies, each).values("ou") for each in (last, month)]
    companies = companies.exclude(pk__in=uncounted[0]).exclude(pk__in=uncounted[1])
    before, now = _counts(companies, last), _counts(companies, month)
    known = companies.in_bulk()
    both = {pk for pk, _ in before} & {pk for pk, _ in now}
    for pk, edition in sorted({*before, *now}):
        old, new = before[pk, edition], now[pk, edition]
        if pk in both and abs(new - old) * 100 > old * notice.jump:
            yield Alert(JUMP, month, known[pk], edition, old, new)


def _counts(companies: QuerySet[OU], month: date) -> Counter[Key]:
    rows = MonthlyFigure.objects.filter(month=month, ou__in=companies.order_by().values("pk")).order_by()
    return Counter(
        {(ou, edition): n for ou, edition, n in rows.values_list("ou", "edition").annotate(Sum("count"))}
    )
