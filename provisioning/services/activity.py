"""What people do to actions: cancel, ask again, settle."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from provisioning import batches, doubts, ledger, mirror
from provisioning.ledger import NEEDS_FORM, needs_form
from provisioning.models import Action, Batch, Event
from provisioning.operations import OPERATIONS, Operation, operation_of
from provisioning.services.common import Refused, ask_for
from provisioning.services.customers import KIND as NEW_CUSTOMER

_LONGEST_GUID = 100
__all__ = ["NEEDS_FORM", "Operation", "needs_form", "operation_of"]


def target_of(action: Action) -> Any | None:
    """The mirror row that the action is on (of a creation: what it is created under)."""
    return mirror.find(action.connection_id, action.kind, action.guid)


def result_of(action: Action) -> Any | None:
    """The mirror row of what the action made or changed, once the mirror has it."""
    if action.result_kind:
        return (
            mirror.find(action.connection_id, action.result_kind, action.result_guid)
            if action.result_guid
            else None
        )
    return target_of(action)


def about(thing: Any) -> QuerySet[Action]:
    """Actions on the thing, and the one that made it; newest first."""
    where = Q(kind=thing.kind, guid=thing.guid) | Q(result_kind=thing.kind, result_guid=thing.guid)
    return Action.objects.filter(where, connection=thing.connection_id).order_by("-id")


def submit_again(action: Action, *, by: Any, submission: uuid.UUID) -> Action:
    """Ask once more for what failed or was cancelled. Raises Refused where that needs the form, or is not safe."""
    if action.state not in (Action.State.FAILED, Action.State.CANCELLED):
        raise Refused("Only what failed or was cancelled can be submitted again.")
    if action.operation not in OPERATIONS:
        raise Refused("This version of the portal does not know that operation.")
    if needs_form(action):
        raise Refused("Fill in the form again: the password is not kept.")
    target = target_of(action)
    if target is None:
        raise Refused("What it was asked for is not known any more.")
    creates = action.lock_key.split(":", 2)[2] if action.lock_key.startswith("new ") else ""
    return ask_for(
        action.operation,
        target,
        by=by,
        submission=submission,
        title=action.title,
        creates=creates,
        payload=action.payload,
        batch=_flow_of(action),
    )


def _flow_of(action: Action) -> Batch | None:
    """The new customer of whom it is a step, while that is gone on with: asked for again, it stays one."""
    batch = action.batch
    return batch if batch is not None and batch.kind == NEW_CUSTOMER and batch.is_open else None


def cancel(action: Action, *, by: Any) -> None:
    """Take back what was not sent yet."""
    with transaction.atomic():
        batches.hold_of(action)
        ledger.cancel(action, by=by)
        action.refresh_from_db()
        batches.moved(action)


def last_looks(actions: Iterable[Action]) -> dict[int, Event]:
    """By an action's id, the last look-up that SYNAQ answered, in one query."""
    events = Event.objects.filter(action__in=list(actions), kind="looked_up").exclude(data__has_key="away")
    return {event.action_id: event for event in events.order_by("id")}


def settle_applied(action: Action, guid: str, *, by: Any) -> None:
    """A person says that it happened; of a creation, `guid` is what exists now."""
    made = bool(operation_of(action).makes)
    guid = guid.strip()
    if made and not guid:
        raise Refused("Type the GUID of what exists.")
    if made and (len(guid) > _LONGEST_GUID or not guid.isprintable()):
        raise Refused("That is no GUID. Type it as SYNAQ shows it.")
    known = mirror.find(action.connection_id, operation_of(action).makes, guid) if made else None
    if known and doubts.is_anothers(action, known):
        raise Refused("The portal knows that GUID already as something else.")
    guid = known.guid if known else guid
    ledger.settle_applied(action, guid if made else "", by=by)


def settle_not_applied(action: Action, *, by: Any) -> None:
    """A person says that it did not happen: it is sent again."""
    with transaction.atomic():
        batches.hold_of(action)
        ledger.settle_not_applied(action, by=by)
        action.refresh_from_db()
        batches.moved(action)
