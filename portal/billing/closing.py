"""Closing a month: its figures and prices become lines under a hash, in one transaction, once.

A reseller or sub-reseller closes; it takes every company below it whose month is not closed yet, so that whoever closes
first has a company's month, and no amount is counted twice. Adjustments that wait are carried along as lines that name the
month they correct.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.billing import books, canonical, locks, sums
from portal.billing.models import Adjustment, ClosedCompany, ClosedMonth, Line
from portal.billing.pricing import Charge, by_currency
from portal.billing.sums import LineOf
from provisioning import audit
from provisioning.models import OU, MonthlyFigure

CLOSING_TYPES = (OU.Type.RESELLER, OU.Type.SUBRESELLER)
_NAMED = 5  # things named in a warning, at most
_TRIES = 5  # to read figures between two reports
Key = tuple[int, str]  # company, edition


class Refused(Exception):
    """The month cannot be closed, or corrected, so; the text is for people."""


@dataclass(frozen=True)
class Warning:
    """What somebody ought to know before they close: a sentence, and some of the things it is about."""

    kind: str
    text: str
    named: tuple[str, ...] = ()


@dataclass
class Draft:
    """A month as it would be closed now. `mark` stands for all that it shows."""

    ou: OU
    month: date
    lines: list[Line]
    warnings: list[Warning] = field(default_factory=list)
    companies: list[int] = field(default_factory=list)
    carried: list[Adjustment] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return canonical.mark(self.lines, (warning.text for warning in self.warnings))


def companies_to_close(ou: OU, month: date) -> QuerySet[OU]:
    """Those below the OU whose month is not closed. Also what is gone by now: it was used."""
    closed = ClosedCompany.objects.filter(month=month.replace(day=1)).values("ou")
    below = OU.objects.filter(path__startswith=ou.path, type=OU.Type.COMPANY)
    return below.exclude(pk__in=closed)


class _Moved(Exception):
    """A report came in between two queries: what they brought does not fit together."""


def draft(ou: OU, month: date) -> Draft:
    """What closing would keep. A fixed number of queries. Raises Refused when reports come in too fast to be read."""
    for _ in range(_TRIES):
        with suppress(_Moved):
            return _draft(ou, month)
    raise Refused("Reports are coming in just now. Look at the figures once more, then close.")


def _draft(ou: OU, month: date) -> Draft:
    companies = companies_to_close(ou, month)
    priced = sums.month_lines(companies, month)
    behind = _behind(companies, month)
    lines = [_line(one, behind.get((one.ou, one.edition), [])) for one in priced]
    waiting = list(_waiting(ou, companies))
    lines += [carried_line(one) for one in waiting]
    for position, line in enumerate(lines, 1):
        line.position = position
    warnings = list(_warnings(companies, month, priced, waiting))
    pks = list(companies.order_by("pk").values_list("pk", flat=True))
    return Draft(ou, month, lines, warnings, pks, waiting)


def _behind(companies: QuerySet[OU], month: date) -> dict[Key, list[dict[str, Any]]]:
    """Of each company and edition the domains: what was counted, by which report, as at when."""
    figures = MonthlyFigure.objects.filter(month=month, ou__in=companies.order_by().values("pk"))
    found: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in figures.select_related("domain").order_by("domain__name", "domain_id"):
        found[row.ou_id, row.edition].append(
            {
                "domain": row.domain.name,
                "id": row.domain_id,
                "count": row.count,
                "as_at": (row.data_as_at or row.received_at).isoformat(),
                "report": row.report_id,
            }
        )
    return found


def _line(one: LineOf, domains: list[dict[str, Any]]) -> Line:
    if sum(row["count"] for row in domains) != one.count:
        raise _Moved
    how = one.price.as_told() | {"at_minimum": one.at_minimum} if one.price else {}
    single = domains[0]["report"] if len(domains) == 1 else None
    return Line(
        ou_id=one.ou, company=one.company[:330], edition=one.edition, product=one.product, count=one.count,
        currency=one.currency or "", net=one.net, tax=one.tax, tax_rate=one.price.tax_rate if one.price else None,
        how=how | {"domains": domains}, data_as_at=one.as_at, report_id=single,
    )  # fmt: skip


def _waiting(ou: OU, companies: QuerySet[OU]) -> QuerySet[Adjustment]:
    rows = Adjustment.objects.filter(line=None, ou__in=companies.order_by().values("pk"))
    return rows.select_related("ou", "closed").order_by("closed__month", "ou__title", "pk")


def waiting_below(ou: OU) -> QuerySet[Adjustment]:
    """Corrections of the OU's companies that no closing has carried yet."""
    rows = Adjustment.objects.filter(line=None, ou__path__startswith=ou.path)
    return rows.select_related("ou", "closed", "by").order_by("closed__month", "ou__title", "pk")


def carried_line(one: Adjustment) -> Line:
    return Line(
        ou_id=one.ou_id, company=one.ou.title[:330], domain=one.domain, edition=one.edition, count=one.count,
        currency=one.currency, net=one.net, tax=one.tax, tax_rate=one.tax_rate, report_id=one.report_id,
        how={"adjustment": one.pk}, adjusts=one.closed.month, reason=one.reason,
    )  # fmt: skip


# --- warnings -----------------------------------------------------------------------------------------------------------


def _warnings(
    companies: QuerySet[OU], month: date, lines: list[LineOf], waiting: list[Adjustment]
) -> Iterator[Warning]:
    if month >= books.today().replace(day=1):
        yield Warning("not_over", f"{month:%B %Y} is not over: what is counted later becomes an adjustment.")
    yield from _missing(companies, month)
    stale = [line.company for line in lines if line.stale]
    if stale:
        yield Warning(
            "stale", f"{_of(stale, 'company', 'companies')} with figures that are old.", _some(stale)
        )
    unpriced = [f"{line.company}: {line.edition}" for line in sums.unpriced(lines)]
    unpriced += [f"{one.ou.title}: {one.edition}" for one in waiting if one.net is None]
    if unpriced:
        text = f"{_of(unpriced, 'line')} without a price: in no sum, and not free."
        yield Warning("unpriced", text, _some(unpriced))
    yield from _odd(companies, month)


def _missing(companies: QuerySet[OU], month: date) -> Iterator[Warning]:
    names = list(sums.missing(companies, month).order_by("name").values_list("name", flat=True))
    if names:
        text = f"{_of(names, 'domain')} without a figure: nobody knows what they use."
        yield Warning("missing", text, _some(names))


def _odd(companies: QuerySet[OU], month: date) -> Iterator[Warning]:
    """Reports in which something was no count: negative, absurd, of an edition that nobody knows, without a date."""
    figures = MonthlyFigure.objects.filter(month=month, ou__in=companies.order_by().values("pk"))
    names = (
        figures.exclude(report__problems=[]).order_by("domain__name").values_list("domain__name", flat=True)
    )
    found = list(dict.fromkeys(names))
    if found:
        text = f"{_of(found, 'domain')} whose report has something odd in it: look at the domain's usage."
        yield Warning("odd", text, _some(found))


def _of(things: list[str], one: str, many: str = "") -> str:
    number = len(set(things))
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _some(names: list[str]) -> tuple[str, ...]:
    different = list(dict.fromkeys(names))
    more = len(different) - _NAMED
    return (*different[:_NAMED], *([f"and {more:,} more"] if more > 0 else []))


# --- closing ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def close(ou: OU, month: date, *, by: Any, note: str, seen: str) -> ClosedMonth:
    """Close the month of the OU as it was shown (`seen`, a Draft's mark). Raises Refused."""
    locks.hold(ou)
    refuse_impossible(ou, month)
    made = draft(ou, month)
    if made.warnings and not note.strip():
        raise Refused("Say why it is closed all the same.")
    if made.mark != seen:
        raise Refused(
            "Something has changed since you looked: a figure, a price or a correction. Look once more."
        )
    closed = ClosedMonth(ou=ou, month=month, closed_by=by, closed_at=timezone.now(), note=note.strip())
    closed.hash = canonical.digest(closed, made.companies, made.lines)
    closed.save(force_insert=True)
    _keep(closed, made)
    _record(closed, made)
    return closed


def _keep(closed: ClosedMonth, made: Draft) -> None:
    ClosedCompany.objects.bulk_create(
        ClosedCompany(closed=closed, ou_id=pk, month=closed.month) for pk in made.companies
    )
    for line in made.lines:
        line.closed = closed
    Line.objects.bulk_create(made.lines)
    carried = {line.how["adjustment"]: line for line in made.lines if "adjustment" in line.how}
    for one in made.carried:
        one.line = carried[one.pk]
    Adjustment.objects.bulk_update(made.carried, ["line"])


def _record(closed: ClosedMonth, made: Draft) -> None:
    audit.record(
        "month_closed", by=closed.closed_by, ou=closed.ou, thing=closed, title=title(closed.ou, closed.month),
        reason=closed.note,
        old={"warnings": "\n".join(warning.text for warning in made.warnings)},
        new={"lines": len(made.lines), "companies": len(made.companies), "hash": closed.hash}
        | {code: f"{one.net} and {one.tax} tax" for code, one in totals(made.lines).items()},
    )  # fmt: skip


def title(ou: OU, month: date) -> str:
    return f"{ou.title}, {month:%B %Y}"


def refuse_impossible(ou: OU, month: date) -> None:
    """Raises Refused where there is nothing to close."""
    own = ClosedMonth.objects.filter(ou=ou, month=month).select_related("closed_by").first()
    if own is not None:
        local = timezone.localtime(own.closed_at)
        raise Refused(
            f"{month:%B %Y} was closed already, by {own.closed_by} on {local:%-d %B %Y at %H:%M}. It is closed once; "
            "what changes later becomes an adjustment."
        )
    if ou.type not in CLOSING_TYPES:
        raise Refused("A month is closed for a reseller or a sub-reseller, with all its companies.")
    if month > books.today().replace(day=1):
        raise Refused(f"{month:%B %Y} has not begun.")
    if not companies_to_close(ou, month).exists():
        if ClosedCompany.objects.filter(month=month, ou__path__startswith=ou.path).exists():
            raise Refused(f"{month:%B %Y} is closed already for every company here.")
        raise Refused("There is no company here whose month could be closed.")


def totals(lines: Iterable[Line]) -> dict[str, Charge]:
    """Each currency by itself; what is unpriced is in none."""
    return by_currency(charge_of(line) for line in lines if line.net is not None)


def charge_of(line: Line) -> Charge:
    assert line.net is not None
    assert line.tax is not None
    return Charge(line.currency, line.net, line.tax)
