"""What a person holds, and what holds for a request: their memberships, each on its OU and all below."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from portal import roles
from portal.accounts import held
from portal.accounts.models import Acting
from provisioning.models import OU


class Grants:
    """What one person holds: (path of an OU, role's name, permissions) for each membership, read once a request.

    While somebody looks as another person, it is what both may see: the customer's rights inside the looker's own scope.
    """

    def __init__(self, person: Any, inside: Grants | None = None) -> None:
        rows = held.by(person) if person.is_authenticated and person.is_active else []
        if inside is not None:
            rows = [row for row in rows if inside.reaches(row[0])]
        self.rows = rows

    def has(self, permission: str) -> bool:
        return any(permission in permissions for _, _, permissions in self.rows)

    def has_on(self, permission: str, ou: OU) -> bool:
        return any(
            permission in permissions and ou.path.startswith(path) for path, _, permissions in self.rows
        )

    def reaches(self, path: str) -> bool:
        """Whether the OU of that path lies where they may look at the portal as its people."""
        return any(roles.ACT_AS in permissions and path.startswith(own) for own, _, permissions in self.rows)

    def on(self, ou: OU) -> frozenset[str]:
        """All that they may do there."""
        found: frozenset[str] = frozenset()
        for path, _, permissions in self.rows:
            if ou.path.startswith(path):
                found |= permissions
        return found

    def paths(self, permission: str) -> list[str]:
        return [path for path, _, permissions in self.rows if permission in permissions]

    def labels(self) -> list[str]:
        return held.labels(role for _, role, _ in self.rows)


def grants(request: HttpRequest) -> Grants:
    """What holds for this request: the person's own, or, while they look as a customer, that person's."""
    found = getattr(request, "_grants", None)
    if found is None:
        found = own_grants(request)
        acting = acting_now(request)
        if acting is not None:
            found = Grants(acting.person, inside=found)
        request._grants = found  # type: ignore[attr-defined]
    return found


def own_grants(request: HttpRequest) -> Grants:
    """What the person who is signed in holds, whoever they look as."""
    found: Grants | None = getattr(request, "_own_grants", None)
    if found is None:
        found = request._own_grants = Grants(request.user)  # type: ignore[attr-defined]
    return found


def acting_now(request: HttpRequest) -> Acting | None:
    """The looking as a customer that is going on in this session; set by portal.middleware."""
    found: Acting | None = getattr(request, "acting", None)
    return found


def viewer(request: HttpRequest) -> Any:
    """Whose portal it is: the person signed in, or the customer's person as whom they look."""
    acting = acting_now(request)
    return acting.person if acting is not None else request.user


def below(paths: list[str], prefix: str) -> Q:
    where = Q(pk__in=[])
    for path in paths:
        where |= Q(**{f"{prefix}path__startswith": path})
    return where
