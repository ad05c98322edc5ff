"""What is done to a domain, a package or a company, and what that does to the month's bill, for those who may see it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from portal import price_effects
from portal.billing import effect
from portal.price_effects import NOT_DOCUMENTED, Told
from provisioning.models import OU, Domain, Mailbox, Package
from provisioning.operations import Operation

_BEGIN = frozenset({"provision", "create_in_package"})
_SILENT = frozenset({"close", "activate"})


def of(request: HttpRequest, operation: Operation, thing: Domain | Package) -> Told | None:
    """Of what begins: what one more of each edition costs, for nobody knows yet how many there will be. On closing and
    activating SYNAQ's documents are silent."""
    verb = operation.name.partition(".")[2]
    if verb in _SILENT:
        return NOT_DOCUMENTED
    return of_packages(request, thing.ou, _packages(thing)) if verb in _BEGIN else None


def _packages(thing: Domain | Package) -> QuerySet[Package]:
    found = Package.objects.filter(pk=thing.pk) if isinstance(thing, Package) else thing.packages.all()
    return found.filter(gone_at=None).order_by("code", "id")


def of_packages(request: HttpRequest, ou: OU, packages: QuerySet[Package]) -> Told | None:
    """What one more of each of their editions costs."""
    prices = price_effects.of(request, [ou])
    if prices is None:
        return None
    found = packages.prefetch_related("editions")
    return prices.each(ou, [(one.code, str(one)) for package in found for one in package.editions.all()])


def of_end(request: HttpRequest, thing: Any) -> Told | None:
    """Of the end of a mailbox, domain, package or company with all that is on it."""
    ou = thing if isinstance(thing, OU) else thing.ou
    if isinstance(thing, Mailbox):
        return price_effects.told(request, [ou], effect.ended([thing]))
    prices = price_effects.of(request, [ou])
    return prices.told(effect.all_of(_domains(thing))) if prices else None


def _domains(thing: Any) -> QuerySet[Domain]:
    where: dict[str, Any] = {"pk": thing.pk}
    if not isinstance(thing, Domain):
        where = {"ou": thing} if isinstance(thing, OU) else {"links__package": thing}
    return Domain.objects.filter(**where)
