"""Where a person belongs: the topmost OU on which they hold anything. Says to whose trail and brand they belong."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Length

from provisioning.models import OU


def of(person: Any) -> OU | None:
    """The OU, or None of somebody who holds nothing any more."""
    held = OU.objects.filter(memberships__person=person.pk)
    return held.order_by(Length("path"), "pk").first()
