"""The tree of OUs, as far as the person sees it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.http import HttpRequest

from portal import access
from provisioning.models import OU
from provisioning.operations import Operation

MOST = 500


def resellers(request: HttpRequest) -> list[OU]:
    """The resellers and sub-resellers in scope, each after the one that it is under."""
    found = access.ous(request).exclude(type=OU.Type.COMPANY).filter(gone_at=None)
    return list(found.select_related("connection").order_by("path"))


def parents(request: HttpRequest, operation: Operation, among: list[OU]) -> list[OU]:
    """Those under which the person may make an OU by that operation, and whose connection has it."""
    return [
        ou
        for ou in among
        if access.may(request, operation, ou) and not operation.why_not(ou, ou.connection.dialect)
    ]


def above(request: HttpRequest, ou: OU) -> list[OU]:
    """The OUs over it that the person may open, from the top."""
    ids = [int(part) for part in ou.path.split(".") if part]
    return list(access.ous(request).filter(pk__in=ids).exclude(pk=ou.pk).order_by("path"))


@dataclass
class Branch:
    """A reseller with what is directly below it."""

    ou: OU
    companies: int = 0
    below: list[Branch] = field(default_factory=list)


def branches(request: HttpRequest) -> list[Branch]:
    """The topmost resellers in scope, each with its sub-resellers, and the number of companies directly under each."""
    found = resellers(request)[:MOST]
    counted = (
        access.companies(request)
        .filter(gone_at=None, parent__in=found)
        .order_by()
        .values_list("parent")
        .annotate(number=Count("pk"))
    )
    numbers = dict(counted)
    nodes = {ou.pk: Branch(ou, numbers.get(ou.pk, 0)) for ou in found}
    under: dict[int | None, list[Branch]] = defaultdict(list)
    for ou in sorted(found, key=lambda ou: (ou.title.casefold(), ou.pk)):
        under[ou.parent_id if ou.parent_id in nodes else None].append(nodes[ou.pk])
    for pk, node in nodes.items():
        node.below = under[pk]
    return under[None]


def lone_companies(request: HttpRequest) -> list[OU]:
    """Companies in scope whose reseller is not."""
    seen = access.ous(request).values("pk")
    found = access.companies(request).filter(~Q(parent__in=seen), gone_at=None)
    return list(found.order_by("title", "id")[:MOST])
