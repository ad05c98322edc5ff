"""Keeping price books: what may be changed, and what is written down about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.billing import books, locks
from portal.billing.models import ClosedMonth, Price, PriceBook, Tier
from portal.billing.pricefile import Clean, cells_of
from provisioning import audit
from provisioning.models import OU

FACTS = ("name", "currency", "valid_from", "valid_to", "tax_rate", "shown_to_customer")


class Refused(Exception):
    """It cannot be kept so; `field` names what is to be changed."""

    def __init__(self, field: str | None, said: str) -> None:
        super().__init__(said)
        self.field = field


def closed_until(ou: OU, begin: date, end: date | None) -> date | None:
    """The last day of the last month closed with a book that holds for the OU between those days."""
    ids = [int(part) for part in ou.path.split(".") if part]
    related = ClosedMonth.objects.filter(Q(ou__in=ids) | Q(ou__path__startswith=ou.path))
    months = (
        related.filter(month__gte=begin.replace(day=1)).order_by("-month").values_list("month", flat=True)
    )
    days = map(books.last_day, months)
    return next((day for day in days if day >= begin and (end is None or day <= end)), None)


def is_closed(book: PriceBook) -> date | None:
    """As `closed_until`, of a book as it is kept: its prices stay as they are."""
    return closed_until(book.ou, book.valid_from, book.valid_to)


@transaction.atomic
def keep(book: PriceBook, prices: Iterable[Clean], *, by: Any, end_other: bool = False) -> PriceBook:
    """Write the book with its prices, in place of what it held. Raises Refused."""
    locks.hold(book.ou)  # two who save at once do so in turn, and while nobody closes a month
    old = PriceBook.objects.select_for_update().filter(pk=book.pk).first()
    _look_at_closed(old, book)
    _look_at_overlap(book, by=by, end_other=end_other)
    told = said_of(old) if old else None
    book.changed_at = timezone.now()
    book.save()
    _write_prices(book, list(prices))
    audit.record(
        "setting", by=by, ou=book.ou, thing=book, title=f"Prices: {book.name}", old=told, new=said_of(book)
    )
    return book


def _look_at_closed(old: PriceBook | None, new: PriceBook) -> None:
    day = is_closed(old) if old else None
    if day:
        raise Refused(
            None,
            f"{day:%B %Y} is closed with this book: it stays as it is. Copy it, and let the copy hold from "
            f"{_next(day)} on.",
        )
    day = closed_until(new.ou, new.valid_from, new.valid_to)
    if day:
        raise Refused(
            "valid_from", f"{day:%B %Y} is closed already: let the book hold from {_next(day)} on, or later."
        )


def _next(day: date) -> str:
    return f"{day + timedelta(days=1):%-d %B %Y}"


def overlapping(book: PriceBook) -> QuerySet[PriceBook]:
    """Other books of the same OU that hold on some day when this one does, in whatever currency: else nobody would know
    which of them counts."""
    rows = PriceBook.objects.filter(ou=book.ou_id).exclude(pk=book.pk)
    rows = rows.filter(Q(valid_to=None) | Q(valid_to__gte=book.valid_from))
    return (rows.filter(valid_from__lte=book.valid_to) if book.valid_to else rows).order_by(
        "valid_from", "pk"
    )


def _look_at_overlap(book: PriceBook, *, by: Any, end_other: bool) -> None:
    for other in overlapping(book):
        if not (end_other and other.valid_to is None and other.valid_from < book.valid_from):
            until = f"to {other.valid_to:%-d %B %Y}" if other.valid_to else "on"
            raise Refused(
                "valid_from",
                f"The book “{other.name}” ({other.currency}) holds for {book.ou} from {other.valid_from:%-d %B %Y} "
                f"{until}. One holds at a time: end that one first, or choose other dates.",
            )
        end_book(other, book.valid_from - timedelta(days=1), by=by)


@transaction.atomic
def end_book(book: PriceBook, day: date, *, by: Any) -> None:
    """Let it hold to that day, inclusive. Raises Refused."""
    locks.hold(book.ou)
    if day < book.valid_from:
        raise Refused("valid_to", f"It begins on {book.valid_from:%-d %B %Y}: it cannot end before.")
    closed = is_closed(book)
    if closed and day < closed:
        raise Refused(
            "valid_to",
            f"{closed:%B %Y} is closed with this book: it ends on {closed:%-d %B %Y} at the earliest.",
        )
    old, book.valid_to, book.changed_at = book.valid_to, day, timezone.now()
    if overlapping(book).exists():
        raise Refused("valid_to", f"“{overlapping(book)[0].name}” holds by then: end this one earlier.")
    book.save(update_fields=["valid_to", "changed_at"])
    audit.record(
        "setting", by=by, ou=book.ou, thing=book, title=f"Prices: {book.name}",
        old={"valid_to": str(old or "")}, new={"valid_to": str(day)},
    )  # fmt: skip


def _write_prices(book: PriceBook, prices: list[Clean]) -> None:
    book.prices.all().delete()
    made = Price.objects.bulk_create(
        Price(book=book, edition=one.edition, unit=one.unit, minimum=one.minimum) for one in prices
    )
    Tier.objects.bulk_create(
        Tier(price=price, first=first, unit=unit)
        for price, one in zip(made, prices, strict=True)
        for first, unit in one.tiers
    )


def prices_in(book: PriceBook) -> list[Clean]:
    """As they are kept, by edition."""
    return [
        Clean(row.edition, row.unit, row.minimum, tuple((tier.first, tier.unit) for tier in row.tiers.all()))
        for row in book.prices.order_by("edition").prefetch_related("tiers")
    ]


def said_of(book: PriceBook) -> Mapping[str, Any]:
    """For the trail."""
    prices = "\n".join(
        f"{row['edition']}: {row['unit']}"
        + (f", at least {row['minimum']}" if row["minimum"] else "")
        + (f", tiers {row['tiers']}" if row["tiers"] else "")
        for row in map(cells_of, prices_in(book))
    )
    return {name: str(getattr(book, name) if getattr(book, name) is not None else "") for name in FACTS} | {
        "prices": prices
    }
