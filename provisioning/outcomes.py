"""What a turn told, written down: the ledger's row, the mirror's rows and the breaker, in one transaction each."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from provisioning import (
    adopting,
    batches,
    breaker,
    doubts,
    ledger,
    mirror,
    pace,
    readings,
    secrets,
    usage,
)
from provisioning.models import OU, Action, Domain, Mailbox, Package, Reading
from provisioning.operations import Operation
from provisioning.synaq import Meaning, SynaqError
from provisioning.synaq.answers import read_mailbox_editions
from provisioning.turns import (
    PASSING,
    READS_AT_ONCE,
    Accepted,
    Ended,
    Fault,
    Held,
    Job,
    LookedUp,
    NoEffect,
    Outcome,
    Read,
    ReadJob,
    Still,
    Trouble,
    Vanished,
)

log = structlog.get_logger(__name__)

PUT_OFF = (1, 2, 5, 10, 30, 60)  # seconds
HOLDS = (1, 2, 5, 10, 15)  # seconds until it is looked again whether what it waits for has ended
STUCK = 60.0  # seconds between polls of what is stuck
LONGEST_WAIT = 300.0  # seconds that SYNAQ may ask for between two polls
USAGE_KINDS = (Reading.Kind.USAGE, Reading.Kind.USAGE_DETAIL)
STILL_COMPILED = "SYNAQ is still compiling the report."
WAITS = frozenset({Meaning.UNREACHABLE, Meaning.THROTTLED, Meaning.UNAUTHENTICATED})
SHOWS_AGE = frozenset(
    {Meaning.MISSING, Meaning.CONFLICT}
)  # the mirror showed something else: it is read again
BREAKS = frozenset({Meaning.UNREACHABLE, Meaning.CUT_OFF, Meaning.BROKEN, Meaning.UNAUTHENTICATED})


def record(job: Job, outcome: Outcome) -> None:
    """Write down what came of one turn on an action; its batch, if it has one, moves in the same transaction."""
    _tell_breaker(job.connection_id, outcome, dict(job.ask.secrets))
    with transaction.atomic():
        if not isinstance(outcome, Still | Accepted):  # neither moves its batch
            batches.hold_of(job.action)
        _record(job, outcome)
        batches.moved(job.action)
        batches.came_back(job.action)


def learn(job: Job | ReadJob, outcome: Outcome) -> None:
    """As it comes in: what a poll says of when such actions end."""
    if isinstance(job, ReadJob) or not job.action.remote_path:
        return
    match outcome:
        case Still():
            pace.under_way(job.action)
        case Ended() | Vanished():
            pace.ended(job.action)


def _record(job: Job, outcome: Outcome) -> None:
    match outcome:
        case Accepted():
            _accepted(job, outcome)
        case Still():
            ledger.still(job.action, outcome.remote_state, next_poll(job.action, outcome.retry_after))
        case Ended():
            _ended(job, outcome)
        case Vanished():
            _vanished(job, outcome)
        case NoEffect():
            _no_effect(job, outcome)
        case LookedUp():
            doubts.looked_up(job, outcome)
        case Trouble():
            _trouble(job, outcome.error)
        case Held():
            _held(job.action, outcome.words)
        case Fault():
            _fault(job.action, outcome.words, sent=outcome.sent, meaning="fault")


def record_reading(job: ReadJob, outcome: Outcome) -> None:
    """Write down what came of reading one thing."""
    reading = job.reading
    _tell_breaker(job.connection_id, outcome, {})
    match outcome:
        case Read():
            with transaction.atomic():
                _was_read(reading, outcome.seen)
        case adopting.Listed():
            with transaction.atomic():
                adopting.take_in(reading, outcome)
        case Trouble():
            readings.put_off(reading, outcome.error.message, final=outcome.error.meaning not in PASSING)
        case Held():
            readings.put_off(reading, outcome.words, final=False)
        case Fault():
            readings.put_off(reading, outcome.words, final=True)


def _was_read(reading: Reading, seen: mirror.Seen) -> None:
    if seen.kind in ("catalogue", *mirror.MODELS):
        home = mirror.Home(reading.connection, reading.ou, reading.domain, type=adopting.type_of(seen.body))
        mirror.write(seen, home)
        adopting.came(reading, seen)
    if reading.kind not in USAGE_KINDS:
        if seen.kind == "domain":
            usage.seen(seen, reading.connection_id)
        readings.done(reading)
    elif usage.was_read(reading, seen):
        readings.done(reading)
    else:
        late = timezone.now() - reading.asked_at > usage.GIVEN_UP_AFTER
        words = "SYNAQ has not finished the report for a day. Count again." if late else STILL_COMPILED
        readings.put_off(reading, words, final=late, longest=usage.LONGEST_PAUSE)


def next_poll(action: Action, at_least: float | None = None) -> datetime:
    """0.15 of its age, between 0.5 and 5 s, with jitter; to 60 s when it is stuck. `at_least`: SYNAQ's own wish, in s."""
    age = (timezone.now() - (action.accepted_at or action.asked_at)).total_seconds()
    wait = min(max(0.15 * age, 0.5), 5.0 if age < 120 else STUCK)
    wait = max(wait * random.uniform(0.9, 1.1), min(at_least or 0.0, LONGEST_WAIT))  # noqa: S311  (spreads load)
    return timezone.now() + timedelta(seconds=wait)


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
    action = job.action
    if not _still_ours(action):
        return
    if doubts.is_something_else(action, outcome.seen[0]):
        ledger.doubted(action, "mistaken", "The GUID that was typed belongs to something else.")
        return
    taken = _take_in(job, outcome.seen, well=not outcome.errors)
    if outcome.errors:
        ledger.fail(action, "remote_error", _blotted("\n".join(outcome.errors), job), [])
        return
    action.remote_state = "finished"
    ledger.finish(
        action, "" if taken else "The portal could not read what SYNAQ shows of it.", outcome.exclusions
    )


@transaction.atomic
def _vanished(job: Job, outcome: Vanished) -> None:
    action = job.action
    if not _still_ours(action):
        return
    if action.meaning == ledger.SETTLED and job.operation.makes:
        ledger.doubted(action, "mistaken", "SYNAQ knows nothing by the GUID that was typed.")
        return
    _take_in(job, outcome.seen)
    ledger.fail(
        action, Meaning.MISSING.name.lower(), "SYNAQ no longer knows it: it was removed meanwhile.", []
    )


@transaction.atomic
def _no_effect(job: Job, outcome: NoEffect) -> None:
    if _still_ours(job.action):
        _take_in(job, outcome.seen)
        words = f"It is {outcome.state or 'in a state that SYNAQ does not name'}: nothing shows that this was done."
        ledger.doubted(job.action, "no_effect", words)


def _still_ours(action: Action) -> bool:
    return Action.objects.select_for_update().filter(pk=action.pk, attempt=action.attempt).exists()


def _take_in(job: Job, seen: tuple[mirror.Seen, ...], *, well: bool = False) -> bool:
    """Into the mirror, the thing itself first. False if it could not be: that must not keep the action open."""
    try:
        with transaction.atomic():
            _write_all(job.action, job.operation, seen, well)
            _read_the_rest(job)
    except (DataError, IntegrityError, LookupError, TypeError, ValueError):
        log.exception("an answer was not taken into the mirror", action=job.action.pk)
        return False
    return True


def _write_all(action: Action, operation: Operation, seen: tuple[mirror.Seen, ...], well: bool) -> None:
    domain = mirror.find(action.connection_id, "domain", action.guid) if action.kind == "domain" else None
    code = str(action.payload.get("code", ""))
    edition = str(action.payload.get("package_edition_code", ""))
    type_ = operation.makes_type or OU.Type.COMPANY
    for place, one in enumerate(seen):
        # Only the thing itself bears the name that was asked for; what changed along with it has its own.
        named = {"title": action.title, "code": code, "edition": edition} if place == 0 else {}
        mirror.write(one, mirror.Home(action.connection, action.ou, domain, type_, **named))
        if one.kind == "domain":
            counted = well and place == 0 and action.operation == "domain.usage"
            usage.seen(one, action.connection_id, action if counted else None)
    if seen and seen[0].body is not None and action.remote_state != "error":
        _link_what_was_linked(action, seen[0])
        _keep_what_is_not_shown(action, seen[0])


def _keep_what_is_not_shown(action: Action, seen: mirror.Seen) -> None:
    """SYNAQ took the edition (204, or its action ended well), and the guide's mailbox does not show editions."""
    if action.operation == "mailbox.change_edition" and not read_mailbox_editions(seen.body):
        rows = Mailbox.objects.filter(connection=action.connection, guid=action.guid)
        rows.update(edition_code=str(action.payload["code"])[:100])


def _read_the_rest(job: Job) -> None:
    """What changed along with it beyond what one turn reads."""
    for kind, guid in job.reads[1 + READS_AT_ONCE :]:
        _want(job.action, kind, guid)


def _want(action: Action, kind: str, guid: str) -> None:
    row = mirror.find(action.connection_id, kind, guid)
    if row is not None:
        ou = (row.parent or row) if isinstance(row, OU) else row.ou
        readings.want(kind, guid, ou=ou, domain=getattr(row, "domain", None))


def _link_what_was_linked(action: Action, seen: mirror.Seen) -> None:
    """SYNAQ accepted the link (204, 201): that is how it said so, for its answers need not show links."""
    if action.operation == "domain.link":
        domain_guid, package_guid = action.guid, str(action.payload.get("package", ""))
    elif action.operation == "domain.create_in_package":
        domain_guid, package_guid = action.result_guid, action.guid
    else:
        return
    domain = Domain.objects.filter(connection=action.connection, guid=domain_guid).first()
    package = Package.objects.filter(connection=action.connection, guid=package_guid).first()
    if domain and package:
        mirror.link(domain, package, seen.at)


def _trouble(job: Job, error: SynaqError) -> None:
    action, words = job.action, _blotted(error.message, job)
    if doubts.typed(action) and error.applied == "no" and error.meaning not in PASSING:
        ledger.doubted(action, "mistaken", f"SYNAQ does not show what was typed: {words}")
    elif action.state == Action.State.WAITING:
        ledger.still(action, action.remote_state, next_poll(action, error.retry_after), words)
    elif action.state == Action.State.UNCONFIRMED:
        away = error.meaning in PASSING
        again = doubts.later(doubts.LOOK_UPS, action.tries) if away else doubts.next_look_up(action)
        doubts.not_told(job, again, words, away=away)
    else:
        _not_accepted(job, error, words)


def _not_accepted(job: Job, error: SynaqError, words: str) -> None:
    """A request that was not answered with success: again later, failed, or nobody knows."""
    action, meaning = job.action, error.meaning.name.lower()
    if error.meaning in WAITS:
        ledger.put_off(action, doubts.later(PUT_OFF, action.tries), meaning, words)
    elif error.applied == "no" and doubts.was_sent_again(action):
        # Refused the second time, perhaps because the first has arrived after all: the name tells.
        ledger.unconfirmed(action, doubts.TAKEN, words)
    elif error.applied == "no":
        ledger.fail(action, meaning, words, _lines(error, job), status=error.status)
        if error.meaning in SHOWS_AGE:
            _want(action, action.kind, action.guid)
    else:
        ledger.unconfirmed(action, meaning, words)


def _held(action: Action, words: str) -> None:
    """Nothing went out: the same turn again, soon."""
    soon = timezone.now() + timedelta(seconds=1)
    if action.state == Action.State.SENDING:
        ledger.put_off(action, soon, "held", words)
    elif action.state == Action.State.WAITING:
        ledger.still(action, action.remote_state, next_poll(action))
    else:
        ledger.not_told(action, soon, words, away=True)


@transaction.atomic
def hold(action: Action, words: str) -> None:
    """A claimed row that was to be sent waits for something else to end: the same turn again, soon."""
    batches.hold_of(action)
    pause = HOLDS[min(action.tries, len(HOLDS) - 1)] * random.uniform(0.5, 1.5)  # noqa: S311  (two that wait for each other)
    ledger.put_off(action, timezone.now() + timedelta(seconds=pause), "held", words)
    batches.came_back(action)


@transaction.atomic
def refuse(action: Action, words: str) -> None:
    """A claimed row that was to be sent is no longer possible: it ends here, unsent."""
    batches.hold_of(action)
    ledger.fail(action, Meaning.CONFLICT.name.lower(), f"{words} Nothing was sent.", [])
    batches.moved(action)


@transaction.atomic
def fault(action: Action, words: str, *, sent: bool, meaning: str = "fault") -> None:
    """The portal's own mistake stops this row, and no other. `sent`: a request may have gone out in this turn."""
    batches.hold_of(action)
    _fault(action, words, sent=sent, meaning=meaning)
    batches.moved(action)


def _fault(action: Action, words: str, *, sent: bool, meaning: str) -> None:
    if action.state == Action.State.WAITING:
        later = timezone.now() + timedelta(seconds=STUCK)
        ledger.still(action, action.remote_state, later, words)
    elif action.state == Action.State.UNCONFIRMED:
        ledger.not_told(action, doubts.next_look_up(action), words)
    elif sent:
        ledger.unconfirmed(action, meaning, words)
    else:
        ledger.fail(action, meaning, f"{words} Nothing was sent.", [])


def _blotted(text: str, job: Job) -> str:
    return secrets.blot(text, dict(job.ask.secrets))


def _lines(error: SynaqError, job: Job) -> list[dict[str, str]]:
    return [
        {"field": _field(line.field, job), "message": _blotted(line.message, job)} for line in error.errors
    ]


def _field(name: str | None, job: Job) -> str:
    """A wire name, such as `physical_address.line_1`; anything else is no field's name, and may be a value."""
    return _blotted(name, job) if name and re.fullmatch(r"[\w.-]+", name) else ""


def _tell_breaker(connection_id: int, outcome: Outcome, hide: dict[str, Any]) -> None:
    if isinstance(outcome, Held | Fault) or (isinstance(outcome, LookedUp) and not outcome.asked):
        return  # SYNAQ was not asked, or it is not known how it answered
    if not isinstance(outcome, Trouble):
        breaker.answered(connection_id)
        return
    error = outcome.error
    words = secrets.blot(error.message, hide)
    if error.meaning is Meaning.THROTTLED:
        breaker.throttled(connection_id, error.retry_after or 5.0, words)
    elif error.meaning in BREAKS:
        breaker.failed(connection_id, words)
    elif error.status is not None:
        breaker.answered(connection_id)
