"""What was asked for: the ledger's actions, batches, deletions that are set, customers being taken on, in scope."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import roles
from portal.access.granted import Grants, below, grants, own_grants
from provisioning.models import Action, Batch, Scheduled
from provisioning.services.customers import KIND as NEW_CUSTOMER


def actions(request: HttpRequest) -> QuerySet[Action]:
    """The ledger's rows that the person may see: of OUs where they see activity, and of kinds that they see."""
    return _actions(grants(request))


def own_actions(request: HttpRequest) -> QuerySet[Action]:
    """The same of the person who is signed in, before it is known as whom they look."""
    return _actions(own_grants(request))


def _actions(held: Grants) -> QuerySet[Action]:
    where = Q(pk__in=[])
    for path, _, permissions in held.rows:
        if roles.SEE_ACTIVITY in permissions:
            where |= Q(ou__path__startswith=path) & _kinds(permissions)
    return Action.objects.filter(where)


def batches(request: HttpRequest) -> QuerySet[Batch]:
    """Batches about things that the person may see, of OUs where they see activity."""
    return Batch.objects.filter(_about(request, "target_kind"))


def scheduled(request: HttpRequest) -> QuerySet[Scheduled]:
    """Deletions set for a date, likewise."""
    return Scheduled.objects.filter(_about(request, "kind"))


def _about(request: HttpRequest, field: str) -> Q:
    where = Q(pk__in=[])
    for path, _, permissions in grants(request).rows:
        if roles.SEE_ACTIVITY in permissions:
            kinds = [kind for kind, permission in roles.SEES.items() if permission in permissions]
            where |= Q(ou__path__startswith=path, **{f"{field}__in": kinds})
    return where


def _kinds(permissions: frozenset[str]) -> Q:
    seen = [kind for kind, permission in roles.SEES.items() if permission in permissions]
    if len(seen) == len(roles.SEES):
        return Q()
    return Q(kind__in=seen) | Q(result_kind__in=seen)


def flows(request: HttpRequest) -> QuerySet[Batch]:
    """New customers being taken on, under the resellers that the person sees."""
    where = below(grants(request).paths(roles.SEE_OUS), "ou__")
    return Batch.objects.filter(where, kind=NEW_CUSTOMER)
