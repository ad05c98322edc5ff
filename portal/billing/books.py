"""Which price book holds for whom: the nearest at or above a company, on a day."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from portal.billing.models import Price, PriceBook, Tier
from portal.billing.pricing import PriceOf
from provisioning.models import OU


def today() -> date:
    """By the portal's time zone, whatever the viewer's."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def last_day(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def price_day(month: date) -> date:
    """The day whose book counts for a month: its last one; of the present month today."""
    return today() if month.replace(day=1) == today().replace(day=1) else last_day(month)


def holding(day: date) -> Q:
    """Books that hold on the day."""
    return Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gte=day))


def with_prices(books: QuerySet[PriceBook]) -> QuerySet[PriceBook]:
    """With all that a price needs, in two queries more."""
    prices = Price.objects.order_by("edition").prefetch_related(
        Prefetch("tiers", queryset=Tier.objects.order_by("first"))
    )
    return books.prefetch_related(Prefetch("prices", queryset=prices))


def book_for(ous: QuerySet[OU], day: date) -> dict[int, PriceBook]:
    """For each of `ous` (by pk) the book that counts for it on the day; those without one are left out.

    Four queries, however many there are.
    """
    lines = {pk: _line(path) for pk, path in ous.order_by().values_list("pk", "path")}
    above = {pk for line in lines.values() for pk in line[1:]}  # few, where the companies are thousands
    own = Q(ou__in=ous.order_by().values("pk"))
    books = with_prices(PriceBook.objects.filter(holding(day), own | Q(ou_id__in=above)))
    by_ou = {book.ou_id: book for book in books.order_by("valid_from", "pk")}
    nearest = {pk: next((by_ou[up] for up in line if up in by_ou), None) for pk, line in lines.items()}
    return {pk: book for pk, book in nearest.items() if book is not None}


def _line(path: str) -> list[int]:
    """Of "1.7.12.": 12, 7, 1: the OU itself first, then upward."""
    return [int(part) for part in reversed(path.split(".")) if part]


def prices_of(book: PriceBook) -> dict[str, PriceOf]:
    """The book as arithmetic takes it, by edition."""
    return {
        price.edition: PriceOf(
            currency=book.currency,
            unit=price.unit,
            minimum=price.minimum,
            tiers=tuple((tier.first, tier.unit) for tier in price.tiers.all()),
            tax_rate=book.tax_rate,
            book=book.name,
        )
        for price in book.prices.all()
    }
