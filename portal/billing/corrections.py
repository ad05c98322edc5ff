"""Corrections of closed months: what a later report changes, found by itself, and what a person adds with a reason.

A closed month stays as it is. What differs from it becomes an adjustment, which waits for the next closing and is
carried there as a line of its own. Found by itself: for each domain and edition the difference between what the month's
figures say now and what was closed and corrected before, at the prices that were frozen. What a person adds stands beside
that and is not reckoned against it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from portal.billing import books, locks, sums
from portal.billing.closing import Refused, title
from portal.billing.models import Adjustment, ClosedCompany, ClosedMonth, Line
from portal.billing.pricing import PriceOf, cents, charge
from provisioning import audit
from provisioning.models import OU, MonthlyFigure

_SLACK = timedelta(days=1)  # a report may have been under way while the month was closed
Place = tuple[int, str, str]  # company, domain, edition
Key = tuple[int, str]  # company, edition


# --- found by itself ----------------------------------------------------------------------------------------------------


@transaction.atomic
def find(ou: OU) -> int:
    """Look at the closed months of the OU's whole tree for figures that have changed since; how many adjustments that
    made. Done twice, the second finds nothing."""
    root = ou.path.partition(".")[0]
    locks.hold(ou)
    changed = _changed(ClosedMonth.objects.filter(ou__path__startswith=f"{root}."))
    return sum(len(_find_in(one)) for one in changed)


def _changed(months: QuerySet[ClosedMonth]) -> QuerySet[ClosedMonth]:
    """Those for which a figure came in after they were closed."""
    figures = MonthlyFigure.objects.filter(
        month=OuterRef("month"),
        received_at__gt=OuterRef("closed_at") - _SLACK,
        ou__path__startswith=OuterRef("ou__path"),
    )
    return months.filter(Exists(figures)).select_related("ou").order_by("month", "pk")


def _find_in(closed: ClosedMonth) -> list[Adjustment]:
    companies = _companies(closed)
    then, now = _then(closed), Counter[Place]()
    newest: dict[Place, MonthlyFigure] = {}
    figures = MonthlyFigure.objects.filter(month=closed.month, ou__in=companies.order_by().values("pk"))
    for row in figures.select_related("domain").order_by("received_at", "pk"):
        place = (row.ou_id, row.domain.name, row.edition)
        now[place] += row.count
        newest[place] = row
    prices = _Prices(closed, companies, then)
    places = sorted(place for place in {*then, *now} if then[place] != now[place])
    made = [prices.adjustment(place, then[place], now[place], newest.get(place)) for place in places]
    return Adjustment.objects.bulk_create(made)


def _companies(closed: ClosedMonth) -> QuerySet[OU]:
    """Those that it closed, and those below that came later and that nobody else has closed."""
    elsewhere = ClosedCompany.objects.filter(month=closed.month).exclude(closed=closed).values("ou")
    below = OU.objects.filter(path__startswith=closed.ou.path, type=OU.Type.COMPANY)
    return below.exclude(pk__in=elsewhere)


def _then(closed: ClosedMonth) -> Counter[Place]:
    """What was closed, with what was found since."""
    counts = Counter[Place]()
    for line in closed.lines.filter(adjusts=None):
        for row in line.how.get("domains", []):
            counts[line.ou_id, row["domain"], line.edition] += row["count"]
    found = closed.adjustments.filter(by=None)
    for ou, domain, edition, count in found.values_list("ou", "domain", "edition", "count"):
        counts[ou, domain, edition] += count
    return counts


class _Prices:
    """The prices of a closed month, and how many of each edition every company is charged for by now."""

    def __init__(self, closed: ClosedMonth, companies: QuerySet[OU], then: Counter[Place]) -> None:
        self.closed = closed
        self.frozen = {(line.ou_id, line.edition): frozen(line) for line in closed.lines.filter(adjusts=None)}
        self.held = sums.book_prices(books.book_for(companies, books.last_day(closed.month)))
        self.used = set(
            closed.adjustments.exclude(report=None).values_list("ou", "domain", "edition", "report")
        )
        self.total = Counter[Key]()
        for (ou, _, edition), count in then.items():
            self.total[ou, edition] += count

    def price(self, key: Key) -> PriceOf | None:
        """What was frozen; of what was not in use then, what held."""
        return self.frozen[key] if key in self.frozen else self.held.get(key[0], {}).get(key[1])

    def adjustment(self, place: Place, before: int, after: int, figure: MonthlyFigure | None) -> Adjustment:
        """By how much what the company pays for the edition changes, its other domains as they are by now."""
        ou, domain, edition = place
        price, total = self.price((ou, edition)), self.total[ou, edition]
        made = Adjustment(
            closed=self.closed, ou_id=ou, domain=domain, edition=edition, count=after - before,
            reason=_reason(domain, before, after, figure),
        )  # fmt: skip
        if figure is not None and (*place, figure.report_id) not in self.used:
            made.report_id = figure.report_id
        self.total[ou, edition] += after - before
        if price is not None:
            _price(made, price, total, self.total[ou, edition])
        return made


def _price(made: Adjustment, price: PriceOf, before: int, after: int) -> None:
    old, new = charge(price, max(0, before)), charge(price, max(0, after))
    made.currency, made.tax_rate = price.currency, price.tax_rate
    made.net, made.tax = new.net - old.net, new.tax - old.tax


def _reason(domain: str, before: int, after: int, figure: MonthlyFigure | None) -> str:
    if figure is None:
        return f"{domain} is counted elsewhere now: {before:,} fewer here."
    day = timezone.localtime(figure.received_at, timezone.get_default_timezone())
    return f"The report of {day:%-d %B %Y, %H:%M} says {after:,} instead of {before:,} for {domain}."


def frozen(line: Line) -> PriceOf | None:
    """The price that a line was charged by; None of an unpriced one."""
    if "unit" not in line.how or line.tax_rate is None:
        return None
    tiers = tuple((int(first), Decimal(unit)) for first, unit in line.how["tiers"])
    return PriceOf(
        currency=line.currency, unit=Decimal(line.how["unit"]), minimum=Decimal(line.how["minimum"]), tiers=tiers,
        tax_rate=line.tax_rate, book=line.how["book"],
    )  # fmt: skip


# --- added by a person --------------------------------------------------------------------------------------------------


@transaction.atomic
def add(
    closed: ClosedMonth,
    company: OU,
    *,
    by: Any,
    edition: str,
    count: int,
    net: Decimal | None,
    currency: str,
    tax_rate: Decimal | None,
    reason: str,
) -> Adjustment:
    """A correction by hand. Without `net` the count is priced as the month was. Raises Refused."""
    locks.hold(closed.ou)
    made = Adjustment(closed=closed, ou=company, edition=edition, count=count, reason=reason, by=by)
    line = closed.lines.filter(ou=company, edition=edition, adjusts=None).first()
    price = frozen(line) if line else _held(company, closed.month).get(edition)
    if net is None:
        if price is None:
            raise Refused(f"{edition} had no price for {company} in {closed.month:%B %Y}: type the amount.")
        before = line.count if line else 0
        if before + count < 0:
            raise Refused(
                f"{company} was charged for {before:,} of {edition}: no more than that can be taken away."
            )
        _price(made, price, before, before + count)
    else:
        rate = tax_rate if tax_rate is not None else price.tax_rate if price else Decimal(0)
        made.currency, made.tax_rate, made.net = currency, rate, net
        made.tax = cents(net * rate / 100)
    if not (made.net or made.tax or made.count):
        raise Refused("That changes nothing: type a number or an amount.")
    made.save(force_insert=True)
    audit.record(
        "month_adjusted", by=by, ou=company, thing=made, title=title(company, closed.month), reason=reason,
        new={"edition": edition, "count": count, "net": f"{made.currency} {made.net}", "tax": str(made.tax)},
    )  # fmt: skip
    return made


def _held(company: OU, month: date) -> dict[str, PriceOf]:
    day = books.last_day(month)
    return sums.book_prices(books.book_for(OU.objects.filter(pk=company.pk), day)).get(company.pk, {})


def waiting_count(ou: OU) -> int:
    """How many corrections of the OU's companies wait for the next closing."""
    return Adjustment.objects.filter(line=None, ou__path__startswith=ou.path).count()
