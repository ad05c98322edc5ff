"""What a turn told, written down: the ledger's row, the mirror's rows and the breaker, in one transaction each."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from provisioning import connections, ledger, mirror, readings, secrets
from provisioning.models import Action, Domain, Package
from provisioning.synaq import Meaning, SynaqError
from provisioning.turns import (
    Accepted,
    Ended,
    Job,
    LookedUp,
    Outcome,
    Read,
    ReadJob,
    Still,
    Trouble,
    Vanished,
)

log = structlog.get_logger(__name__)

PUT_OFF = (1, 2, 5, 10, 30, 60)  # seconds
LOOK_UPS = (2, 10, 30)  # seconds until the next look-up; then a person settles it
WAITS = frozenset({Meaning.UNREACHABLE, Meaning.THROTTLED, Meaning.UNAUTHENTICATED})
BREAKS = frozenset({Meaning.UNREACHABLE, Meaning.CUT_OFF, Meaning.BROKEN, Meaning.UNAUTHENTICATED})


def record(job: Job, outcome: Outcome) -> None:
    """Write down what came of one turn on an action."""
    _tell_breaker(job.action.connection_id, outcome)
    match outcome:
        case Accepted():
            _accepted(job, outcome)
        case Still():
            ledger.still(job.action, outcome.remote_state, next_poll(job.action))
        case Ended():
            _ended(job, outcome)
        case Vanished():
            _vanished(job, outcome)
        case LookedUp():
            _looked_up(job, outcome)
        case Trouble():
            _trouble(job, outcome.error)


def record_reading(job: ReadJob, outcome: Outcome) -> None:
    """Write down what came of reading one thing."""
    reading = job.reading
    _tell_breaker(reading.connection_id, outcome)
    if isinstance(outcome, Trouble):
        error = outcome.error
        readings.put_off(reading, str(error), final=error.meaning not in BREAKS | {Meaning.THROTTLED})
    elif isinstance(outcome, Read):
        with transaction.atomic():
            mirror.write(outcome.seen, mirror.Home(reading.connection, reading.ou, reading.domain))
            readings.done(reading)


def next_poll(action: Action) -> datetime:
    """0.15 of its age, between 0.5 and 5 s, with jitter; to 60 s when it is stuck."""
    age = (timezone.now() - (action.accepted_at or action.asked_at)).total_seconds()
    wait = min(max(0.15 * age, 0.5), 5.0 if age < 120 else 60.0)
    return timezone.now() + timedelta(seconds=wait * random.uniform(0.9, 1.1))  # noqa: S311  (spreads load)


def _later(steps: tuple[int, ...], tries: int) -> datetime:
    return timezone.now() + timedelta(seconds=steps[min(tries, len(steps) - 1)])


def _accepted(job: Job, outcome: Accepted) -> None:
    ledger.accepted(
        job.action,
        path=outcome.path,
        remote_id=outcome.remote_id,
        guid=outcome.guid,
        done=outcome.done,
        status=outcome.status,
    )


@transaction.atomic
def _ended(job: Job, outcome: Ended) -> None:
    if not _still_ours(job.action):
        return
    _take_in(job, outcome.seen)
    if outcome.errors:
        words = secrets.blot("\n".join(outcome.errors), dict(job.ask.secrets))
        ledger.fail(job.action, "remote_error", words, [])
        return
    job.action.remote_state = "finished"
    ledger.finish(job.action)


@transaction.atomic
def _vanished(job: Job, outcome: Vanished) -> None:
    if _still_ours(job.action):
        _take_in(job, outcome.seen)
        ledger.fail(
            job.action,
            Meaning.MISSING.name.lower(),
            "SYNAQ no longer knows it: it was removed meanwhile.",
            [],
        )


def _still_ours(action: Action) -> bool:
    return Action.objects.select_for_update().filter(pk=action.pk, attempt=action.attempt).exists()


def _take_in(job: Job, seen: tuple[mirror.Seen, ...]) -> None:
    action = job.action
    domain = mirror.find(action.connection_id, "domain", action.guid) if action.kind == "domain" else None
    home = mirror.Home(
        action.connection, action.ou, domain, title=action.title, code=str(action.payload.get("code", ""))
    )
    for one in seen:
        mirror.write(one, home)
    if seen and seen[0].body is not None:
        _link_what_was_linked(action, seen[0])


def _link_what_was_linked(action: Action, seen: mirror.Seen) -> None:
    """SYNAQ accepted the link (204, 201): that is how it said so, for its answers need not show links."""
    if action.operation == "domain.link":
        domain_guid, package_guid = action.guid, action.payload["package"]
    elif action.operation == "domain.create_in_package":
        domain_guid, package_guid = action.result_guid, action.guid
    else:
        return
    domain = Domain.objects.filter(connection=action.connection, guid=domain_guid).first()
    package = Package.objects.filter(connection=action.connection, guid=package_guid).first()
    if domain and package and action.remote_state != "error":
        mirror.link(domain, package, seen.at)


def _looked_up(job: Job, outcome: LookedUp) -> None:
    action, found = job.action, outcome.found
    if found is None:
        more = (
            job.operation.look_up is not None and action.tries < len(LOOK_UPS) and job.ask.dialect != "legacy"
        )
        ledger.not_told(
            action, _later(LOOK_UPS, action.tries) if more else None, "Looked it up: it could not be told."
        )
        return
    guid = found.guid if job.operation.makes else ""
    ledger.accepted(action, path="", remote_id="", guid=guid, done=found.done, status=None)


def _trouble(job: Job, error: SynaqError) -> None:
    action, words = job.action, secrets.blot(str(error), dict(job.ask.secrets))
    meaning = error.meaning.name.lower()
    if action.state == Action.State.WAITING:
        ledger.still(action, action.remote_state, next_poll(action), words)
    elif action.state == Action.State.UNCONFIRMED:
        ledger.not_told(action, _later(LOOK_UPS, action.tries), words)
    elif error.meaning in WAITS:
        ledger.put_off(action, _later(PUT_OFF, action.tries), meaning, words)
    elif error.applied == "no":
        said = secrets.blot(error.message, dict(job.ask.secrets)) or words
        ledger.fail(action, meaning, said, _lines(error, job), status=error.status)
    else:
        ledger.unconfirmed(action, meaning, words)


def _lines(error: SynaqError, job: Job) -> list[dict[str, str]]:
    blot = dict(job.ask.secrets)
    return [{"field": line.field or "", "message": secrets.blot(line.message, blot)} for line in error.errors]


def _tell_breaker(connection_id: int, outcome: Outcome) -> None:
    if not isinstance(outcome, Trouble):
        connections.answered([connection_id])
        return
    error = outcome.error
    if error.meaning is Meaning.THROTTLED:
        connections.throttled(connection_id, error.retry_after or 5.0, str(error))
    elif error.meaning in BREAKS:
        connections.failed(connection_id, str(error))
    elif error.status is not None:
        connections.answered([connection_id])
