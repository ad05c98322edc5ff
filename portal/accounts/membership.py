"""Roles given and taken away. Each is written into the trail with it."""

from __future__ import annotations

from django.db import transaction

from portal.access import Grants
from portal.accounts import held, offering
from portal.accounts.models import Membership, Person
from portal.roles import Role
from provisioning import audit
from provisioning.models import OU
from provisioning.services.common import Refused

OWNER = "owner"


@transaction.atomic
def give_role(person: Person, ou: OU, name: str, *, by: Person) -> Membership:
    """Raises Refused where `by` may not give that role there, or the person holds it already."""
    role = offering.find(name, ou, by=by)
    if role is None:
        raise Refused("You cannot give that role there. Choose another.")
    if not person.is_active:
        raise Refused(f"{person} has left. Invite them anew.")
    row, made = Membership.objects.get_or_create(person=person, ou=ou, role=name, defaults={"given_by": by})
    if not made:
        raise Refused(f"{person} is {role.label} of {ou.title} already.")
    audit.record("role_given", by=by, ou=ou, thing=person, title=person.email, new=said(role.label, ou))
    return row


@transaction.atomic
def take_role(row: Membership, *, by: Person, reason: str = "") -> None:
    """Raises Refused where `by` could not have given it, or it is the last owner's of a reseller at the root."""
    if not may_take(Grants(by), row):
        raise Refused("You cannot take away a role that you could not give.")
    _keep_an_owner(row)
    label = label_of(row.role)
    old, title = said(label, row.ou), row.person.email
    audit.record("role_taken", by=by, ou=row.ou, thing=row.person, title=title, reason=reason, old=old)
    row.delete()


def may_take(grants: Grants, row: Membership) -> bool:
    """What could have been given can be taken; of a role that is not known any more, whoever gives roles there."""
    role = held.find(row.role) or Role(row.role, row.role, frozenset())
    return offering.may_give(grants, role, row.ou)


def is_last_owner(row: Membership) -> bool:
    """Whether nobody else would own that reseller, where nobody above could mend it."""
    if row.role != OWNER or row.ou.parent_id is not None:
        return False
    others = Membership.objects.filter(ou=row.ou, role=OWNER, person__is_active=True)
    return not others.exclude(person=row.person_id).exists()


def _keep_an_owner(row: Membership) -> None:
    if row.role != OWNER or row.ou.parent_id is not None:
        return
    OU.objects.select_for_update(no_key=True).get(
        pk=row.ou_id
    )  # two owners taking each other's: one after the other
    if is_last_owner(row):
        raise Refused(f"{row.person} is the last owner of {row.ou.title}. Make somebody else owner first.")


def label_of(name: str) -> str:
    """What a role is called on the screen; one that is not known any more by its own name."""
    role = held.find(name)
    return role.label if role else name


def said(label: str, ou: OU) -> dict[str, str]:
    """A membership as the trail tells it."""
    return {"role": label, "on": ou.title}
