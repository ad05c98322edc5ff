"""What this month comes to at its end: the present counts, and what is planned, priced as the month is now.

Planned is what the portal itself knows of: creations, provisionings, edition changes and deletions of mailboxes that are
under way or stand in a batch, and deletions that are set for a day of this month. Nothing else is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.billing import books, sums
from portal.billing.pricing import Charge, by_currency, charge
from provisioning.models import OU, Action, Batch, Domain, Edition, Mailbox, MonthlyFigure, Scheduled, Step

ASSUMPTION = (
    "Expected is the count of the last usage report, with what is under way in the portal and the deletions that are set "
    "for this month. What was finished after a report is not in it before the next one; what is done elsewhere is unknown. "
    "Prices are today's."
)
_CREATE, _PROVISION = "mailbox.create", "mailbox.provision"
_CHANGE, _DELETE = "mailbox.change_edition", "mailbox.delete"
_BILLED = frozenset({"active", "stale", "suspended", "closed"})
Key = tuple[int, str]  # company, edition
Wish = tuple[str, str, dict[str, Any]]  # operation, the target's GUID, payload


@dataclass(frozen=True)
class Expected:
    """One company's edition: its count now, what changes it, and what either costs. None: unpriced."""

    ou: int
    company: str
    edition: str
    now: int
    change: int
    count: int
    so_far: Charge | None
    at_end: Charge | None

    @property
    def effect(self) -> Decimal | None:
        """By how much the month's net changes."""
        if self.at_end is None:
            return None
        return self.at_end.net - (self.so_far.net if self.so_far else Decimal(0))


def expected(ous: QuerySet[OU], what_if: Counter[Key] | None = None) -> list[Expected]:
    """The lines of those companies at the month's end, by title and edition. `what_if` is added to what is planned."""
    now = {(line.ou, line.edition): line.count for line in sums.month_lines(ous, books.today())}
    change = planned(ous)
    for key, number in (what_if or Counter[Key]()).items():
        change[key] += number
    names = dict(ous.order_by().values_list("pk", "title"))
    prices = sums.book_prices(books.book_for(ous, books.today()))
    lines = []
    for ou, edition in {*now, *(key for key in change if change[key])}:
        before = now.get((ou, edition), 0)
        after = max(0, before + change[ou, edition])
        price = prices.get(ou, {}).get(edition)
        lines.append(
            Expected(
                ou, names[ou], edition, before, after - before, after,
                charge(price, before) if price else None,
                charge(price, after) if price else None,
            )
        )  # fmt: skip
    return sorted(lines, key=lambda line: (line.company.casefold(), line.ou, line.edition))


def totals(charges: Iterable[Charge | None]) -> dict[str, Charge]:
    """Each currency by itself; what is unpriced is in none."""
    return by_currency(one for one in charges if one is not None)


def planned(ous: QuerySet[OU]) -> Counter[Key]:
    """By how much each company's editions change, in a fixed number of queries."""
    found: Counter[Key] = Counter()
    _count_wishes(found, list(_wishes()), ous)
    _count_set(found, ous)
    return found


def _wishes() -> Iterator[Wish]:
    """What is under way, and the steps of running batches that were not begun."""
    of_mailboxes = Q(operation__in=(_CREATE, _PROVISION, _CHANGE, _DELETE))
    names = ("operation", "guid", "payload")
    yield from Action.objects.filter(of_mailboxes, state__in=Action.OPEN).values_list(*names)
    steps = Step.objects.filter(of_mailboxes, action=None, skipped=False, batch__state=Batch.State.RUNNING)
    yield from steps.order_by().values_list(*names)


def _count_wishes(found: Counter[Key], wishes: list[Wish], ous: QuerySet[OU]) -> None:
    guids = {guid for _, guid, _ in wishes}
    inside = Q(guid__in=guids, ou__in=ous.order_by().values("pk"))
    boxes = {
        guid: (ou, edition, state)
        for guid, ou, edition, state in Mailbox.objects.filter(inside).values_list(
            "guid", "ou", "edition_code", "state"
        )
    }
    domains = {
        guid: (pk, ou) for guid, pk, ou in Domain.objects.filter(inside).values_list("guid", "pk", "ou")
    }
    defaults = _defaults([pk for pk, _ in domains.values()])
    for operation, guid, payload in wishes:
        if operation == _CREATE and guid in domains and payload.get("provision_immediately"):
            pk, ou = domains[guid]
            found[ou, str(payload.get("package_edition_code") or defaults.get(pk, ""))] += 1
        elif guid in boxes:
            _count_box(found, operation, payload, *boxes[guid])


def _defaults(domains: list[int]) -> dict[int, str]:
    """The edition that a mailbox gets where none is chosen; the first package's, where there are several."""
    rows = Edition.objects.filter(package__links__domain__in=domains, is_default=True).order_by("-package_id")
    return dict(rows.values_list("package__links__domain", "code"))


def _count_box(
    found: Counter[Key], operation: str, payload: dict[str, Any], ou: int, edition: str, state: str
) -> None:
    billed = state in _BILLED
    if operation == _PROVISION and not billed:
        found[ou, edition] += 1
    elif operation == _CHANGE and billed:
        found[ou, edition] -= 1
        found[ou, str(payload.get("code", ""))] += 1
    elif operation == _DELETE and billed:
        found[ou, edition] -= 1


def _count_set(found: Counter[Key], ous: QuerySet[OU]) -> None:
    """Deletions that are set for a day of this month; all that is counted on a domain or company goes with it."""
    first_after = books.last_day(books.today()) + timedelta(days=1)
    end = timezone.make_aware(datetime.combine(first_after, time.min), timezone.get_default_timezone())
    rows = Scheduled.objects.filter(cancelled_at=None, batch=None, due_at__lt=end)
    due: dict[str, list[str]] = {}
    for kind, guid in rows.values_list("kind", "guid"):
        due.setdefault(kind, []).append(guid)
    scope = Q(ou__in=ous.order_by().values("pk"))
    whole = Q(domain__guid__in=due.get("domain", [])) | Q(ou__guid__in=due.get("ou", []))
    figures = MonthlyFigure.objects.filter(scope, whole, month=books.today().replace(day=1))
    for ou, edition, count in figures.values_list("ou", "edition", "count"):
        found[ou, edition] -= count
    # A mailbox whose domain or company goes as well is counted there.
    gone = Q(domain__guid__in=due.get("domain", [])) | Q(ou__guid__in=due.get("ou", []))
    boxes = Mailbox.objects.filter(scope, guid__in=due.get("mailbox", []), state__in=_BILLED).exclude(gone)
    for ou, edition in boxes.values_list("ou", "edition_code"):
        found[ou, edition] -= 1
