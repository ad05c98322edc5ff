"""How far a batch is: counted, its failures, and its steps by rank."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest

from portal import access, words
from portal.activity import present
from provisioning.models import Action, Batch, Step
from provisioning.operations import OPERATIONS
from provisioning.services.batches import needs_form
from provisioning.services.imports import KIND as IMPORT
from provisioning.services.selection import KIND as SELECTION
from provisioning.teardown import KIND as TEARDOWN

_SHOWN = 25  # steps of one rank
_FAILURES = 25
_DONE = Q(action__state=Action.State.FINISHED) | Q(skipped=True)
# Ended without effect; or refused by our own rules when its turn came, so that no action was opened.
FAILED = Q(action__state__in=[Action.State.FAILED, Action.State.CANCELLED]) | (
    Q(action=None, skipped=False) & ~Q(words="")
)
_UNCONFIRMED = Q(action__state=Action.State.UNCONFIRMED)
_AHEAD = Q(action=None, skipped=False, words="")
COUNTS = {
    "total": Count("pk"),
    "done": Count("pk", filter=_DONE),
    "failed": Count("pk", filter=FAILED),
    "unconfirmed": Count("pk", filter=_UNCONFIRMED),
    "open": Count("pk", filter=Q(action__state__in=Action.OPEN)),
    "ahead": Count("pk", filter=_AHEAD),
}


@dataclass(frozen=True)
class Shown:
    context: dict[str, Any]
    actions: list[Action]


def of(batch: Batch) -> Shown:
    """Everything for batches/_detail.html, and the actions that it shows. The cost does not grow with the batch."""
    counts = Step.objects.filter(batch=batch).aggregate(**COUNTS)
    ranks = _counted_ranks(batch)
    steps = _shown_steps(batch)
    by_rank = {rank: list(group) for rank, group in groupby(steps, key=lambda step: step.rank)}
    failures = _failures(batch) if counts["failed"] or counts["unconfirmed"] else []
    context = {
        "counts": counts,
        "ranks": [_rank(number, row, by_rank.get(row["rank"], [])) for number, row in enumerate(ranks, 1)],
        "failures": [_line(step) for step in failures],
        "failures_more": counts["failed"] + counts["unconfirmed"] - len(failures),
    }
    shown = [step.action for step in [*failures, *steps] if step.action is not None]
    return Shown(context, [action for action in shown if action.is_open])


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    """Each batch of a list with its counts. One query."""
    counted = Step.objects.filter(batch__in=batches).order_by().values("batch").annotate(**COUNTS)
    counts = {row["batch"]: row for row in counted}
    none = dict.fromkeys(COUNTS, 0)
    return [{"batch": batch, "counts": counts.get(batch.pk, none)} for batch in batches]


def _counted_ranks(batch: Batch) -> list[dict[str, Any]]:
    found = Step.objects.filter(batch=batch).order_by("rank").values("rank").annotate(**COUNTS)
    return [dict(row) for row in found]


def _shown_steps(batch: Batch) -> list[Step]:
    """The first of each rank, what needs a look before what is done."""
    urgency = Case(
        When(FAILED | _UNCONFIRMED, then=Value(0)),
        When(action__state__in=Action.OPEN, then=Value(1)),
        When(_AHEAD, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    order = [urgency, F("position").asc(), F("pk").asc()]
    place = Window(RowNumber(), partition_by=[F("rank")], order_by=order)
    found = Step.objects.filter(batch=batch).alias(place=place).filter(place__lte=_SHOWN)
    return list(found.select_related("action__by").order_by("rank", "position", "pk"))


def _failures(batch: Batch) -> list[Step]:
    found = Step.objects.filter(FAILED | _UNCONFIRMED, batch=batch).select_related("action__by")
    return list(found.order_by("rank", "position", "pk")[:_FAILURES])


def undone(batch: Batch) -> QuerySet[Step]:
    """The steps that came to nothing: those that failed, and of a batch that was given up those that were not begun."""
    where = FAILED | _AHEAD if batch.state == Batch.State.ABANDONED else FAILED
    return Step.objects.filter(where, batch=batch).select_related("action").order_by("rank", "position", "pk")


def has_file(batch: Batch) -> bool:
    """Whether the steps that came to nothing can be had as a file."""
    return batch.kind in (SELECTION, IMPORT) and undone(batch).exists()


def may_try_again(batch: Batch) -> bool:
    """Whether what failed can be asked for anew: not where a password is to be typed first."""
    return not any(needs_form(step) for step in _failures(batch))


def _rank(number: int, counts: dict[str, Any], steps: list[Step]) -> dict[str, Any]:
    title = ", ".join({step.operation: label_of(step) for step in steps}.values())
    return {
        "title": title,
        "heading": f"{number}. {title}",
        "progress": f"{counts['done']} of {counts['total']} done",
        "lines": [_line(step) for step in steps],
        "more": counts["total"] - len(steps),
    }


def label_of(step: Any) -> str:
    """What the step does, with the kind of thing that it does it to."""
    operation = OPERATIONS.get(step.operation)
    if operation is None:
        return str(step.operation)
    return (
        operation.label
        if operation.makes
        else f"{words.noun(step.kind).capitalize()}: {operation.label.lower()}"
    )


def makes(step: Step) -> bool:
    """Whether it is about something that does not exist yet."""
    return step.operation in OPERATIONS and bool(OPERATIONS[step.operation].makes)


def _line(step: Step) -> dict[str, Any]:
    if step.action is not None:
        return {"action": present.row(step.action)}
    return {
        "label": label_of(step),
        "title": step.title,
        "url": "" if makes(step) else present.page_of(step.kind, step.guid),
        "skipped": step.skipped,
        "words": step.words,
    }


def may_run(request: HttpRequest, batch: Batch) -> bool:
    """Whether the person may ask for everything that is in it: who may do only a part may not go on with the whole.
    A removal takes in what has come to its target since, so that its steps are not all that counts."""
    if batch.kind == TEARDOWN and batch.target_kind:
        return access.may_end(request, batch.target_kind, batch.ou)
    names = Step.objects.filter(batch=batch).order_by().values_list("operation", flat=True).distinct()
    known = [OPERATIONS.get(name) for name in names]
    return bool(known) and all(row is not None and access.may(request, row, batch.ou) for row in known)
