"""What so many of an edition cost a month. Pure arithmetic in Decimal: no database, no floats.

Tiers are graduated: the units from a tier's first on cost that tier's price, those before it keep theirs. The sum is
rounded half up to cents once; a minimum lifts it; tax is rounded half up likewise, of that line alone. A sum of lines is
the sum of their rounded amounts, so that pages, files and the database agree to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class PriceOf:
    """The price of one edition: `unit` a month, `tiers` as (first unit, price of each from there on), in order."""

    currency: str
    unit: Decimal
    minimum: Decimal = ZERO
    tiers: tuple[tuple[int, Decimal], ...] = ()
    tax_rate: Decimal = ZERO  # per cent
    book: str = ""

    def as_told(self) -> dict[str, Any]:
        """For a statement and a closed month: what was charged by, in text that keeps every digit."""
        return {
            "unit": str(self.unit),
            "minimum": str(self.minimum),
            "tiers": [[first, str(price)] for first, price in self.tiers],
            "tax_rate": str(self.tax_rate),
            "book": self.book,
        }


@dataclass(frozen=True)
class Charge:
    """Of one line: `net` and `tax` in cents' precision, and whether the minimum made it."""

    currency: str
    net: Decimal
    tax: Decimal
    at_minimum: bool = False

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


def charge(price: PriceOf, count: int) -> Charge:
    """What `count` (0 or more) cost in one month. None in use costs nothing: the minimum holds from the first on.

    Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("A count cannot be negative.")
    if count == 0:
        return Charge(price.currency, ZERO, ZERO)
    asked = cents(sum((units * each for units, each in _steps(price, count)), Decimal(0)))
    net = max(asked, cents(price.minimum))
    return Charge(price.currency, net, cents(net * price.tax_rate / 100), at_minimum=net > asked)


def _steps(price: PriceOf, count: int) -> Iterator[tuple[int, Decimal]]:
    """(units, price of each) for each tier that is reached."""
    bounds = [(1, price.unit), *sorted(price.tiers)]
    ends = [first for first, _ in bounds[1:]] + [count + 1]
    for (first, each), end in zip(bounds, ends, strict=True):
        if count >= first:
            yield min(count + 1, end) - first, each


def difference(price: PriceOf, before: int, after: int) -> Decimal:
    """By how much the month's net changes when `before` become `after`."""
    return charge(price, after).net - charge(price, before).net


def cents(amount: Decimal) -> Decimal:
    """Half up, away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def by_currency(charges: Iterable[Charge]) -> dict[str, Charge]:
    """The sums of rounded amounts, each currency by itself."""
    return summed((one.currency, one.net, one.tax) for one in charges)


def summed(amounts: Iterable[tuple[str, Decimal, Decimal]]) -> dict[str, Charge]:
    """The same of currency, net and tax alone."""
    nets: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    for currency, net, tax in amounts:
        nets[currency] = nets.get(currency, ZERO) + net
        taxes[currency] = taxes.get(currency, ZERO) + tax
    return {currency: Charge(currency, net, taxes[currency]) for currency, net in nets.items()}
