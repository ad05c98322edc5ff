"""What a month's usage costs: one line a company and edition, as pages, the projection and the closing take it.

Tiers and minimum are a customer's, so a company's domains are counted together before they are priced. Amounts are rounded
once a line; a sum is that of the rounded lines. What has no price is unpriced, never free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DateTimeField, Exists, Max, Min, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.billing import books
from portal.billing.models import PriceBook
from portal.billing.pricing import Charge, PriceOf, charge, summed
from provisioning.collecting import COUNTED_STATES
from provisioning.models import OU, Action, Domain, MonthlyFigure

STALE_AFTER = timedelta(days=3)


@dataclass(slots=True)  # thousands are made for one page: frozen ones take three times as long
class LineOf:
    """One company's use of one edition in a month.

    `as_at` is the age of its oldest figure; `stale` of its figures are older than they should be. `currency`, `net` and
    `tax` are None where no price holds: unpriced. `price` is what was charged by.
    """

    ou: int
    company: str
    edition: str
    product: str
    count: int
    domains: int
    as_at: datetime | None
    stale: int
    price: PriceOf | None
    currency: str | None
    net: Decimal | None
    tax: Decimal | None
    at_minimum: bool = False

    @property
    def is_priced(self) -> bool:
        return self.net is not None

    @property
    def gross(self) -> Decimal | None:
        return None if self.net is None or self.tax is None else self.net + self.tax

    @property
    def charge(self) -> Charge | None:
        if self.currency is None or self.net is None or self.tax is None:
            return None
        return Charge(self.currency, self.net, self.tax, self.at_minimum)


def month_lines(ous: QuerySet[OU], month: date, where: Q | None = None, *, ages: bool = True) -> list[LineOf]:
    """The lines of those companies, by title, product and edition. Five queries, however many there are.

    A domain whose figure is missing adds nothing: `missing` tells of it. `where` counts some figures only; of a part of
    a company's domains the prices are not what the company pays. Without `ages`, `as_at` is None throughout.
    """
    names = dict(ous.order_by().values_list("pk", "title"))
    held = book_prices(books.book_for(ous, books.price_day(month)))
    charges: dict[tuple[int, int], Charge] = {}  # of many customers the same few of one price are charged
    counted = _counted(ous, month, where or Q(), ages=ages)
    lines = [_line(names[row[0]], row, held, charges) for row in counted if row[0] in names]
    return sorted(lines, key=lambda line: (line.company.casefold(), line.ou, line.product, line.edition))


def book_prices(by_ou: Mapping[int, PriceBook]) -> dict[int, dict[str, PriceOf]]:
    """The prices that count for each company; a book that many share is read once."""
    known = {book.pk: book for book in by_ou.values()}
    priced = {pk: books.prices_of(book) for pk, book in known.items()}
    return {ou: priced[book.pk] for ou, book in by_ou.items()}


def _counted(ous: QuerySet[OU], month: date, where: Q, *, ages: bool) -> Iterable[Any]:
    """The month's figures, those of a company's domains together: there is one a domain and edition."""
    figures = MonthlyFigure.objects.filter(
        where, month=month.replace(day=1), ou__in=ous.order_by().values("pk")
    )
    return (
        figures.order_by()
        .values_list("ou", "edition")
        .annotate(
            of_product=Max("product"),
            total=Sum("count"),
            domains=Count("pk"),
            oldest=Min(Coalesce("data_as_at", "received_at"))
            if ages
            else Value(None, output_field=DateTimeField()),
            stale=Count("pk", filter=stale_figures(month)),
        )
    )


def _line(
    company: str,
    row: tuple[Any, ...],
    held: Mapping[int, Mapping[str, PriceOf]],
    charges: dict[tuple[int, int], Charge],
) -> LineOf:
    ou, edition, product, count, domains, oldest, stale = row
    price = held.get(ou, {}).get(edition)
    if price is None:
        return LineOf(ou, company, edition, product, count, domains, oldest, stale, None, None, None, None)
    cost = _charged(price, count, charges)
    return LineOf(
        ou, company, edition, product, count, domains, oldest, stale, price, cost.currency, cost.net, cost.tax,
        cost.at_minimum,
    )  # fmt: skip


def _charged(price: PriceOf, count: int, charges: dict[tuple[int, int], Charge]) -> Charge:
    key = (id(price), count)
    if key not in charges:
        charges[key] = charge(price, count)
    return charges[key]


def totals(lines: Iterable[LineOf]) -> dict[str, Charge]:
    """The sums of the rounded lines, each currency by itself. Unpriced lines are in none: say how many there are."""
    return summed(
        (line.currency, line.net, line.tax)
        for line in lines
        if line.currency is not None and line.net is not None and line.tax is not None
    )


def unpriced(lines: Iterable[LineOf]) -> list[LineOf]:
    """Lines with something in use for which no price holds."""
    return [line for line in lines if not line.is_priced and line.count]


# --- how sure -----------------------------------------------------------------------------------------------------------


def stale_before(month: date) -> datetime:
    """A figure of the month whose data is older than this is stale."""
    if month.replace(day=1) >= books.today().replace(day=1):
        return timezone.now() - STALE_AFTER
    day = books.last_day(month) - STALE_AFTER
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


def stale_figures(month: date) -> Q:
    """As a condition on MonthlyFigure."""
    edge = stale_before(month)
    return Q(data_as_at__lt=edge) | Q(data_as_at=None, received_at__lt=edge)


def missing(ous: QuerySet[OU], month: date) -> QuerySet[Domain]:
    """Domains of those companies that were in service when the month ended (are, in the present one), as far as the
    portal knows, and have no figure in it: nobody knows what they used (decision 0013)."""
    first = month.replace(day=1)
    counted = MonthlyFigure.objects.filter(month=first, domain=OuterRef("pk"))
    domains = Domain.objects.filter(~Exists(counted), ou__in=ous.order_by().values("pk"))
    in_service = Q(gone_at=None, state__in=COUNTED_STATES)
    if first >= books.today().replace(day=1):
        return domains.filter(in_service)
    return domains.filter(_begun_by(first), in_service | _ended_after(first))


def _end(month: date) -> datetime:
    """The first moment that is not of the month any more."""
    day = books.last_day(month) + timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


def _begun_by(month: date) -> Q:
    """It was counted, asked to be counted, or provisioned before the month had ended."""
    own = Action.objects.filter(kind="domain", guid=OuterRef("guid"), connection=OuterRef("connection"))
    asked = own.filter(operation="domain.usage", asked_at__lt=_end(month))
    provisioned = own.filter(operation="domain.provision", state="finished", ended_at__lt=_end(month))
    earlier = MonthlyFigure.objects.filter(domain=OuterRef("pk"), month__lt=month)
    return Q(Exists(earlier)) | Q(Exists(asked)) | Q(Exists(provisioned))


def _ended_after(month: date) -> Q:
    """It is out of service now, and was not yet: counted in a later month, ended or lost after this one."""
    later = MonthlyFigure.objects.filter(domain=OuterRef("pk"), month__gt=month)
    ended = Action.objects.filter(
        kind="domain", guid=OuterRef("guid"), connection=OuterRef("connection"),
        operation__in=("domain.delete", "domain.remove"), state="finished", ended_at__gte=_end(month),
    )  # fmt: skip
    lost = Q(gone_at__gte=_end(month), state__in=COUNTED_STATES)
    return Q(Exists(later)) | Q(Exists(ended)) | lost
