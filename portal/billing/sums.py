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

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.billing import books
from portal.billing.models import PriceBook
from portal.billing.pricing import Charge, PriceOf, by_currency, charge
from provisioning.models import OU, Domain, MonthlyFigure

STALE_AFTER = timedelta(days=3)


@dataclass(frozen=True)
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


def month_lines(ous: QuerySet[OU], month: date) -> list[LineOf]:
    """The lines of those companies, by title, product and edition. Five queries, however many there are.

    A domain whose figure is missing adds nothing: `missing` tells of it.
    """
    names = dict(ous.order_by().values_list("pk", "title"))
    held = book_prices(books.book_for(ous, books.price_day(month)))
    lines = [_line(names[row["ou"]], row, held) for row in _counted(ous, month) if row["ou"] in names]
    return sorted(lines, key=lambda line: (line.company.casefold(), line.ou, line.product, line.edition))


def book_prices(by_ou: Mapping[int, PriceBook]) -> dict[int, dict[str, PriceOf]]:
    """The prices that count for each company; a book that many share is read once."""
    known = {book.pk: book for book in by_ou.values()}
    priced = {pk: books.prices_of(book) for pk, book in known.items()}
    return {ou: priced[book.pk] for ou, book in by_ou.items()}


def _counted(ous: QuerySet[OU], month: date) -> Iterable[Any]:
    """The month's figures, those of a company's domains together."""
    figures = MonthlyFigure.objects.filter(month=month.replace(day=1), ou__in=ous.order_by().values("pk"))
    return (
        figures.order_by()
        .values("ou", "edition")
        .annotate(
            of_product=Max("product"),
            total=Sum("count"),
            domains=Count("domain", distinct=True),
            oldest=Min(Coalesce("data_as_at", "received_at")),
            stale=Count("pk", filter=stale_figures(month)),
        )
    )


def _line(company: str, row: Mapping[str, Any], held: Mapping[int, Mapping[str, PriceOf]]) -> LineOf:
    price = held.get(row["ou"], {}).get(row["edition"])
    cost = charge(price, row["total"]) if price else None
    return LineOf(
        ou=row["ou"],
        company=company,
        edition=row["edition"],
        product=row["of_product"],
        count=row["total"],
        domains=row["domains"],
        as_at=row["oldest"],
        stale=row["stale"],
        price=price,
        currency=cost.currency if cost else None,
        net=cost.net if cost else None,
        tax=cost.tax if cost else None,
        at_minimum=bool(cost and cost.at_minimum),
    )


def totals(lines: Iterable[LineOf]) -> dict[str, Charge]:
    """The sums of the rounded lines, each currency by itself. Unpriced lines are in none: say how many there are."""
    return by_currency(line.charge for line in lines if line.charge is not None)


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
    """Domains of those companies that are active and have no figure in the month: nobody knows what they use."""
    counted = MonthlyFigure.objects.filter(month=month.replace(day=1)).values("domain")
    return Domain.objects.filter(ou__in=ous.order_by().values("pk"), gone_at=None, state="active").exclude(
        pk__in=counted
    )
