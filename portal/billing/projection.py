"""What this month comes to at its end: the present counts, and what is planned, priced as the month is now.

Planned is what the portal itself knows of: creations, provisionings, edition changes and deletions of mailboxes, and ends of
domains, that are under way or stand in a batch, and deletions that are set for a day of this month. Nothing else is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.billing import books, standing, sums
from portal.billing.pricing import Charge, by_currency, charge
from portal.billing.standing import BILLED, Key
from provisioning.models import OU, Action, Batch, Domain, DomainLink, Mailbox, Scheduled, Step

ASSUMPTION = (
    "So far is what this month’s usage reports count. Expected is that, with what is under way in the portal and the "
    "deletions that are set for this month; of a domain without a report yet, its mailboxes that are in service. What was "
    "finished after a report is not in it before the next one; what is done elsewhere is unknown. Prices are today’s."
)
_CREATE, _PROVISION = "mailbox.create", "mailbox.provision"
_CHANGE, _DELETE = "mailbox.change_edition", "mailbox.delete"
_OF_MAILBOXES = (_CREATE, _PROVISION, _CHANGE, _DELETE)
_END = "domain.delete"
Wish = tuple[str, int, str, dict[str, Any]]  # operation, connection, the target's GUID, payload


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
    end = standing.of_domains(Domain.objects.filter(ou__in=ous.order_by().values("pk")))
    for more in (planned(ous), what_if or Counter[Key]()):
        for key, number in more.items():
            end[key] += number
    names = dict(ous.order_by().values_list("pk", "title"))
    prices = sums.book_prices(books.book_for(ous, books.today()))
    lines = []
    for ou, edition in {*now, *(key for key in end if end[key] > 0 and key[0] in names)}:
        before, after = now.get((ou, edition), 0), max(0, end[ou, edition])
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
    going = set(_going(ous).values_list("pk", flat=True))
    found: Counter[Key] = Counter()
    found.subtract(standing.of_domains(Domain.objects.filter(pk__in=going)))
    _count_wishes(found, list(_wishes(ous)), ous, going)
    return found


def _due() -> QuerySet[Scheduled]:
    """Deletions that are set for a day of this month."""
    first_after = books.last_day(books.today()) + timedelta(days=1)
    end = timezone.make_aware(datetime.combine(first_after, time.min), timezone.get_default_timezone())
    return Scheduled.objects.filter(cancelled_at=None, batch=None, due_at__lt=end)


def _going(ous: QuerySet[OU]) -> QuerySet[Domain]:
    """Domains that end, by themselves or with their package or company: all that is counted on them goes as well."""

    def this(at: str = "") -> dict[str, OuterRef]:
        return {"guid": OuterRef(f"{at}guid"), "connection": OuterRef(f"{at}connection")}

    packages = DomainLink.objects.filter(domain=OuterRef("pk"))
    return Domain.objects.filter(ou__in=ous.order_by().values("pk")).filter(
        Exists(_due().filter(kind="domain", **this()))
        | Exists(_due().filter(kind="ou", **this("ou__")))
        | Exists(packages.filter(Exists(_due().filter(kind="package", **this("package__")))))
        | Exists(Action.objects.filter(operation=_END, state__in=Action.OPEN, **this()))
        | Exists(
            _waiting().filter(
                operation=_END, guid=OuterRef("guid"), batch__ou__connection=OuterRef("connection")
            )
        )
    )


def _waiting() -> QuerySet[Step]:
    """Steps of running batches that were not begun."""
    return Step.objects.filter(action=None, skipped=False, batch__state=Batch.State.RUNNING).order_by()


def _wishes(ous: QuerySet[OU]) -> Iterator[Wish]:
    """What is under way on mailboxes, what waits its turn, and what is set for a day of this month."""
    under_way = Action.objects.filter(operation__in=_OF_MAILBOXES, state__in=Action.OPEN)
    under_way = under_way.filter(ou__in=ous.order_by().values("pk")).order_by()
    yield from under_way.values_list("operation", "connection", "guid", "payload")
    theirs = ous.order_by().values("connection")
    waiting = _waiting().filter(operation__in=_OF_MAILBOXES, batch__ou__connection__in=theirs)
    yield from waiting.values_list("operation", "batch__ou__connection", "guid", "payload")
    due = _due().filter(kind="mailbox", connection__in=theirs)
    for connection, guid in due.values_list("connection", "guid"):
        yield _DELETE, connection, guid, {}


def _count_wishes(found: Counter[Key], wishes: list[Wish], ous: QuerySet[OU], going: set[int]) -> None:
    """Each thing once, however often its end is asked for; what is on a domain that ends is counted there."""
    guids = {guid for _, _, guid, _ in wishes}
    inside = Q(guid__in=guids, ou__in=ous.order_by().values("pk"))
    few = ("connection", "guid", "ou")
    of_box = Mailbox.objects.filter(inside).only(*few, "domain", "edition_code", "state")
    boxes = {(row.connection_id, row.guid): row for row in of_box}
    domains = {(row.connection_id, row.guid): row for row in Domain.objects.filter(inside).only(*few)}
    defaults = standing.default_editions([row.pk for row in domains.values()])
    ended = set()
    for operation, connection, guid, payload in wishes:
        domain, box = domains.get((connection, guid)), boxes.get((connection, guid))
        if operation == _CREATE:
            if domain and domain.pk not in going and payload.get("provision_immediately"):
                edition = str(payload.get("package_edition_code") or defaults.get(domain.pk, ""))
                found[domain.ou_id, edition] += 1
        elif box and box.domain_id not in going and box.pk not in ended:
            _count_box(found, operation, payload, box)
            ended |= {box.pk} if operation == _DELETE else set()


def _count_box(found: Counter[Key], operation: str, payload: dict[str, Any], box: Mailbox) -> None:
    billed, ou = box.state in BILLED, box.ou_id
    if operation == _PROVISION and not billed:
        found[ou, box.edition_code] += 1
    elif operation == _CHANGE and billed:
        found[ou, box.edition_code] -= 1
        found[ou, str(payload.get("code", ""))] += 1
    elif operation == _DELETE and billed:
        found[ou, box.edition_code] -= 1
