"""What memberships amount to: each role's name looked up among the ready ones and those that owners made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal import roles
from portal.accounts.models import CustomRole
from portal.accounts.models.roles import PREFIX
from portal.roles import Role

Held = tuple[str, str, frozenset[str]]


def by(person: Any) -> list[Held]:
    """(path of the OU, name of the role, permissions) for each membership whose role is known."""
    rows = list(person.memberships.values_list("ou__path", "role"))
    known = find_all(role for _, role in rows)
    return [(path, role, known[role].permissions) for path, role in rows if role in known]


def find_all(names: Iterable[str]) -> dict[str, Role]:
    """The roles of those names, ready or made; what is unknown is left out, and so holds nothing."""
    wanted = set(names)
    made = {int(name.removeprefix(PREFIX)) for name in wanted if _is_made(name)}
    rows = CustomRole.objects.filter(pk__in=made) if made else []
    ready = {name: role for name, role in roles.ROLES.items() if name in wanted}
    return ready | {row.name: as_role(row) for row in rows}


def find(name: str) -> Role | None:
    return find_all([name]).get(name)


def as_role(row: CustomRole) -> Role:
    """A role that an owner made; permissions that this version does not know hold nothing."""
    permissions = frozenset(row.permissions) & frozenset(roles.PERMISSIONS)
    return Role(row.name, row.label, permissions, row.about, row.staff)


def labels(names: Iterable[str]) -> list[str]:
    """Their labels, each once, sorted."""
    return sorted({role.label for role in find_all(names).values()})


def _is_made(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).isdecimal() and len(name) < 30
