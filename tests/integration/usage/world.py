"""Two sub-resellers with customers and figures of this month and the last."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.billing import books
from portal.usage.asked import previous
from provisioning import usage
from provisioning.models import OU, Domain
from tests.integration.factories import make_domain, make_ou, make_package

BASIC, PREMIUM = "SYN-CMS-BASIC-02", "SYN-CMS-PREMIUM-01"


def this_month() -> date:
    return books.today().replace(day=1)


def moment(month: date) -> datetime:
    """Late enough in the month for a figure that is not stale; of the present month now."""
    if month == this_month():
        return timezone.now()
    last = datetime.combine(books.last_day(month), datetime.min.time())
    return timezone.make_aware(last, timezone.get_default_timezone()) + timedelta(hours=22)


def count(domain: Domain, at: datetime | date | None = None, **counts: Any) -> Any:
    """A report with those counts is taken in: `count(domain, when, basic=3)`."""
    when = at if isinstance(at, datetime) else moment(at or this_month())
    codes = {"basic": BASIC, "premium": PREMIUM}
    lines = [{"edition_code": codes.get(name, name), "count": number} for name, number in counts.items()]
    body = {"state": "FINISHED", "data_as_at": when.isoformat(), "edition_usage_reports": lines}
    return usage.take_in(domain, body, source=usage.SUMMARY, received_at=when)


class World:
    def __init__(self) -> None:
        self.root = make_ou()
        self.sub = make_ou(parent=self.root, type=OU.Type.SUBRESELLER, title="Sub")
        self.other = make_ou(parent=self.root, type=OU.Type.SUBRESELLER, title="Other")
        self.company, self.domain = self.customer(self.sub, "Alpha Attorneys", "alpha.example")
        self.second, self.second_domain = self.customer(self.sub, "Beta Bakers", "beta.example")
        self.foreign, self.foreign_domain = self.customer(self.other, "Gamma Garages", "gamma.example")
        before = previous(this_month())
        count(self.domain, before, basic=10)
        count(self.domain, basic=12, premium=3)
        count(self.second_domain, before, basic=40)
        count(self.second_domain, basic=35)
        count(self.foreign_domain, basic=7077)

    def customer(self, above: OU, title: str, name: str) -> tuple[OU, Domain]:
        company = make_ou(parent=above, title=title)
        package = make_package(company, editions=(BASIC, PREMIUM), state="active")
        return company, make_domain(company, name, package)
