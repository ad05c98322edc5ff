from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import env
from portal.accounts.models import Membership, Person
from provisioning.models import OU


class Command(BaseCommand):
    help = (
        "Make the first owner from PORTAL_ADMIN_EMAIL and PORTAL_ADMIN_PASSWORD, on every reseller at a root."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Harmless the second time: a person who exists keeps their password."""
        email, password = env.text("PORTAL_ADMIN_EMAIL"), env.text("PORTAL_ADMIN_PASSWORD")
        if not email or not password:
            raise CommandError("Set PORTAL_ADMIN_EMAIL and PORTAL_ADMIN_PASSWORD.")
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            person = Person.objects.create_user(email, password, name="Owner")
            self.stdout.write(f"{email} is made.")
        for root in OU.objects.filter(parent=None):
            Membership.objects.get_or_create(person=person, ou=root, role="owner")
