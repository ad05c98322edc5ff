"""After an older database was restored: what SYNAQ was asked since is not known here, and must not be asked again blindly.

Whatever stood open when the backup was taken may have been carried out since. So nothing queued is sent before it was looked
up (`ledger.RESTORED`, minded by the runner), running batches stop until somebody resumes them, deletions that were set for a
date are put off, everybody signs in anew, and the mirror is read afresh. Salts are microseconds of the clock: an older block
gives none twice. What was waiting for SYNAQ's answer is polled as ever, and what was being sent is looked up as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Greatest, Now

from provisioning import adopting, audit, ledger, slots
from provisioning.batches import LED_BY_PEOPLE
from provisioning.ledger import Refused
from provisioning.models import Action, Batch, Connection, Event, Scheduled

PUT_OFF = timedelta(days=7)
BATCH_WORDS = (
    "The portal was restored from a backup. Look at what was done since, then resume it or abandon it. "
    "Each further step is looked up before it is sent."
)


@dataclass(frozen=True)
class Held:
    """What was held back."""

    queued: int
    doubted: int
    batches: int
    deletions: int


@transaction.atomic
def hold() -> Held:
    """Let nothing out that may have gone out already. Doing it twice does nothing more. Raises Refused while a worker
    drives the ledger."""
    _nobody_drives()
    held = Held(_queued(), _unconfirmed(), _batches(), _deletions())
    if any(vars(held).values()):
        text = "The database was restored from a backup: what stood open is looked up before it is sent."
        audit.record("setting", by=None, title="Restored from a backup", text=text, new=vars(held))
    return held


def _nobody_drives() -> None:
    with database.cursor() as cursor:
        for slot in range(settings.RUNNER_SLOTS):
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [slots.KIND, slot])
            if not cursor.fetchone()[0]:
                raise Refused("A worker is at work on this database. Stop workers and beat first.")


def _queued() -> int:
    rows = Action.objects.filter(state=Action.State.QUEUED).exclude(meaning=ledger.RESTORED)
    ids = list(rows.order_by("id").select_for_update().values_list("pk", flat=True))
    Action.objects.filter(pk__in=ids).update(
        meaning=ledger.RESTORED, words=ledger.RESTORED_WORDS, next_at=Now()
    )
    _note(ids, ledger.RESTORED_WORDS)
    return len(ids)


def _unconfirmed() -> int:
    """Somebody may have settled it since, and it may have been sent again: it is looked up once more."""
    rows = Action.objects.filter(state=Action.State.UNCONFIRMED, next_at=None)
    ids = list(rows.order_by("id").select_for_update().values_list("pk", flat=True))
    Action.objects.filter(pk__in=ids).update(next_at=Now(), tries=0)
    _note(ids, "The portal was restored from a backup. It is looked up once more.")
    return len(ids)


def _note(ids: list[int], words: str) -> None:
    rows = (Event(action_id=pk, kind="restored", text=words) for pk in ids)
    Event.objects.bulk_create(rows, batch_size=1_000)


def _batches() -> int:
    rows = Batch.objects.filter(state__in=Batch.OPEN, restored_at=None).exclude(kind__in=LED_BY_PEOPLE)
    running = rows.filter(state=Batch.State.RUNNING)
    ids = list(rows.values_list("pk", flat=True))
    running.update(state=Batch.State.STOPPED, words=BATCH_WORDS)
    return Batch.objects.filter(pk__in=ids).update(restored_at=Now())


def _deletions() -> int:
    """Somebody may have cancelled it since."""
    soon = Scheduled.objects.filter(cancelled_at=None, batch=None, due_at__lt=Now() + PUT_OFF / 2)
    later = ExpressionWrapper(Now() + PUT_OFF, output_field=DateTimeField())
    return soon.update(due_at=Greatest(F("due_at"), later))


def read_anew() -> dict[int, int]:
    """Have everything read that the mirror knows and, where the API has lists, all that SYNAQ shows. Behind what people
    wait for. How many things are known, by connection."""
    found = {}
    for row in Connection.objects.order_by("pk"):
        adopting.begin(row)
        found[row.pk] = adopting.reread(row)
    return found
