"""What a claimed row needs before its turn: the connection's client, leave to be sent, and what its turn works with."""

from __future__ import annotations

import structlog

from provisioning import admission, breaker, connections, doubts, outcomes, secrets
from provisioning.models import Action, Connection
from provisioning.operations import OPERATIONS, Ask, operation_of
from provisioning.synaq import Client
from provisioning.turns import Job

log = structlog.get_logger(__name__)


def client_of(row: Connection) -> Client | None:
    """The connection's client; None, and the breaker is told, where its key or address is of no use."""
    try:
        return connections.client_for(row)
    except (secrets.CannotOpen, KeyError, ValueError) as error:
        log.warning("a connection cannot be used", connection=row.pk, error=type(error).__name__)
        words = (
            "The connection's key cannot be opened, or its address is none. An owner must set it up again."
        )
        breaker.failed(row.pk, words)
        return None


def is_admitted(action: Action) -> bool:
    """Whether it may still be sent. If not, that is written down."""
    if words := admission.waits_for(action):
        outcomes.hold(action, words)
        return False
    if words := admission.why_not(action, operation_of(action)):
        outcomes.refuse(action, words)
        return False
    return True


def job_of(action: Action, client: Client, held_at: float) -> Job:
    """Everything that the row's turn needs. Raises what is odd about the row; nothing has been sent then."""
    state, operation = action.state, operation_of(action)
    if state == Action.State.SENDING and action.operation not in OPERATIONS:
        raise NotImplementedError(action.operation)
    # Only sending needs the secrets: a look-up must go on though they cannot be opened.
    opened = secrets.unseal(action.sealed) if state == Action.State.SENDING else {}
    # what may be there but once cannot be mistaken for another
    by_name = state == Action.State.UNCONFIRMED and operation.makes and not operation.unique
    others = doubts.others(action) if by_name else frozenset()
    ask = Ask(action.guid, action.payload, opened, action.connection.dialect, action.ou.guid, others)
    reads = tuple(operation.reads(action)) if state == Action.State.WAITING else ()
    return Job(action, operation, client, ask, held_at, reads)
