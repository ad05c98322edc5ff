"""What Prometheus is told of actions, once what happened to them has been committed."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from provisioning import tallies
from provisioning.models import Action
from provisioning.operations import OPERATIONS

TOLD = frozenset({Action.State.UNCONFIRMED, *Action.ENDED})


def ended(operation: str, state: str, asked_at: datetime) -> None:
    """For Prometheus. An operation that this version does not know is one of the others."""
    operation = operation if operation in OPERATIONS else "other"
    if state == Action.State.UNCONFIRMED:
        tallies.add("mailroom_unconfirmed", operation=operation)
        return
    tallies.add("mailroom_actions_ended", operation=operation, outcome=state)
    if state == Action.State.FINISHED:
        seconds = (timezone.now() - asked_at).total_seconds()
        tallies.observe("mailroom_action_seconds", seconds, operation=operation)
