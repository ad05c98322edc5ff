"""How a figure came to be: how old its data is, and by what it was obtained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from portal.times import short
from provisioning.models import MonthlyFigure, UsageReport, UsageRun

WHEN = Coalesce("data_as_at", "received_at")
_WAYS = {
    UsageRun.Why.NIGHT: "nightly run",
    UsageRun.Why.MONTH_END: "month-end run",
}


def way(*, detailed: bool, why: str | None, action: object, by: str) -> str:
    """In words: `nightly run`, `asked for by Sipho`, `read from the domain`; `, detailed` where it lists mailboxes."""
    if why in _WAYS:
        said = _WAYS[UsageRun.Why(why)]
    elif action:
        said = f"asked for by {by or 'the portal'}"
    else:
        said = "read from the domain"
    return f"{said}, detailed" if detailed else said


@dataclass
class Obtained:
    """Of some figures together: the oldest and the newest data, and how many came each way."""

    oldest: datetime | None = None
    newest: datetime | None = None
    ways: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, said: str, number: int, oldest: datetime, newest: datetime) -> None:
        self.oldest = min(filter(None, (self.oldest, oldest)))
        self.newest = max(filter(None, (self.newest, newest)))
        self.ways[said] += number

    def join(self, other: Obtained) -> None:
        for said, number in other.ways.items():
            if other.oldest and other.newest:
                self.add(said, number, other.oldest, other.newest)

    @property
    def how(self) -> str:
        """`nightly run`; of several ways, how many figures each."""
        ways = sorted(self.ways.items(), key=lambda pair: (-pair[1], pair[0]))
        if len(ways) == 1:
            return ways[0][0]
        return "; ".join(f"{number:,} {said}" for said, number in ways)

    @property
    def until(self) -> datetime | None:
        """The newest data's time, where it reads otherwise than the oldest's."""
        if self.oldest is None or self.newest is None or short(self.oldest) == short(self.newest):
            return None
        return self.newest

    @property
    def told(self) -> str:
        """In one line, for what has no room to show it."""
        if self.oldest is None:
            return ""
        end = f" to {short(self.until)}" if self.until else ""
        return f"Data as at {short(self.oldest)}{end}: {self.how}"


_OF = (
    "report__source",
    "report__action__batch__usage_run__why",
    "report__action__by__name",
    "report__action__by__email",
)


def obtained(
    ous: Iterable[int] | QuerySet[Any, Any], month: date, where: Q, by: str = "edition"
) -> Mapping[tuple[int, Any], Obtained]:
    """For each company and edition (or whatever `by` names) how its figures of the month were obtained. One query."""
    figures = MonthlyFigure.objects.filter(where, month=month, ou__in=ous).order_by()
    rows = figures.values_list("ou", by, *_OF).annotate(
        number=Count("pk"), asked=Count("report__action"), old=Min(WHEN), new=Max(WHEN)
    )
    found: dict[tuple[int, Any], Obtained] = defaultdict(Obtained)
    for ou, key, source, why, name, email, number, asked, old, new in rows:
        detailed = source == UsageReport.Source.DETAILED
        for count, action in ((asked, True), (number - asked, False)):
            if count:
                said = way(detailed=detailed, why=why, action=action, by=name or email or "")
                found[ou, key].add(said, count, old, new)
    return found
