"""Deletions that are set for a date: begun when they are due, exactly once."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models.functions import Now

from provisioning import batches, mirror, teardown
from provisioning.ledger import Refused
from provisioning.models import Batch, Scheduled

AT_ONCE = (
    20  # most that one sweep begins: thirty days after a flood, what is under way must not wait for all of it
)


def sweep() -> int:
    """Begin what is due by the database's clock, a few at a time: a sweep comes every other second. Returns how many."""
    begun = 0
    while begun < AT_ONCE and _begin_one():
        begun += 1
    return begun


@transaction.atomic
def _begin_one() -> bool:
    due = Scheduled.objects.filter(cancelled_at=None, batch=None, due_at__lte=Now())
    row = due.order_by("due_at", "id").select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:
        return False
    row.batch = _batch(row)
    row.save(update_fields=["batch"])
    return True


def _batch(row: Scheduled) -> Batch:
    """The teardown; one that is stopped from the first, and says why, where it cannot begin."""
    submission = uuid.uuid5(row.submission, "due")
    thing = mirror.find(row.connection_id, row.kind, row.guid)
    if thing is not None and thing.gone_at:
        facts = {"by": row.by, "reason": row.reason, "submission": submission, "target": thing}
        return batches.start(
            teardown.KIND, f"Delete {row.title}", row.ou, [], **facts
        )  # nothing is left to do
    try:
        if thing is None:
            raise Refused("The portal does not know it any more.")
        with transaction.atomic():
            batch = teardown.start(thing, by=row.by, submission=submission, reason=row.reason)
        if not Scheduled.objects.filter(batch=batch).exists():
            return batch
        words = "It was begun already."
    except Refused as refusal:
        words = str(refusal)
    return batches.start(
        teardown.KIND, f"Delete {row.title}", row.ou, [], by=row.by, submission=uuid.uuid5(submission, "stopped"),
        reason=row.reason, target=thing, stopped=words,
    )  # fmt: skip
