from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from provisioning import batches, mirror, teardown
from provisioning.batches import needs_form
from provisioning.models import Batch
from provisioning.services.common import Refused

__all__ = ["Refused", "abandon", "needs_form", "of", "resume", "target_of"]


def resume(batch: Batch, *, by: Any) -> None:
    """Go on with a batch that has stopped: what failed is asked for anew, and what has come to its target since is
    taken in. Raises Refused, in a sentence."""
    thing = target_of(batch)
    more = teardown.still_missing(batch, thing) if batch.kind == teardown.KIND and thing is not None else []
    batches.resume(batch, by=by, more=more)


def abandon(batch: Batch, *, by: Any) -> None:
    """Ask for nothing more. What was done stays done, what is under way goes on. Raises Refused."""
    batches.abandon(batch, by=by)


def of(thing: Any) -> QuerySet[Batch]:
    """Batches whose target it is, newest first."""
    found: QuerySet[Batch] = teardown.batches_of(thing)
    return found


def target_of(batch: Batch) -> Any | None:
    """The mirror row that the batch is about, or None."""
    if not batch.target_kind:
        return None
    return mirror.find(batch.ou.connection_id, batch.target_kind, batch.target_guid)
