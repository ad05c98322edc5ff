"""The price effect a month, beside whatever changes the bill: for those who may see prices, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest

from portal import access
from portal.billing import books
from portal.billing import effect as reckoning
from portal.billing.effect import Effect, Ground
from portal.billing.models import PriceBook
from portal.billing.standing import Key
from provisioning.models import OU

UNKNOWN = "edition not known"
SILENT = "Whether this changes what is billed is not documented: the domain’s usage reports tell."


@dataclass(frozen=True)
class Told:
    """For components/price_effect.html. `each`: editions with what one more costs, where their number is not known yet;
    `partly`: some of the companies have prices that the viewer does not see; `silent`: said instead of all else."""

    amounts: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    each: tuple[tuple[str, str], ...] = ()
    partly: bool = False
    silent: str = ""


NOT_DOCUMENTED = Told(silent=SILENT)


class Prices:
    """What the viewer may see of the prices of some companies."""

    def __init__(self, ground: Ground, seen: Iterable[int], *, partly: bool) -> None:
        self.ground, self.seen, self.partly = ground, frozenset(seen), partly

    def told(self, change: Mapping[Key, int]) -> Told:
        """Of a change whose numbers are known."""
        found = reckoning.effect(
            self.ground, {key: number for key, number in change.items() if key[0] in self.seen}
        )
        return Told(_amounts(found), _named(found.unpriced), partly=self.partly)

    def word(self, change: Mapping[Key, int]) -> str:
        """The same in a few words, for beside a choice."""
        found = reckoning.effect(self.ground, change)
        return "unpriced" if found.unpriced else ", ".join(f"{said} a month" for said in _amounts(found))

    def each(self, ou: OU, editions: Iterable[tuple[str, str]]) -> Told | None:
        """One more of each edition, given as (code, name), whose number only reports will tell."""
        rows = tuple((name, self.word({(ou.pk, code): 1})) for code, name in dict(editions).items())
        return Told(each=rows) if rows else None


def of(request: HttpRequest, ous: Iterable[OU]) -> Prices | None:
    """None for whoever may see no price of any of them (nothing is asked of the database for most of those), and where
    the reseller has set no prices at all."""
    known = {ou.pk: ou for ou in ous}
    may = {pk: ou for pk, ou in known.items() if access.sees_prices(request, ou, shown=True)}
    if not may:
        return None
    held = books.book_for(OU.objects.filter(pk__in=may), books.today())
    seen = [
        pk
        for pk, ou in may.items()
        if access.sees_prices(request, ou, shown=pk in held and held[pk].shown_to_customer)
    ]
    if not seen or not (held or _are_set(may.values())):
        return None
    ground = reckoning.ground(OU.objects.filter(pk__in=seen), {pk: held[pk] for pk in seen if pk in held})
    return Prices(ground, seen, partly=len(seen) < len(known))


def _are_set(ous: Iterable[OU]) -> bool:
    return PriceBook.objects.filter(ou__connection__in={ou.connection_id for ou in ous}).exists()


def told(request: HttpRequest, ous: Iterable[OU], change: Mapping[Key, int]) -> Told | None:
    """The effect of a change; None for whoever may not see it."""
    prices = of(request, ous)
    return prices.told(change) if prices else None


def _amounts(found: Effect) -> tuple[str, ...]:
    return tuple(_amount(currency, net) for currency, net in found.nets.items())


def _amount(currency: str, net: Decimal) -> str:
    if not net:
        return f"{currency} no more and no less"
    return f"{currency} {abs(net):,.2f} {'more' if net > 0 else 'less'}"


def _named(editions: Iterable[str]) -> tuple[str, ...]:
    return tuple(edition or UNKNOWN for edition in editions)
