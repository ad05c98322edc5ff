"""Scope and policy: the only place that decides who sees and may do what.

Scope: a person's memberships, each holding on its OU and all below. Policy: the permission that a page or an operation
names. Whoever lacks either gets 404: a stranger learns nothing, not even that a thing exists.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from portal import roles
from provisioning.models import OU, Action, Batch, Domain, Mailbox, Package, Scheduled
from provisioning.operations import OPERATIONS, Operation
from provisioning.services.customers import KIND as NEW_CUSTOMER

View = Callable[..., HttpResponseBase]

PUBLIC = "public"
SIGNED_IN = "signed in"
_SEES = {
    "ou": roles.SEE_OUS,
    "package": roles.SEE_PACKAGES,
    "domain": roles.SEE_DOMAINS,
    "mailbox": roles.SEE_MAILBOXES,
}


class Grants:
    """What one person holds: (path of an OU, permissions) for each membership, read once a request."""

    def __init__(self, person: Any) -> None:
        rows = person.memberships.select_related("ou") if person.is_authenticated and person.is_active else []
        self.rows = [
            (row.ou.path, row.role, roles.ROLES[row.role].permissions)
            for row in rows
            if row.role in roles.ROLES
        ]

    def has(self, permission: str) -> bool:
        return any(permission in permissions for _, _, permissions in self.rows)

    def has_on(self, permission: str, ou: OU) -> bool:
        return any(
            permission in permissions and ou.path.startswith(path) for path, _, permissions in self.rows
        )

    def paths(self, permission: str) -> list[str]:
        return [path for path, _, permissions in self.rows if permission in permissions]

    def labels(self) -> list[str]:
        return sorted({roles.ROLES[role].label for _, role, _ in self.rows})


def grants(request: HttpRequest) -> Grants:
    """The request's person's grants."""
    held = getattr(request, "_grants", None)
    if held is None:
        held = Grants(request.user)
        request._grants = held  # type: ignore[attr-defined]
    return held


def policy(permission: str) -> Callable[[View], View]:
    """State who may open a view: PUBLIC, SIGNED_IN, or a permission held on any OU. A view without one is refused."""

    def wrap(view: View) -> View:
        if permission == PUBLIC:
            view.policy = permission  # type: ignore[attr-defined]
            return view

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if permission != SIGNED_IN and not grants(request).has(permission):
                raise Http404
            return view(request, *args, **kwargs)

        guarded = login_required(checked)
        guarded.policy = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def _below(paths: list[str], prefix: str) -> Q:
    where = Q(pk__in=[])
    for path in paths:
        where |= Q(**{f"{prefix}path__startswith": path})
    return where


def ous(request: HttpRequest) -> QuerySet[OU]:
    return OU.objects.filter(_below(grants(request).paths(roles.SEE_OUS), ""))


def companies(request: HttpRequest) -> QuerySet[OU]:
    return ous(request).filter(type=OU.Type.COMPANY)


def packages(request: HttpRequest) -> QuerySet[Package]:
    return Package.objects.filter(_below(grants(request).paths(roles.SEE_PACKAGES), "ou__"))


def domains(request: HttpRequest) -> QuerySet[Domain]:
    return Domain.objects.filter(_below(grants(request).paths(roles.SEE_DOMAINS), "ou__"))


def mailboxes(request: HttpRequest) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(_below(grants(request).paths(roles.SEE_MAILBOXES), "ou__"))


def mailbox_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains on which the person may make mailboxes, though the domain's own pages may be closed to them."""
    return Domain.objects.filter(_below(grants(request).paths(roles.CHANGE_MAILBOXES), "ou__"))


def actions(request: HttpRequest) -> QuerySet[Action]:
    """The ledger's rows that the person may see: of OUs where they see activity, and of kinds that they see."""
    where = Q(pk__in=[])
    for path, _, permissions in grants(request).rows:
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
            kinds = [kind for kind, permission in _SEES.items() if permission in permissions]
            where |= Q(ou__path__startswith=path, **{f"{field}__in": kinds})
    return where


def _kinds(permissions: frozenset[str]) -> Q:
    seen = [kind for kind, permission in _SEES.items() if permission in permissions]
    if len(seen) == len(_SEES):
        return Q()
    return Q(kind__in=seen) | Q(result_kind__in=seen)


def flows(request: HttpRequest) -> QuerySet[Batch]:
    """New customers being taken on, under the resellers that the person sees."""
    where = _below(grants(request).paths(roles.SEE_OUS), "ou__")
    return Batch.objects.filter(where, kind=NEW_CUSTOMER)


def may(request: HttpRequest, operation: Operation, ou: OU) -> bool:
    """Whether the person may ask for the operation on something of that OU."""
    held = grants(request)
    return held.has_on(operation.permission, ou) and (
        not operation.billable or held.has_on(roles.BILLABLE, ou)
    )


# What the end of a thing takes, all that is on it included.
_MAILBOX_ENDS = ("mailbox.delete",)
_DOMAIN_ENDS = (*_MAILBOX_ENDS, "domain.delete", "domain.remove")
_PACKAGE_ENDS = (*_DOMAIN_ENDS, "package.delete")
_ENDS = {
    "mailbox": _MAILBOX_ENDS,
    "domain": _DOMAIN_ENDS,
    "package": _PACKAGE_ENDS,
    "ou": (*_PACKAGE_ENDS, "ou.delete"),
}


def may_end(request: HttpRequest, kind: str, ou: OU) -> bool:
    """Whether the person may remove a thing of that kind there, with all that is on it."""
    return all(may(request, OPERATIONS[name], ou) for name in _ENDS[kind])


def require(request: HttpRequest, operation: Operation, ou: OU) -> None:
    """404 unless the person may ask for it there."""
    if not may(request, operation, ou):
        raise Http404


def get(queryset: QuerySet[Any], guid: str) -> Any:
    """One thing of a scoped queryset, or 404."""
    if "\x00" in guid:  # the database refuses to be asked for one
        raise Http404
    return get_object_or_404(queryset.select_related("connection"), guid=guid)
