"""The only writer of usage reports and of the figures that count for each month.

A report is kept once, as SYNAQ gave it. A month's figure is of the last report whose data lies in it, whatever the order in
which reports come in: an older one never changes what a newer one said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from provisioning import mirror, readings
from provisioning.mirror import Seen
from provisioning.models import Action, Domain, Edition, MonthlyFigure, Reading, UsageCount, UsageReport
from provisioning.synaq.answers import unwrap
from provisioning.synaq.usage import BROKEN, Count, Report, read_report

SUMMARY, DETAILED = UsageReport.Source.SUMMARY, UsageReport.Source.DETAILED
GIVEN_UP_AFTER = timedelta(days=1)  # of a report that SYNAQ does not finish
LONGEST_PAUSE = 900  # seconds between two looks at a report that is not finished
_WHEN = Coalesce("data_as_at", "received_at")
_REPORT = "domain_usage_report"


# --- taking reports in --------------------------------------------------------------------------------------------------


@transaction.atomic(savepoint=False)
def take_in(
    domain: Domain, body: Any, *, source: str, received_at: datetime, action: Action | None = None
) -> UsageReport | None:
    """Keep a report and count it in its month. `body`: a domain as GET shows it, its report alone, or the detailed answer.

    The one that is kept already where it was read before; None where there is none, or SYNAQ still compiles it.
    """
    raw = mirror.raw_of(_report_in(body) if source == SUMMARY else body)
    found = read_report(raw, received_at, detailed=source == DETAILED)
    if found is None or found.is_pending:
        return None
    # Held until it is written: two readers of one report keep one, and two reports of a month are counted in turn.
    held = Domain.objects.select_for_update(no_key=True, of=("self",)).select_related("ou").get(pk=domain.pk)
    digest = _digest(held, raw, source, found.data_as_at, received_at, action)
    same = UsageReport.objects.filter(domain=held, source=source, digest=digest).first()
    return same or _keep(
        held, found, source=source, digest=digest, raw=raw, received_at=received_at, action=action
    )


def _keep(held: Domain, found: Report, **facts: Any) -> UsageReport:
    products = _products(held)
    strange = [row.edition for row in found.counts if not (row.product or _product(row.edition, products))]
    unknown = [f"{code} is an edition of no package that the portal knows on the domain." for code in strange]
    report = UsageReport.objects.create(
        connection_id=held.connection_id, domain=held, ou=held.ou, data_as_at=found.data_as_at,
        problems=[*found.problems, *unknown], **facts,
    )  # fmt: skip
    UsageCount.objects.bulk_create(
        UsageCount(
            report=report, edition=row.edition, product=row.product or _product(row.edition, products),
            count=row.number, mailboxes=list(row.mailboxes), warning=row.warning, problem=row.problem,
        )
        for row in found.counts
    )  # fmt: skip
    _count_in(report, found, products)
    return report


def _report_in(body: Any) -> Any:
    """Of a domain its report, if it has one: the domain's own state is not the report's."""
    body = unwrap(body, "domain")
    is_domain = isinstance(body, dict) and not {_REPORT, "domain_name", "fields"}.isdisjoint(body)
    return body.get(_REPORT) if is_domain else body


def _digest(
    domain: Domain,
    raw: Any,
    source: str,
    as_at: datetime | None,
    received_at: datetime,
    action: Action | None,
) -> str:
    """The same report read twice is one. Where SYNAQ does not say as at when, it is the same of one action; and what is
    still shown from before is nothing new, but for details read in another month."""
    if as_at is None and action is None:
        last = UsageReport.objects.filter(domain=domain, source=source).order_by("-id").first()
        same_month = last is not None and month_of(last.received_at) == month_of(received_at)
        if last is not None and last.raw == raw and (source == SUMMARY or same_month):
            return last.digest
    mark = "" if as_at else f"action {action.pk}" if action else received_at.isoformat()
    text = json.dumps([raw, mark], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _products(domain: Domain) -> dict[str, str]:
    """Which product each edition of the domain's packages belongs to."""
    rows = Edition.objects.filter(package__links__domain=domain).order_by("package_id", "id")
    found = dict(rows.values_list("code", "package__code"))
    # A package that shows no editions is still known by its own code.
    return {code: code for code in domain.packages.values_list("code", flat=True)} | found


def _product(edition: str, products: dict[str, str]) -> str:
    if edition in products:
        return products[edition]
    above = [code for code in set(products.values()) if code and edition.startswith(f"{code}-")]
    return max(above, key=len, default="")


# --- the figure of a month ----------------------------------------------------------------------------------------------


def month_of(when: datetime) -> date:
    """The first day of the month that it lies in, by the portal's time zone."""
    return _local(when).date().replace(day=1)


def _local(when: datetime) -> datetime:
    return timezone.localtime(when, timezone.get_default_timezone())


def _count_in(report: UsageReport, found: Report, products: dict[str, str]) -> None:
    """Bring the month's figures up to date with one more report."""
    when = report.data_as_at or report.received_at
    month = month_of(when)
    figures = {row.edition: row for row in MonthlyFigure.objects.filter(month=month, domain=report.domain)}
    others = reports_of(report.domain, month).exclude(pk=report.pk)
    newer = Q(when__gt=when) | Q(when=when, pk__gt=report.pk)
    if others.filter(newer).exists():
        figures = {}
        for one in reports_of(report.domain, month):
            again = read_report(one.raw, one.received_at, detailed=one.source == DETAILED)
            if again is not None:
                _apply(figures, one, again, month, products)
    else:
        _apply(figures, report, found, month, products)
    _save(figures.values())


def reports_of(domain: Domain, month: date) -> QuerySet[UsageReport]:
    """The month's reports on the domain, in the order of their data."""
    begin = datetime(month.year, month.month, 1, tzinfo=timezone.get_default_timezone())
    after = (month + timedelta(days=32)).replace(day=1)
    end = datetime(after.year, after.month, 1, tzinfo=timezone.get_default_timezone())
    rows = UsageReport.objects.filter(domain=domain).annotate(when=_WHEN)
    return rows.filter(when__gte=begin, when__lt=end).order_by("when", "pk")


def _apply(
    figures: dict[str, MonthlyFigure],
    report: UsageReport,
    found: Report,
    month: date,
    products: dict[str, str],
) -> None:
    """What one report says, over what the ones before it said. An edition that it names with what is no count keeps its
    older figure, and its age."""
    counts = {count.edition: count for count in found.counts}
    if found.is_finished and found.whole and report.source == SUMMARY:
        # SYNAQ reports over all packages: what it does not name is not in use.
        unnamed = [code for code in figures if code not in counts and code not in found.unreadable]
        if not counts and not figures and not found.unreadable:
            unnamed = _sold_on(report.domain)
        counts |= {code: Count(code, 0) for code in unnamed}
    for code, count in counts.items():
        known = figures.get(code)
        figures[code] = MonthlyFigure(
            month=month, ou=report.ou, domain=report.domain, edition=code, count=count.number, report=report,
            product=count.product or _product(code, products) or (known.product if known else ""),
            data_as_at=report.data_as_at, received_at=report.received_at,
        )  # fmt: skip


def _sold_on(domain: Domain) -> list[str]:
    """The default editions of what is sold on the domain, else its products' codes: so that *nothing in use* is a figure,
    and not a missing one."""
    rows = Edition.objects.filter(package__links__domain=domain, is_default=True).order_by("code")
    codes = list(rows.values_list("code", flat=True).distinct())
    return codes or list(
        domain.packages.exclude(code="").order_by("code").values_list("code", flat=True).distinct()
    )


def _save(figures: Iterable[MonthlyFigure]) -> None:
    MonthlyFigure.objects.bulk_create(
        [row for row in figures if row.pk is None],
        update_conflicts=True,
        unique_fields=["month", "domain", "edition"],
        update_fields=["ou", "product", "count", "data_as_at", "received_at", "report"],
    )


# --- what answers say of usage ------------------------------------------------------------------------------------------


def seen(answer: Seen, connection_id: int, action: Action | None = None) -> None:
    """An answer about a domain was taken into the mirror: keep the report that it shows. `action`: the count that ended
    with it, whose report is read again until it is finished; its details too, where the dialect has them."""
    shown = unwrap(answer.body, "domain")
    if not isinstance(shown, dict) or (action is None and not shown.get(_REPORT)):
        return
    domain = mirror.find(connection_id, "domain", answer.guid)
    if domain is None:
        return
    report = take_in(domain, answer.body, source=SUMMARY, received_at=answer.at, action=action)
    if action is None:
        return
    wanted = [] if report is not None and not _may_go_on(report) else [Reading.Kind.USAGE]
    if not domain.connection.is_legacy:
        wanted.append(Reading.Kind.USAGE_DETAIL)
    for kind in wanted:
        readings.want(kind, domain.guid, ou=domain.ou, domain=domain, priority=action.priority)


def _may_go_on(report: UsageReport) -> bool:
    """Whether SYNAQ calls its state something that no document names: it may be finished yet."""
    state = str(report.raw.get("state", "")).lower() if isinstance(report.raw, dict) else ""
    return bool(state) and state != "finished" and state not in BROKEN


def was_read(reading: Reading, answer: Seen) -> bool:
    """A reading of usage was carried out: keep what it brought. False: SYNAQ is not done, and it is to be read again."""
    domain = mirror.find(reading.connection_id, "domain", reading.guid)
    if domain is None or answer.body is None:
        return True
    if reading.kind == Reading.Kind.USAGE_DETAIL:
        take_in(domain, answer.body, source=DETAILED, received_at=answer.at)
        return True
    action = _counted_by(domain)
    report = take_in(domain, answer.body, source=SUMMARY, received_at=answer.at, action=action)
    return report is not None and not _may_go_on(report)


def _counted_by(domain: Domain) -> Action | None:
    rows = Action.objects.filter(connection=domain.connection_id, kind="domain", guid=domain.guid)
    return rows.filter(operation="domain.usage", state=Action.State.FINISHED).order_by("-id").first()
