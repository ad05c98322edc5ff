"""This month's usage of one company and what it costs so far, for those who may see it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from portal import access, roles
from portal.billing import books, sums
from portal.billing.models import PriceBook
from provisioning.models import OU


def of(request: HttpRequest, ou: OU) -> dict[str, Any] | None:
    """For ous/_usage.html; None for those who do not see usage there. A fixed number of queries."""
    if not access.grants(request).has_on(roles.SEE_USAGE, ou):
        return None
    own = OU.objects.filter(pk=ou.pk)
    lines = sums.month_lines(own, books.today())
    priced = (
        any(line.is_priced for line in lines)
        or PriceBook.objects.filter(ou__connection=ou.connection_id).exists()
    )
    return {
        "month": books.today().replace(day=1),
        "lines": lines,
        "priced": priced,
        "totals": sorted(sums.totals(lines).items()),
        "unpriced": len(sums.unpriced(lines)),
        "missing": sums.missing(own, books.today()).count(),
        "projection_url": f"{reverse('prices:projection')}?{urlencode({'company': ou.guid})}",
    }
