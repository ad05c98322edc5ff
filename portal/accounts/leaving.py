"""Access taken away: at once, whatever page is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from portal.accounts import membership
from portal.accounts.models import Membership, Person
from portal.accounts.sessions import end_sessions
from provisioning import audit
from provisioning.models import Scheduled
from provisioning.services import scheduled as scheduling
from provisioning.services.common import Refused


@transaction.atomic
def remove_access(
    person: Person,
    taken: Sequence[Membership],
    *,
    by: Person,
    cancel: Iterable[Scheduled] = (),
    reason: str = "",
) -> bool:
    """Take these roles away, cancel those deletions, and end every session of theirs. Whether nothing is left to them:
    then they have left. All of it or nothing; raises Refused, in a sentence."""
    # a role given meanwhile waits, and is seen below
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    for row in sorted(taken, key=lambda row: row.ou.path):
        membership.take_role(row, by=by, reason=reason)
    for scheduled in cancel:
        _cancel(scheduled, by)
    left = not Membership.objects.filter(person=person).exists()
    if left:
        Person.objects.filter(pk=person.pk).update(left_at=timezone.now(), is_active=False)
        ou = taken[0].ou if taken else None
        audit.record("person_left", by=by, ou=ou, thing=person, title=person.email, reason=reason)
    end_sessions(person)
    return left


def _cancel(scheduled: Scheduled, by: Person) -> None:
    try:
        scheduling.cancel(scheduled, by=by)
    except Refused:  # it has begun meanwhile: its batch is there to be stopped
        return
