"""In whose name a command acts: the trail names a person, never the machine."""

from __future__ import annotations

from django.core.management.base import CommandError

from portal.accounts.models import Person


def person_named(address: str) -> Person:
    """The person with a sign-in of that address. Raises CommandError where there is none, or it has ended."""
    person = Person.objects.filter(email__iexact=address.strip(), is_active=True, left_at=None).first()
    if person is None:
        raise CommandError(f"Nobody here signs in as {address}.")
    return person
