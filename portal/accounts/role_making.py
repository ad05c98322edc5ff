"""Roles that owners make, and where a second factor is asked for. Nobody makes a role that holds more than they do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import roles
from portal.access import Grants
from portal.accounts.models import CustomRole, Person, SecondFactorRule
from provisioning import audit
from provisioning.models import OU
from provisioning.services.common import Refused


@dataclass(frozen=True)
class Wanted:
    """What a role is to be."""

    label: str
    about: str
    permissions: frozenset[str]
    staff: bool


def may_change(grants: Grants, row: CustomRole) -> bool:
    """Whether they may edit or retire it: they give roles there, and hold all that it holds."""
    return grants.has_on(roles.CHANGE_PEOPLE, row.ou) and frozenset(row.permissions) <= grants.on(row.ou)


@transaction.atomic
def make_role(ou: OU, wanted: Wanted, *, by: Person) -> CustomRole:
    """Raises Refused."""
    _hold_all(ou, wanted, by)
    row = CustomRole(ou=ou, made_by=by)
    _write(row, wanted)
    audit.record("role_made", by=by, ou=ou, thing=row, new=_told(row))
    return row


@transaction.atomic
def change_role(role: CustomRole, wanted: Wanted, *, by: Person) -> CustomRole:
    """Everybody who holds it holds the new permissions at once. Raises Refused."""
    row = _held(role, by)
    _hold_all(row.ou, wanted, by)
    old = _told(row)
    _write(row, wanted)
    audit.record("role_changed", by=by, ou=row.ou, thing=row, old=old, new=_told(row))
    return row


@transaction.atomic
def retire(role: CustomRole, *, by: Person, back: bool = False) -> None:
    """No longer given; those who hold it keep it. `back` undoes that. Raises Refused."""
    row = _held(role, by)
    row.retired_at = None if back else timezone.now()
    row.save()
    old, new = ("retired", "given") if back else ("given", "retired")
    audit.record("role_changed", by=by, ou=row.ou, thing=row, old={"state": old}, new={"state": new})


@transaction.atomic
def ask_for_factor(ou: OU, names: Iterable[str], *, by: Person, among: Iterable[str]) -> None:
    """Whoever holds one of `names` on the OU or below signs in with a second factor; of `among`, the others need not."""
    OU.objects.select_for_update(no_key=True).get(pk=ou.pk)
    known = set(among)
    rows = SecondFactorRule.objects.filter(ou=ou, role__in=known)
    old, new = {row.role for row in rows}, set(names) & known
    if old == new:
        return
    rows.exclude(role__in=new).delete()
    SecondFactorRule.objects.bulk_create(
        SecondFactorRule(ou=ou, role=name, made_by=by) for name in sorted(new - old)
    )
    before, after = {"second factor for": sorted(old)}, {"second factor for": sorted(new)}
    audit.record("role_changed", by=by, ou=ou, thing=ou, old=before, new=after)


def _held(role: CustomRole, by: Person) -> CustomRole:
    row = CustomRole.objects.select_for_update(of=("self",)).select_related("ou").get(pk=role.pk)
    if not may_change(Grants(by), row):
        raise Refused("You cannot change a role that holds more than you do.")
    return row


def _hold_all(ou: OU, wanted: Wanted, by: Person) -> None:
    held = Grants(by)
    if not held.has_on(roles.CHANGE_PEOPLE, ou) or not wanted.permissions <= held.on(ou):
        raise Refused("A role can hold only what you hold there yourself.")


def _write(row: CustomRole, wanted: Wanted) -> None:
    row.label, row.about, row.staff = wanted.label, wanted.about, wanted.staff
    row.permissions = [name for name in roles.PERMISSIONS if name in wanted.permissions]
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused(f"There is a role called {wanted.label} there already. Choose another name.") from None


def _told(row: CustomRole) -> dict[str, object]:
    return {
        "name": row.label,
        "about": row.about,
        "for": "own people" if row.staff else "customers’ people",
        "permissions": [
            roles.PERMISSIONS[name].label for name in row.permissions if name in roles.PERMISSIONS
        ],
    }
