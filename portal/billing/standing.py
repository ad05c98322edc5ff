"""What is counted on domains this month: the figures of the last reports; where a domain has none yet, its mailboxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, QuerySet, Sum

from portal.billing import books
from provisioning.models import Domain, Edition, Mailbox, MonthlyFigure

# In these a mailbox is taken to be billed. Whether suspended and closed ones are, no document says: reports tell.
BILLED = frozenset({"active", "stale", "suspended", "closed"})
Key = tuple[int, str]  # company, edition


def of_domains(domains: QuerySet[Domain]) -> Counter[Key]:
    """By company and edition, in two queries."""
    found: Counter[Key] = Counter()
    figures = MonthlyFigure.objects.filter(month=books.today().replace(day=1))
    counted = figures.filter(domain__in=domains.order_by().values("pk")).order_by()
    for ou, edition, number in counted.values_list("ou", "edition").annotate(number=Sum("count")):
        found[ou, edition] += number
    boxes = Mailbox.objects.filter(domain__in=domains.order_by().values("pk"), gone_at=None, state__in=BILLED)
    boxes = boxes.exclude(domain__in=figures.values("domain")).order_by()
    for ou, edition, number in boxes.values_list("ou", "edition_code").annotate(number=Count("pk")):
        found[ou, edition] += number
    return found


def default_editions(domains: Iterable[int]) -> dict[int, str]:
    """The edition that a mailbox gets where none is chosen; the first package's, where there are several."""
    rows = Edition.objects.filter(package__links__domain__in=domains, is_default=True).order_by("-package_id")
    return dict(rows.values_list("package__links__domain", "code"))
