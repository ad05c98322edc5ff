"""Files on their way to become mailboxes: what nobody runs or fetches in time is wiped."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from provisioning.models import Import

KEPT = timedelta(days=1)  # from its upload on, and again from its last mending
ISSUED_FOR = timedelta(hours=1)  # passwords that were made, from the run on


def sweep() -> int:
    """Wipe what has expired by the database's clock. Returns how many."""
    due = Import.objects.filter(expires_at__lte=Now()).exclude(sealed="", issued="")
    return due.update(sealed="", issued="")
