"""What is to become of a thing as a whole: a batch that removes it, a deletion set for a date. For pages of any slice."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access
from provisioning.models import Batch, Scheduled
from provisioning.services import batches, scheduled


def of(request: HttpRequest, thing: Any) -> dict[str, Any]:
    """For batches/_notice.html: `ending_batch` (open, about this very thing), `set_for` (the pending deletion), and
    `may_unset` (whether the person may cancel it)."""
    pending = set_for(request, thing)
    ou = thing if thing.kind == "ou" else thing.ou
    return {
        "ending_batch": open_batch(request, thing),
        "set_for": pending,
        "may_unset": pending is not None and access.may_end(request, thing.kind, ou),
    }


def open_batch(request: HttpRequest, thing: Any) -> Batch | None:
    """The batch about the thing that is running, or has stopped and waits for somebody."""
    own = access.batches(request).filter(pk__in=batches.of(thing).values("pk"))
    found: Batch | None = own.filter(state__in=Batch.OPEN).order_by("-id").first()
    return found


def set_for(request: HttpRequest, thing: Any) -> Scheduled | None:
    """The deletion of it that waits for its date."""
    pending = scheduled.pending_for(thing)
    return pending if pending and access.scheduled(request).filter(pk=pending.pk).exists() else None
