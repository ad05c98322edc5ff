"""How somebody stands: what they hold, what an invitation has come to, and what the viewer may do about it."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.http import HttpRequest

from portal import access, roles
from portal.accounts import inviting, membership, offering
from portal.accounts.models import Invitation, Membership, Person
from portal.words import Word

_EXPIRED = Word("Expired", "The link is too old. It can be sent again.", "warn")
_UNSENT = Word("Not mailed", "The mail could not be handed over. Send it again.", "bad", "alert-triangle")
_LOST = Word("Not valid", "Whoever sent it may no longer give that role. Send it again yourself.", "warn")
_WAITS = Word("Waiting", "The link was mailed and works.", "busy", "hourglass")
_TAKEN = Word("Accepted", "Taken on.", "good", "check")
_BACK = Word("Withdrawn", "Its link no longer works.", "idle", "ban")


def word(row: Invitation) -> Word:
    """What has become of an invitation."""
    if row.accepted_at:
        return _TAKEN
    if row.withdrawn_at:
        return _BACK
    if not row.is_open:
        return _EXPIRED
    if inviting.role_of(row) is None:
        return _LOST
    return _WAITS if row.mailed_at else _UNSENT


def memberships(request: HttpRequest, person: Person) -> QuerySet[Membership]:
    """What they hold, as far as the viewer sees it."""
    seen = access.memberships(request).filter(person=person)
    return seen.select_related("ou", "given_by", "person").order_by("ou__path", "role")


def may_send(request: HttpRequest, row: Invitation) -> bool:
    """Whether the viewer may send or withdraw it: they could invite to the very same."""
    if row.accepted_at or row.withdrawn_at:
        return False
    held = access.grants(request)
    role = next((role for role in offering.held_on(row.ou) if role.name == row.role), None)
    return offering.may_give(held, role, row.ou) if role else held.has_on(roles.CHANGE_PEOPLE, row.ou)


def may_reset(request: HttpRequest, person: Person) -> bool:
    """Whether the viewer may reset the second factor: only of somebody all of whose roles they could give, here or
    elsewhere, and who is not themselves."""
    if person == request.user or not Authenticator.objects.filter(user=person).exists():
        return False
    everything = Membership.objects.filter(person=person).select_related("ou")
    held = access.grants(request)
    return all(membership.may_take(held, row) for row in everything)
