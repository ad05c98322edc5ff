from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import audit
from provisioning.models import Scheduled
from provisioning.services.common import Refused
from provisioning.teardown import ou_of

_SOONEST, _LATEST = timedelta(minutes=1), timedelta(days=3653)


def schedule_deletion(
    thing: Any, *, by: Any, due_at: datetime, submission: uuid.UUID, reason: str = ""
) -> Scheduled:
    """Set the thing's teardown for a date; it can be cancelled until it runs. Raises Refused when one is set already,
    or the date is none to come."""
    same = Scheduled.objects.filter(submission=submission).first()
    if same:
        return same
    if thing.gone_at:
        raise Refused("SYNAQ no longer knows it.")
    if not _SOONEST <= due_at - timezone.now() <= _LATEST:
        raise Refused("Choose a date to come.")
    facts = {"ou": ou_of(thing), "title": str(thing)[:330], "by": by, "reason": reason}
    try:
        with transaction.atomic():
            row = Scheduled.objects.create(
                connection=thing.connection, kind=thing.kind, guid=thing.guid, due_at=due_at,
                submission=submission, **facts,
            )  # fmt: skip
            when = {"due_at": due_at.isoformat()}
            audit.record("scheduled", by=by, ou=row.ou, thing=thing, reason=reason, new=when)
            return row
    except IntegrityError:
        faster = Scheduled.objects.filter(submission=submission).first()
        if faster is None:
            raise Refused("Its deletion is set for a date already.")
        return faster


@transaction.atomic
def cancel(scheduled: Scheduled, *, by: Any) -> None:
    """Take it back. Raises Refused when it has run, or was taken back before."""
    rows = Scheduled.objects.filter(pk=scheduled.pk, cancelled_at=None, batch=None)
    if rows.update(cancelled_at=timezone.now(), cancelled_by=by) != 1:
        raise Refused("It can no longer be cancelled: it has begun, or was cancelled before.")
    old = {"due_at": scheduled.due_at.isoformat()}
    audit.record(
        "schedule_cancelled", by=by, ou=scheduled.ou, thing=scheduled, title=scheduled.title, old=old
    )


def pending_for(thing: Any) -> Scheduled | None:
    """The deletion that is set for the thing, if one is."""
    rows = Scheduled.objects.filter(connection=thing.connection_id, kind=thing.kind, guid=thing.guid)
    return rows.filter(cancelled_at=None, batch=None).select_related("by").first()
