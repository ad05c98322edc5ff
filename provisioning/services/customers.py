"""A new customer: one batch whose actions are asked for one after the other, by whoever goes on with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.models import OU, Action, Batch
from provisioning.services import ous
from provisioning.services.common import Refused

KIND = "new_customer"


@transaction.atomic
def start_flow(
    parent: OU, *, by: Any, details: Mapping[str, Any], submission: uuid.UUID
) -> tuple[Batch, Action]:
    """Begin with the company. The same form sent twice is one flow."""
    facts = {"kind": KIND, "title": str(details["title"])[:330], "ou": parent, "by": by}
    batch, _ = Batch.objects.get_or_create(submission=submission, defaults=facts)
    action = ous.create_company(parent, by=by, details=details, submission=submission)
    return batch, _join(batch, action)


@transaction.atomic
def ask_step(batch: Batch, ask: Callable[[], Action]) -> Action:
    """Ask for the flow's next action: `ask` runs while nobody else can ask for one of this flow, and looks first
    whether the step is still to be taken. Raises Refused, in a sentence."""
    held = Batch.objects.select_for_update().get(pk=batch.pk)
    if held.state != Batch.State.RUNNING:
        raise Refused("This new customer has been finished meanwhile. What you typed was not sent.")
    return _join(held, ask())


@transaction.atomic
def begin_anew(batch: Batch, parent: OU, title: str) -> None:
    """The company was refused, and is asked for under another name or another reseller."""
    Batch.objects.filter(pk=batch.pk).update(title=title[:330], ou=parent)


def close_flow(batch: Batch, *, done: bool) -> bool:
    """Nothing more is to come: finished, or given up. What exists stays; what is under way goes on to its end.
    False: somebody has closed it meanwhile."""
    state = Batch.State.FINISHED if done else Batch.State.ABANDONED
    rows = Batch.objects.filter(pk=batch.pk, kind=KIND, state=Batch.State.RUNNING)
    return rows.update(state=state, ended_at=timezone.now()) == 1


def _join(batch: Batch, action: Action) -> Action:
    if action.batch_id is None:
        Action.objects.filter(pk=action.pk).update(batch=batch)
        action.batch = batch
    return action
