"""Looking at the portal as a customer's person: who may be looked as, how it begins, goes on and ends.

It is looking only: `portal.acting.middleware` refuses what would change something. Both names are in the audit trail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import pre_delete
from django.utils import timezone

from portal import access, roles
from portal.accounts import held
from portal.accounts.models import Acting, Membership, Person
from provisioning import audit
from provisioning.models import OU

KEY = "acting"  # of the session: the number of the row


def people_of(ou: OU) -> QuerySet[Person]:
    """The company's own people: members of it who have not left, and who hold none of the reseller's own roles."""
    members = Person.objects.filter(is_active=True, left_at=None, memberships__ou=ou).distinct()
    names = Membership.objects.filter(person__in=members).values_list("role", flat=True).distinct()
    staff = [name for name, role in held.find_all(names).items() if role.staff]
    holders = Membership.objects.filter(role__in=staff).values("person")
    return members.exclude(pk__in=holders).order_by("name", "email")


@transaction.atomic
def begin(*, by: Any, person: Person, ou: OU, reason: str) -> Acting:
    """`by` looks as `person` from now on, for as long as the settings give. What they had begun elsewhere ends."""
    for earlier in Acting.objects.filter(by=by, ended_at=None):
        end(earlier, "Another look was begun.")
    until = timezone.now() + timedelta(minutes=settings.ACTING_MINUTES)
    row = Acting.objects.create(by=by, person=person, ou=ou, reason=reason, until=until)
    with audit.within(acting_as=person):
        new = {"until": until.isoformat(timespec="seconds")}
        audit.record("acting_began", by=by, ou=ou, thing=person, reason=reason, new=new)
    return row


@transaction.atomic
def end(row: Acting, why: str) -> None:
    """It is over, at the latest when its time was over. Harmless the second time."""
    rows = Acting.objects.filter(pk=row.pk, ended_at=None)
    if rows.update(ended_at=min(timezone.now(), row.until)) != 1:
        return
    with audit.within(acting_as=row.person):
        audit.record("acting_ended", by=row.by, ou=row.ou, thing=row.person, reason=row.reason, text=why)


def connect() -> None:
    """Listen to sessions. Called once, when the program starts."""
    pre_delete.connect(_session_ends, sender=Session)


def _session_ends(instance: Session, **kwargs: Any) -> None:
    """Signed out, here or from elsewhere: what was begun in the session ends with it."""
    row = _named(instance.get_decoded().get(KEY))
    if row is not None:
        end(row, "The session ended.")


def find(number: object, by: Any) -> Acting | None:
    """The row that a session names, if it is this person's own."""
    row = _named(number)
    return row if row is not None and row.by_id == by.pk else None


def _named(number: object) -> Acting | None:
    rows = Acting.objects.select_related("by", "person", "ou")
    return rows.filter(pk=number).first() if isinstance(number, int) else None


def why_over(row: Acting, by: Any) -> str:
    """Why it cannot go on, in a sentence; "" while it can. Rights are looked at anew each time."""
    if row.ended_at is not None:
        return "It was ended."
    if not row.is_on:
        return "The time for it is over."
    if not access.Grants(by).has_on(roles.ACT_AS, row.ou):
        return "You may no longer look there."
    if not people_of(row.ou).filter(pk=row.person_id).exists():
        return "They no longer have access there."
    return ""
