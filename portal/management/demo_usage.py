"""The demo's past: what usage reports of more than a year would have said, a few odd ones among them; and its prices."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from portal.billing.models import PriceBook
from portal.billing.pricefile import Clean
from portal.prices import keeping
from provisioning import collecting, usage
from provisioning.models import OU, Connection, Domain, Mailbox, MonthlyFigure, UsageReport

MONTHS = 15
_UNPRICED = "CLM-BETA"
_EACH = 4  # mailboxes of one domain that come and go in a month, at most


def load(connection: Connection) -> int:
    """Reports as of each month's last evening, and of this morning. Harmless the second time. Returns how many there are."""
    if UsageReport.objects.filter(connection=connection).exists():
        return 0
    domains = collecting.domains_of(connection)
    for number, domain in enumerate(domains):
        now = _present(domain)
        for ago, as_at in _moments():
            if (number, ago) in ((3, 1), (6, 0)):
                continue  # one domain that nobody counted last month, and one this month
            if (number, ago) == (5, 1):
                as_at -= timedelta(days=19)  # and one whose figure is old
            counts = {code: _then(code, domain, count, ago) for code, count in now.items()}
            usage.take_in(
                domain,
                _body(counts, as_at, number, ago),
                source=usage.SUMMARY,
                received_at=as_at + timedelta(minutes=1),
            )
    _set_prices(connection)
    return UsageReport.objects.filter(connection=connection).count()


def _set_prices(connection: Connection) -> None:
    """A book for the reseller, in which one edition has no price, and one for its largest customer."""
    known = MonthlyFigure.objects.filter(ou__connection=connection).order_by("edition")
    editions = list(known.values_list("edition", flat=True).distinct())
    root = OU.objects.get(connection=connection, parent=None)
    prices = [_price(code) for code in editions if not code.startswith(_UNPRICED)]
    if not prices or PriceBook.objects.filter(ou__connection=connection).exists():
        return
    begin = known.order_by("month").values_list("month", flat=True)[0]
    about = {"currency": "ZAR", "valid_from": begin, "tax_rate": Decimal(15)}
    keeping.keep(PriceBook(ou=root, name="List prices", **about), prices, by=None)
    largest = known.order_by("ou").values("ou").annotate(total=Sum("count")).order_by("-total")[0]["ou"]
    own = [replace(price, unit=price.unit - 4) for price in prices]
    keeping.keep(PriceBook(ou_id=largest, name="Agreed prices", **about), own, by=None)


def _price(code: str) -> Clean:
    unit = Decimal(18 + _dice(code) % 60)
    return Clean(code, unit, Decimal(0), ((26, unit - 3),) if _dice(code) % 3 == 0 else ())


def _moments() -> Iterator[tuple[int, datetime]]:
    """(months ago, when), the oldest first."""
    now = timezone.localtime(timezone.now(), timezone.get_default_timezone())
    first, found = now.date().replace(day=1), []
    for ago in range(1, MONTHS):
        last = first - timedelta(days=1)
        evening = datetime.combine(last, time(22, 10), tzinfo=now.tzinfo)
        found.append((ago, evening))
        first = last.replace(day=1)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    this_morning = max(midnight, min(now - timedelta(minutes=5), midnight + timedelta(hours=2, minutes=10)))
    yield from [*reversed(found), (0, this_morning)]


def _present(domain: Domain) -> Counter[str]:
    """What the mirror holds now: mailboxes by edition; of a plan, a number that stays much the same."""
    boxes = Mailbox.objects.filter(domain=domain, gone_at=None, state__in=["active", "suspended", "closed"])
    counts = Counter(code for code in boxes.values_list("edition_code", flat=True) if code)
    for package in domain.packages.filter(gone_at=None):
        codes = list(package.editions.order_by("-is_default", "id").values_list("code", flat=True))
        if codes and not counts.keys() & set(codes):
            counts[codes[0]] = boxes.count() or 5 + _dice(domain.name) % 40
    return counts


def _then(code: str, domain: Domain, count: int, ago: int) -> int:
    """Fewer the longer ago, unevenly; the same each time."""
    gone = sum(_dice(f"{code} {domain.name} {month}") % _EACH for month in range(ago))
    return max(1, count - gone)


def _dice(words: str) -> int:
    return int(hashlib.sha256(words.encode()).hexdigest()[:8], 16)


def _body(counts: dict[str, int], as_at: datetime, number: int, ago: int) -> dict[str, Any]:
    lines: list[dict[str, Any]] = [
        {"edition_code": code, "count": count} for code, count in sorted(counts.items())
    ]
    report: dict[str, Any] = {"state": "FINISHED", "data_as_at": f"{as_at:%Y-%m-%d %H:%M:%S%z}"}
    if (number, ago) == (0, 2):
        lines.append({"edition_code": "CLM-BETA-7", "count": 3})  # an edition that nobody knows
    if (number, ago) == (1, 3) and lines:
        lines[0]["count"] = -4
    if (number, ago) == (2, 1):
        del report["data_as_at"]
    return {"domain_usage_report": {**report, "edition_usage_reports": lines}}
