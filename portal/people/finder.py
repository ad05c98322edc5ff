"""The list of people: what it is searched and filtered by."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import access, filters, roles
from portal.accounts import held
from portal.accounts.models import Membership, Person
from portal.roles import Role
from portal.typed import search_term


@dataclass(frozen=True)
class Wanted:
    """The filters in the address; "" where there is none. `ou` is a GUID, `role` a role's name."""

    query: str
    role: str
    ou: str

    @property
    def any(self) -> bool:
        return bool(self.query or self.role or self.ou)


def wanted(request: HttpRequest) -> Wanted:
    """Read the filters."""
    return Wanted(search_term(request), search_term(request, "role"), search_term(request, "ou"))


def found(request: HttpRequest, asked: Wanted) -> QuerySet[Person]:
    """The people in scope who match. Only memberships that the viewer sees are looked at."""
    rows, seen = access.people(request), access.memberships(request)
    if asked.role or asked.ou:
        rows = rows.filter(pk__in=_narrowed(seen, asked).values("person"))
    if asked.query:
        at = seen.filter(ou__title__istartswith=asked.query)
        words = Q(email__icontains=asked.query) | Q(name__icontains=asked.query)
        rows = rows.filter(words | Q(pk__in=at.values("person")))
    return rows


def _narrowed(seen: QuerySet[Membership], asked: Wanted) -> QuerySet[Membership]:
    if asked.role:
        seen = seen.filter(role=asked.role)
    return seen.filter(ou__guid=asked.ou) if asked.ou else seen


def known_roles(request: HttpRequest) -> list[Role]:
    """The roles that somebody in scope may hold: the ready ones and those made."""
    return [*roles.ROLES.values(), *map(held.as_role, access.custom_roles(request).order_by("label", "id"))]


def chips(request: HttpRequest, asked: Wanted) -> list[dict[str, str]]:
    """The filters in force."""
    shown = {"q": ("Search", asked.query)} if asked.query else {}
    if asked.role:
        shown["role"] = ("Role", _label(request, asked.role))
    if asked.ou:
        shown["ou"] = ("At", _title(request, asked.ou) or asked.ou)
    return filters.chips(request, shown)


def _label(request: HttpRequest, name: str) -> str:
    """What the role is called, of those that the list can be narrowed to; else the name that was typed."""
    return next((role.label for role in known_roles(request) if role.name == name), name)


def _title(request: HttpRequest, guid: str) -> str:
    """What the OU is called, if the viewer sees it or somebody on it."""
    held = access.memberships(request).filter(ou__guid=guid).values_list("ou__title", flat=True)
    return held.first() or access.ous(request).filter(guid=guid).values_list("title", flat=True).first() or ""
