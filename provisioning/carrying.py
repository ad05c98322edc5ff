"""Takes one turn, and never raises: whatever goes wrong is an outcome, which says whether something may have been sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from provisioning import gate, salts, turns
from provisioning.synaq import Meaning, SynaqError, errors
from provisioning.turns import Fault, Held, Job, Outcome, ReadJob, Trouble

log = structlog.get_logger(__name__)
AnyJob = TypeVar("AnyJob", Job, ReadJob)


def carry_out(turn: Callable[[AnyJob], Outcome], job: AnyJob) -> Outcome:
    """Take one turn. Never raises: whatever goes wrong is an outcome that says whether something may have been sent."""
    before = salts.drawn()
    try:
        with (
            gate.letting_pass(_level(turn, job)),
            structlog.contextvars.bound_contextvars(**job.marks),
        ):
            return _tried(turn, job)
    except SynaqError as error:
        return Trouble(error)
    except gate.NotSent as error:
        return Held(str(error))
    except Exception as error:
        log.exception("a turn went wrong", turn=turn.__name__)
        return Fault(f"The portal made a mistake here ({type(error).__name__}).", salts.drawn() != before)


# By the documents either says that the signature is wrong, or that something is not in scope. Nothing was done.
_SIGNATURE_OR_SCOPE = frozenset({Meaning.UNAUTHENTICATED, Meaning.FORBIDDEN})


def _tried(turn: Callable[[AnyJob], Outcome], job: AnyJob) -> Outcome:
    """Take the turn. Refused by 401 or 403, it is found out which is meant: for a signature all have to wait, for scope
    nobody has. A 401 may be over when it is looked into: then the turn is taken once more."""
    try:
        return turn(job)
    except SynaqError as error:
        if error.meaning not in _SIGNATURE_OR_SCOPE:
            raise
        known = _knows_us(job)
        if known is False:
            raise errors.meaning(Meaning.UNAUTHENTICATED, error) from None
        if known is None or error.meaning is Meaning.FORBIDDEN:
            raise
    try:
        return turn(job)
    except SynaqError as error:
        raise (
            errors.meaning(Meaning.FORBIDDEN, error) if error.meaning in _SIGNATURE_OR_SCOPE else error
        ) from None


def _knows_us(job: Job | ReadJob) -> bool | None:
    """Whether SYNAQ shows the reseller itself; None where that cannot be told."""
    connection = job.reading.connection if isinstance(job, ReadJob) else job.action.connection
    try:
        job.client.ous.get(connection.reseller_guid)
    except SynaqError as error:
        return False if error.meaning in _SIGNATURE_OR_SCOPE else None
    except ValueError:  # no GUID
        return None
    return True


def _level(turn: object, job: Job | ReadJob) -> int:
    """Where its calls stand at the gate."""
    if job.behind:
        return gate.BEHIND
    return gate.CLICK if turn is turns.submit else gate.FOLLOW
