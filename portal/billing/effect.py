"""By how much a month's cost changes with a change of services: arithmetic over what stands now, for pages that ask.

It is reckoned for a whole month and without tax, from the counts of the last reports with what is under way and what is
set for this month (`projection.planned`), so that one more is priced by the tier that it falls into. What has no price is
unpriced, never free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from portal.billing import books, projection, standing, sums
from portal.billing.models import PriceBook
from portal.billing.pricing import ZERO, PriceOf, difference
from portal.billing.standing import BILLED, Key
from provisioning.models import OU, Domain, Mailbox


@dataclass(frozen=True)
class Ground:
    """What a change is reckoned from: the companies' counts and their prices by edition."""

    counts: Mapping[Key, int]
    prices: Mapping[int, Mapping[str, PriceOf]]


@dataclass(frozen=True)
class Effect:
    """The month's net difference, each currency by itself. `unpriced`: editions that no price holds for; an edition that
    is not known is "" there."""

    nets: Mapping[str, Decimal]
    unpriced: tuple[str, ...] = ()


def effect(ground: Ground, change: Mapping[Key, int]) -> Effect:
    """Of so many more or fewer (by company and edition). Pure."""
    nets: dict[str, Decimal] = {}
    unpriced: set[str] = set()
    for (ou, edition), number in change.items():
        price = ground.prices.get(ou, {}).get(edition)
        if not number:
            continue
        if price is None:
            unpriced.add(edition)
            continue
        before = max(0, ground.counts.get((ou, edition), 0))
        by = difference(price, before, max(0, before + number))
        nets[price.currency] = nets.get(price.currency, ZERO) + by
    return Effect(dict(sorted(nets.items())), tuple(sorted(unpriced)))


def ground(ous: QuerySet[OU], held: Mapping[int, PriceBook] | None = None) -> Ground:
    """Of those companies, in a fixed number of queries; `held` are their books of today, where they are known."""
    counts = standing.of_domains(Domain.objects.filter(ou__in=ous.order_by().values("pk")))
    counts.update(projection.planned(ous))
    return Ground(counts, sums.book_prices(books.book_for(ous, books.today()) if held is None else held))


# --- changes as pages know them -----------------------------------------------------------------------------------------


def made(domain: Domain, edition: str) -> Counter[Key]:
    """One mailbox more; without an edition, of the one that SYNAQ takes then."""
    return Counter({(domain.ou_id, edition or standing.default_editions([domain.pk]).get(domain.pk, "")): 1})


def changed(mailbox: Mailbox, before: Iterable[str], after: str) -> Counter[Key]:
    """One mailbox of other editions."""
    found: Counter[Key] = Counter({(mailbox.ou_id, after): 1})
    found.subtract(Counter({(mailbox.ou_id, edition): 1 for edition in before}))
    return found


def ended(mailboxes: Iterable[Mailbox]) -> Counter[Key]:
    """Those that are billed are gone."""
    found: Counter[Key] = Counter()
    found.subtract((row.ou_id, row.edition_code) for row in mailboxes if row.state in BILLED)
    return found


def begun(mailboxes: Iterable[Mailbox]) -> Counter[Key]:
    """Those that are not billed yet are, from now on."""
    waiting = [row for row in mailboxes if row.state not in BILLED]
    usual = standing.default_editions({row.domain_id for row in waiting})
    return Counter((row.ou_id, row.edition_code or usual.get(row.domain_id, "")) for row in waiting)


def all_of(domains: QuerySet[Domain]) -> Counter[Key]:
    """All that is counted on those domains is gone."""
    found: Counter[Key] = Counter()
    found.subtract(standing.of_domains(domains))
    return found
