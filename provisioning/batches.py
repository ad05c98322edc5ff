"""The only writer of batches: opens a rank's actions once all before it have finished, and stops at the first failure.

An action that ends moves its batch in the very transaction that writes the end down (`moved`). Should that be missed,
`sweep` finds the batch. Either way each step is opened once: its action's submission is derived from the step.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from provisioning import audit, ledger, mirror
from provisioning.asking import ask_for
from provisioning.ledger import Refused
from provisioning.models import OU, Action, Batch, Step
from provisioning.operations import OPERATIONS

log = structlog.get_logger(__name__)

LED_BY_PEOPLE = frozenset({"new_customer"})  # the next action is asked for by a person, not opened by itself
WINDOW = 50  # most actions of one batch that are open at a time: a failure stops what is behind it
WINDOW_BEHIND = 4  # of scheduled work, times the connection's rate: enough for SYNAQ to be always at it
AT_ONCE = 8  # most of scheduled work that one look opens: a person's click must not wait for more
TRIES = 3  # of scheduled work, whose failures nobody is there to see
SWEPT = 50  # most batches that one sweep moves
_UNDONE = [Action.State.FAILED, Action.State.CANCELLED]
State = Batch.State


@dataclass(frozen=True)
class Wish:
    """A step to come. Those of one rank run side by side; `sealed` are its secrets."""

    operation: str
    kind: str
    guid: str
    title: str
    rank: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict)
    sealed: str = field(default="", repr=False)

    @property
    def key(self) -> tuple[str, str]:
        return self.operation, self.guid


@transaction.atomic
def start(
    kind: str,
    title: str,
    ou: OU,
    wishes: Sequence[Wish],
    *,
    by: Any,
    submission: uuid.UUID,
    reason: str = "",
    target: Any = None,
    about_kind: str = "",
    stopped: str = "",
) -> Batch:
    """A batch, its first rank open already; the one there is when the same form came before. `target` is the one thing
    that it is about; of many things, `about_kind` is their kind. `stopped`: it does not begin, and why."""
    about = (
        {"target_kind": target.kind, "target_guid": target.guid, "target_title": str(target)}
        if target
        else {"target_kind": about_kind}
    )
    facts = {"kind": kind, "title": title[:330], "ou": ou, "by": by, "reason": reason, **about}
    facts["request_id"] = audit.context().request_id[:64]
    if stopped:
        facts |= {"state": State.STOPPED, "words": stopped}
    batch, made = Batch.objects.get_or_create(submission=submission, defaults=facts)
    if made:
        add(batch, wishes)
        _into_the_trail("batch", batch, by, reason)
        advance(batch.pk)
        batch.refresh_from_db()
    return batch


def _into_the_trail(kind: str, batch: Batch, by: Any, reason: str = "") -> None:
    audit.record(kind, by=by, ou=batch.ou, thing=batch, reason=reason, batch=batch)


def add(batch: Batch, wishes: Iterable[Wish]) -> None:
    """Steps at the end of the batch, in this order within their rank."""
    last = batch.steps.order_by("-position").values_list("position", flat=True).first()
    begin = 0 if last is None else last + 1
    Step.objects.bulk_create(
        Step(
            batch=batch, rank=wish.rank, position=position, operation=wish.operation, kind=wish.kind,
            guid=wish.guid, title=wish.title[:330], payload=dict(wish.payload), sealed=wish.sealed,
        )
        for position, wish in enumerate(wishes, begin)
    )  # fmt: skip


# --- moving on ----------------------------------------------------------------------------------------------------------


def moved(action: Action) -> None:
    """An action has ended: its batch goes on, or stops. Call it in the transaction that wrote the end down."""
    if action.batch_id is None or action.state not in Action.ENDED:
        return
    try:
        with transaction.atomic():
            advance(action.batch_id, failed=action if action.state in _UNDONE else None)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a batch could not be moved on", batch=action.batch_id)  # the sweep tries again


def came_back(action: Action) -> None:
    """An action is back in the queue, certainly not applied. If its batch has stopped meanwhile, it is not sent again.
    Call it in the transaction that put it there."""
    if action.batch_id is None or action.state != Action.State.QUEUED:
        return
    batch = _held(action.batch_id)
    if batch.state != State.RUNNING and batch.kind not in LED_BY_PEOPLE:
        _take_back(batch, "It was not sent: its batch had stopped.")


@transaction.atomic
def advance(batch_id: int, failed: Action | None = None) -> None:
    """Open what may be opened now; finish or stop the batch where it has come to that."""
    batch = _held(batch_id)
    if batch.state != State.RUNNING or batch.kind in LED_BY_PEOPLE:
        return
    underway = Action.objects.filter(batch=batch, state__in=Action.OPEN)
    if batch.is_behind and not _has_room(batch, underway.count()):
        return  # several are opened at a time: an end that makes room for one costs next to nothing
    if not batch.goes_on:
        if failed is None and not underway.exists():
            failed = Action.objects.filter(step__batch=batch, state__in=_UNDONE).order_by("id").first()
        if failed is not None:
            _stop(batch, f"{_label(failed.operation)} {failed.title}: {_why(failed)}")
            return
    while steps := _next(batch, underway):
        if not _open_all(batch, steps, underway) or (batch.is_behind and underway.exists()):
            return
    if not underway.exists() and not _unopened(batch).exists():
        _end(batch)


def _end(batch: Batch) -> None:
    """All has been tried. What goes on after a failure may have some, and then waits for somebody."""
    failures = failed_steps(batch).count() if batch.goes_on else 0
    if failures and batch.is_behind and _again(failed_steps(batch).filter(attempt__lt=TRIES - 1)):
        return  # the sweep opens them
    if failures:
        _stop(batch, f"{failures} of {batch.steps.count()} failed.")
    else:
        _set(batch, State.FINISHED, ended_at=timezone.now())


def _again(failed: QuerySet[Step]) -> int:
    """Steps that are tried once more. Returns how many."""
    ids = list(failed.values_list("pk", flat=True))
    return Step.objects.filter(pk__in=ids).update(action=None, attempt=F("attempt") + 1, words="")


def failed_steps(batch: Batch) -> QuerySet[Step]:
    """Those whose action failed, or that our own rules refused when their turn came."""
    refused = Q(action=None, skipped=False) & ~Q(words="")
    return batch.steps.filter(Q(action__state__in=_UNDONE) | refused)


def needs_form(step: Step) -> bool:
    """Whether a failed step came with a secret that is not kept any more."""
    if step.action is not None:
        return ledger.needs_form(step.action)
    came_with = step.operation in ledger.NEEDS_FORM or step.payload.get(ledger.WITH_SECRET)
    return bool(came_with) and not step.sealed


def _next(batch: Batch, underway: QuerySet[Action]) -> list[Step]:
    """The steps that may be opened now: of the lowest rank, once nothing of a lower one is open."""
    first = _unopened(batch).first()
    if first is None or (first.rank and underway.filter(step__rank__lt=first.rank).exists()):
        return []
    room = AT_ONCE if batch.is_behind else WINDOW - underway.count()
    return list(_unopened(batch).filter(rank=first.rank)[: max(0, room)])


def _has_room(batch: Batch, underway: int) -> bool:
    window = max(WINDOW, WINDOW_BEHIND * batch.ou.connection.rate)
    return underway == 0 or underway + AT_ONCE <= window


def _unopened(batch: Batch) -> QuerySet[Step]:
    """What is still to come; where the batch goes on after a failure, not what was refused before."""
    left = batch.steps.filter(action=None, skipped=False)
    return left.filter(words="") if batch.goes_on else left


def _open_all(batch: Batch, steps: list[Step], underway: QuerySet[Action]) -> bool:
    """False when the batch must wait or has stopped. What was opened before a step that cannot be goes on first."""
    waits = False
    for step in steps:
        if _take(batch, step, underway):
            continue
        if not batch.goes_on:
            return False
        waits = True
    return not waits


def _take(batch: Batch, step: Step, underway: QuerySet[Action]) -> bool:
    """Open the step, or pass it by. False: it cannot be passed by, and cannot be opened now."""
    target = mirror.find(batch.ou.connection_id, step.kind, step.guid)
    if target is not None:
        target.connection = batch.ou.connection  # known already
    if _is_done(step, target):
        _skip(step, "There was nothing left to do.")
    elif target is not None and _is_busy(target):
        return False  # the sweep looks again
    elif words := _open(batch, step, target):
        return _refused(batch, step, words, underway)
    return True


def _refused(batch: Batch, step: Step, words: str, underway: QuerySet[Action]) -> bool:
    """Our own rules forbid the step by now. Whether the batch goes on nevertheless."""
    if batch.goes_on:
        Step.objects.filter(pk=step.pk).update(words=words, sealed="")  # nobody waits for its secrets
        return True
    Step.objects.filter(pk=step.pk).update(words=words)
    if not underway.exists():
        _stop(batch, f"{_label(step.operation)} {step.title}: {words}")
    return False


def _open(batch: Batch, step: Step, target: Any | None) -> str:
    """Open the step's action; "" or why it could not be."""
    if target is None or step.operation not in OPERATIONS:
        return "The portal does not know it any more."
    try:
        action = ask_for(
            step.operation,
            target,
            by=batch.resumed_by or batch.by,
            submission=uuid.uuid5(batch.submission, f"step {step.pk}, attempt {step.attempt}"),
            title=step.title,
            creates=step.title if OPERATIONS[step.operation].makes else "",
            payload=step.payload,
            sealed=step.sealed,
            reason=batch.reason,
            batch=batch,
            priority=ledger.SCHEDULED if batch.is_behind else 0,
        )
    except Refused as refusal:
        return str(refusal)
    Step.objects.filter(pk=step.pk).update(action=action, sealed="", words="")
    if batch.restored_at is not None:  # since the backup was taken, it may have been opened and sent
        queued = Action.objects.filter(pk=action.pk, state=Action.State.QUEUED)
        queued.update(meaning=ledger.RESTORED, words=ledger.RESTORED_WORDS)
    return ""


def _is_done(step: Step, target: Any | None) -> bool:
    """What was to be removed is gone already, by whomever."""
    operation = OPERATIONS.get(step.operation)
    if operation is None or not operation.destructive or target is None:
        return False
    return bool(target.gone_at) or target.state in operation.effect


def _is_busy(target: Any) -> bool:
    """It is pending, and something of ours is under way on it: it will be what it will be in a moment."""
    open_ones = Action.objects.filter(lock_key=f"{target.kind}:{target.guid}", state__in=Action.OPEN)
    return target.state == "pending" and open_ones.filter(connection=target.connection_id).exists()


def _skip(step: Step, words: str) -> None:
    Step.objects.filter(pk=step.pk).update(skipped=True, sealed="", words=words)


def _label(operation: str) -> str:
    return OPERATIONS[operation].label if operation in OPERATIONS else operation


def _why(failed: Action) -> str:
    """SYNAQ's words; where it names fields, those too."""
    lines = [
        f"{line['field']}: {line['message']}" if line.get("field") else line["message"]
        for line in failed.errors
    ]
    return "\n".join([failed.words or failed.state, *(line for line in lines if line != failed.words)])


def _stop(batch: Batch, words: str) -> None:
    _set(batch, State.STOPPED, words=words)
    _take_back(batch, "It was not sent: its batch had stopped.")


def _take_back(batch: Batch, words: str, by: Any = None) -> None:
    """What was not sent yet is not sent; its step is ahead again. A row that another holds is just being sent; one of a
    restored backup may have been sent long ago, and is looked up."""
    queued = Action.objects.filter(batch=batch, state=Action.State.QUEUED).exclude(meaning=ledger.RESTORED)
    queued = queued.order_by("id")
    for action in queued.select_for_update(skip_locked=True, no_key=True):
        ledger.cancel(action, by=by, words=words)
        if not ledger.needs_form(action):
            Step.objects.filter(action=action).update(action=None, attempt=F("attempt") + 1)


def _set(batch: Batch, state: str, **facts: Any) -> None:
    Batch.objects.filter(pk=batch.pk).update(state=state, **facts)
    batch.state = state


def _held(batch_id: int) -> Batch:
    """The row as it is now, held until the transaction ends; rows may be linked to it meanwhile."""
    return (
        Batch.objects.select_for_update(no_key=True, of=("self",))
        .select_related("ou__connection", "by")
        .get(pk=batch_id)
    )


def hold_of(action: Action) -> None:
    """Hold the action's batch until the transaction ends: before the action, as everybody does who holds both."""
    if action.batch_id is not None:
        _held(action.batch_id)


def sweep() -> int:
    """Move batches that should have moved: nothing of theirs is open. Returns how many were looked at."""
    open_ones = Action.objects.filter(batch=OuterRef("pk"), state__in=Action.OPEN)
    idle = Batch.objects.filter(~Exists(open_ones), state=State.RUNNING).exclude(kind__in=LED_BY_PEOPLE)
    ids = list(idle.order_by("id").values_list("pk", flat=True)[:SWEPT])
    for batch_id in ids:
        try:
            advance(batch_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # one odd batch must not stop the others
            log.exception("a batch could not be moved on", batch=batch_id)
    return len(ids)


# --- what a person does to a batch --------------------------------------------------------------------------------------


@transaction.atomic
def resume(batch: Batch, *, by: Any, more: Iterable[Wish] = ()) -> None:
    """What failed is asked for anew, then the rest. `more`: what must be done besides by now. Raises Refused."""
    held = _held(batch.pk)
    if held.state != State.STOPPED:
        raise Refused("It is not stopped: somebody has resumed or ended it meanwhile.")
    failed = list(failed_steps(held).select_related("action"))
    if any(needs_form(step) for step in failed):
        raise Refused("Fill in the form again: the password is not kept.")
    for step in failed:
        step.action, step.attempt, step.words = None, step.attempt + 1, ""
    Step.objects.bulk_update(failed, ["action", "attempt", "words"], batch_size=500)
    known = set(held.steps.values_list("operation", "guid"))  # somebody may have resumed it a moment before
    add(held, [wish for wish in more if wish.key not in known])
    _set(held, State.RUNNING, words="", resumed_by=by)
    _into_the_trail("batch_resumed", held, by)
    advance(held.pk)


@transaction.atomic
def abandon(batch: Batch, *, by: Any) -> None:
    """Nothing more is opened, and what was not sent yet is taken back. What is under way goes on. Raises Refused."""
    held = _held(batch.pk)
    if held.state not in Batch.OPEN:
        raise Refused("It has ended already.")
    _set(held, State.ABANDONED, ended_at=timezone.now(), resumed_by=by)
    _into_the_trail("batch_abandoned", held, by)
    held.steps.exclude(sealed="").update(sealed="")
    _take_back(held, "It was not sent: its batch was abandoned.", by)
