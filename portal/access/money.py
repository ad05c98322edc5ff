"""Usage, and what it costs, where the viewer sees either."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from portal import roles
from portal.access.granted import below, grants
from portal.billing.models import PriceBook
from provisioning.models import OU, Domain, UsageReport
from provisioning.operations import OPERATIONS


def ous_to_price(request: HttpRequest) -> QuerySet[OU]:
    """OUs for which the viewer may set prices."""
    return OU.objects.filter(below(grants(request).paths(roles.CHANGE_PRICES), ""), gone_at=None)


def usage_companies(request: HttpRequest) -> QuerySet[OU]:
    """Companies whose usage, and what it costs, the viewer sees."""
    return OU.objects.filter(below(grants(request).paths(roles.SEE_USAGE), ""), type=OU.Type.COMPANY)


def usage_ous(request: HttpRequest) -> QuerySet[OU]:
    """All OUs where the viewer sees usage: companies, and what they are under."""
    return OU.objects.filter(below(grants(request).paths(roles.SEE_USAGE), ""))


def usage_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains whose usage the viewer sees, though the domains' own pages may be closed to them."""
    return Domain.objects.filter(below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def domains_to_count(request: HttpRequest) -> QuerySet[Domain]:
    """Domains whose usage the viewer sees, and may have counted."""
    paths = grants(request).paths(OPERATIONS["domain.usage"].permission)
    return usage_domains(request).filter(below(paths, "ou__"))


def usage_reports(request: HttpRequest) -> QuerySet[UsageReport]:
    """Reports on domains that were then of companies whose usage the viewer sees."""
    return UsageReport.objects.filter(below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def price_books(request: HttpRequest) -> QuerySet[PriceBook]:
    return PriceBook.objects.filter(below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def sees_prices(request: HttpRequest, ou: OU, *, shown: bool) -> bool:
    """Whether the viewer may see what a change costs there: with its usage; or, where the prices are shown to the
    customer, whoever makes mailboxes for it."""
    held = grants(request)
    return held.has_on(roles.SEE_USAGE, ou) or (shown and held.has_on(roles.CHANGE_MAILBOXES, ou))
