"""What may be forgotten of the ledger: the history of nightly runs that nobody asked for, and readings that were read.

What people asked for stays for good, and so do reports of usage and the actions that brought them. The database lets
nothing else go, whoever asks (migration 0014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from provisioning import heartbeats
from provisioning.models import Action, AuditEntry, Batch, Event, Reading, Step, UsageReport

YOUNGEST = timedelta(days=30)  # the triggers say the same
AT_ONCE = 1_000


def nightly(before: datetime) -> QuerySet[Action]:
    """Ended actions of ended runs that nobody asked for."""
    ended = Batch.objects.filter(pk=OuterRef("batch"), ended_at__lt=before)
    rows = Action.objects.filter(by=None, priority__gt=0, ended_at__lt=before, state__in=Action.ENDED)
    return rows.filter(Exists(ended))


def with_history(before: datetime) -> QuerySet[Action]:
    return nightly(before).filter(Exists(Event.objects.filter(action=OuterRef("pk"))))


def unneeded(before: datetime) -> QuerySet[Action]:
    """Finished ones to which nothing leads: no report, no entry of the trail."""
    report = UsageReport.objects.filter(action=OuterRef("pk"))
    entry = AuditEntry.objects.filter(action=OuterRef("pk"))
    return nightly(before).filter(~Exists(report), ~Exists(entry), state=Action.State.FINISHED)


def read(before: datetime) -> QuerySet[Reading]:
    return Reading.objects.filter(due_at=None, done_at__lt=before)


def history_of(rows: QuerySet[Action]) -> QuerySet[Event]:
    return Event.objects.filter(action__in=rows)


def prune(before: datetime) -> dict[str, int]:
    """Remove it, a thousand rows a transaction, so that nobody waits for it; how many of each. Cut off, it goes on where it
    was. Raises the database's error for what is younger than YOUNGEST."""
    found = {
        "events": _all(lambda: _forget_history(before)),
        "actions": _all(lambda: _forget_actions(before)),
    }
    found["readings"] = _all(lambda: _some(read(before)).delete()[0])
    found["signs of life"] = heartbeats.forget_old()
    return found


def _all(one_go: Callable[[], int]) -> int:
    total = 0
    while removed := one_go():
        total += removed
    return total


def _some(rows: QuerySet[Reading]) -> QuerySet[Reading]:
    return Reading.objects.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]))


def _ids(rows: QuerySet[Action]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _forget_history(before: datetime) -> int:
    ids = _ids(with_history(before))
    with _pruning():
        return Event.objects.filter(action_id__in=ids).delete()[0]


@transaction.atomic
def _forget_actions(before: datetime) -> int:
    ids = _ids(unneeded(before))
    with _pruning():
        Event.objects.filter(action_id__in=ids).delete()
        Step.objects.filter(action_id__in=ids).delete()
        return Action.objects.filter(pk__in=ids).delete()[0]


@contextmanager
def _pruning() -> Iterator[None]:
    """The database's triggers let old rows go inside, in this transaction only."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL mailroom.prune = 'on'")
        yield
        cursor.execute("SET LOCAL mailroom.prune = 'off'")
