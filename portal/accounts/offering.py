"""Which roles can be given where, and by whom: nobody gives what they do not hold there themselves."""

from __future__ import annotations

from portal import roles
from portal.access import Grants, parts
from portal.accounts import held
from portal.accounts.models import CustomRole, Person
from portal.roles import Role
from provisioning.models import OU


def may_give(grants: Grants, role: Role, ou: OU) -> bool:
    """Whether whoever holds `grants` may give the role there, and take it away."""
    return grants.has_on(roles.CHANGE_PEOPLE, ou) and role.permissions <= grants.on(ou)


def held_on(ou: OU) -> list[Role]:
    """The roles that can be held there: the ready ones, then those made for it or for what is above it."""
    made = CustomRole.objects.filter(retired_at=None, ou__path__in=parts(ou.path))
    return [*roles.ROLES.values(), *(held.as_role(row) for row in sorted(made, key=str))]


def above(row: CustomRole, ou: OU) -> bool:
    """Whether the role was made for that OU or for one above it."""
    return ou.path.startswith(row.ou.path)


def offered(grants: Grants, ou: OU) -> list[Role]:
    """Those that they may give there."""
    return [role for role in held_on(ou) if may_give(grants, role, ou)]


def find(name: str, ou: OU, *, by: Person) -> Role | None:
    """The role of that name, if `by` may give it there now."""
    return next((role for role in offered(Grants(by), ou) if role.name == name), None)
