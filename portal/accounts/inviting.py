"""Invitations: somebody is asked by mail to hold a role. The link holds a token of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import mail
from portal.accounts import offering
from portal.accounts.membership import said
from portal.accounts.models import Invitation, Membership, Person
from portal.branding import of
from portal.roles import Role
from provisioning import audit
from provisioning.models import OU
from provisioning.services.common import Refused

SIZE = 32  # bytes of a token


class NotOpen(Exception):
    """The link does not work: used, too old, withdrawn, or never made. Which of them, nobody is told."""


class SignInFirst(Exception):
    """The address belongs to somebody who is here already: they take it on under their own sign-in."""


def mark_of(token: str) -> str:
    """The hash of a token, as it is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(email: str, ou: OU, name: str, *, by: Person, called: str = "") -> tuple[Invitation, str]:
    """A new invitation and its token, which is told here once. Raises Refused."""
    role = _role(name, ou, by)
    if Membership.objects.filter(person__email__iexact=email, ou=ou, role=name).exists():
        raise Refused(f"{email} is {role.label} of {ou.title} already.")
    token = secrets.token_urlsafe(SIZE)
    facts = {"email": email, "ou": ou, "role": name, "by": by, "name": called}
    try:
        with transaction.atomic():
            row = Invitation.objects.create(token_hash=mark_of(token), expires_at=_end(), **facts)
    except IntegrityError:
        raise Refused(
            f"{email} is invited to that already. Send that invitation again, or withdraw it."
        ) from None
    audit.record("invited", by=by, ou=ou, thing=row, title=email, new=_told(row, role))
    return row, token


@transaction.atomic
def renew(invitation: Invitation, *, by: Person) -> tuple[Invitation, str]:
    """A new link in place of the old one, from whoever sends it now. Raises Refused."""
    row = _held(invitation)
    role = _role(row.role, row.ou, by)
    token = secrets.token_urlsafe(SIZE)
    row.token_hash, row.expires_at, row.by, row.mailed_at = mark_of(token), _end(), by, None
    row.save()
    audit.record(
        "invited",
        by=by,
        ou=row.ou,
        thing=row,
        text="Sent again: the link before it is dead.",
        new=_told(row, role),
    )
    return row, token


@transaction.atomic
def withdraw(invitation: Invitation, *, by: Person, reason: str = "") -> None:
    """Its link no longer works. Raises Refused when it was accepted or withdrawn before."""
    row = _held(invitation)
    row.withdrawn_at = timezone.now()
    row.save()
    audit.record("invitation_withdrawn", by=by, ou=row.ou, thing=row, reason=reason, old=_told(row, None))


def send_link(invitation: Invitation, token: str) -> bool:
    """Mail the link; whether it could be. To be called after the commit."""
    brand = of.for_ou(invitation.ou)
    context = {
        "invitation": invitation,
        "role": role_of(invitation),
        "link": mail.url(f"/invitation/{token}/", brand),
    }
    subject = _subject(invitation)
    sent = mail.send("invitation", to=invitation.email, subject=subject, context=context, brand=brand)
    if sent:
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=timezone.now())
    return sent


def _subject(invitation: Invitation) -> str:
    return f"{invitation.by} invites you to the portal of {invitation.ou.title}"


def role_of(invitation: Invitation) -> Role | None:
    """The role, while whoever sent it may still give it: an invitation is worth no more than its sender."""
    return offering.find(invitation.role, invitation.ou, by=invitation.by)


def find(mark: str) -> Invitation:
    """The invitation whose link works now. Raises NotOpen."""
    rows = Invitation.objects.select_related("ou", "by")
    row = rows.filter(token_hash=mark).first() if mark else None
    if row is None or not row.is_open or role_of(row) is None:
        raise NotOpen
    return row


def belongs_to(invitation: Invitation, person: Person) -> bool:
    return invitation.email.lower() == person.email.lower()


@transaction.atomic
def accept(mark: str, *, person: Person) -> Invitation:
    """Somebody who is here already takes it on. Raises NotOpen; also where it was meant for another address."""
    row = _taken(mark)
    if not belongs_to(row, person):
        raise NotOpen
    _settle(row, person)
    return row


@transaction.atomic
def join(mark: str, *, name: str, password: str) -> Person:
    """Somebody new takes it on, or one who had left comes back. Raises NotOpen, and SignInFirst where the address is
    somebody's who is here."""
    row = _taken(mark)
    person = _newcomer(row.email, name, password)
    _settle(row, person)
    return person


def known_as(email: str) -> Person | None:
    """Who signs in with that address, those who have left apart."""
    return Person.objects.filter(email__iexact=email).exclude(left_at__isnull=False).first()


def _newcomer(email: str, name: str, password: str) -> Person:
    person = Person.objects.select_for_update(no_key=True).filter(email__iexact=email).first()
    if person is None:
        try:
            with transaction.atomic():
                return Person.objects.create_user(email, password, name=name)
        except IntegrityError:  # another invitation to the same address was faster
            raise SignInFirst from None
    if person.left_at is None:
        raise SignInFirst
    person.name, person.is_active, person.left_at = name, True, None
    person.set_password(password)
    person.save()
    return person


def _settle(row: Invitation, person: Person) -> None:
    role = role_of(row)
    if role is None:
        raise NotOpen
    _, made = Membership.objects.get_or_create(
        person=person, ou=row.ou, role=row.role, defaults={"given_by": row.by}
    )
    row.accepted_at, row.accepted_by = timezone.now(), person
    row.save()
    audit.record(
        "invitation_accepted", by=person, ou=row.ou, thing=row, title=person.email, new=_told(row, role)
    )
    if made:
        new = said(role.label, row.ou)
        audit.record("role_given", by=row.by, ou=row.ou, thing=person, title=person.email, new=new)


def _taken(mark: str) -> Invitation:
    """The open invitation, held until the transaction ends: of two who take it on at once, one does."""
    rows = Invitation.objects.select_for_update(of=("self",), no_key=True).select_related("ou", "by")
    row = rows.filter(token_hash=mark).first()
    if row is None or not row.is_open:
        raise NotOpen
    return row


def _held(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",), no_key=True).select_related("ou", "by")
    row = rows.get(pk=invitation.pk)
    if row.accepted_at or row.withdrawn_at:
        raise Refused("It was accepted or withdrawn meanwhile.")
    return row


def _role(name: str, ou: OU, by: Person) -> Role:
    role = offering.find(name, ou, by=by)
    if role is None:
        raise Refused("You cannot give that role there. Choose another.")
    return role


def _told(row: Invitation, role: Role | None) -> dict[str, str]:
    return {"address": row.email, **said(role.label if role else row.role, row.ou)}


def _end() -> datetime:
    return timezone.now() + timedelta(days=settings.INVITATION_DAYS)
