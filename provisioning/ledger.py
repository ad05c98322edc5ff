"""The only writer of an action's state. Each change names the state it comes from and counts the rows it touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import F, JSONField, Q, Value
from django.db.models.functions import Now
from django.utils import timezone

from provisioning import announce, audit, claim_sql, counting, pace, secrets
from provisioning import asked as asked_of
from provisioning.asked import Asked, Refused, digest
from provisioning.models import Action, Event

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=30)
# After the database was started: for so long drivers write down what they kept, and nothing is given up
WRITES_FIRST = timedelta(seconds=5)
# These had secrets in them, which are wiped when they were sent: only their form can ask again.
NEEDS_FORM = frozenset({"mailbox.create", "domain.fields"})
WITH_SECRET = "with_secret"  # noqa: S105  (in the payload of what may come with a secret or without: it did)
LONGEST_STATE = 60  # the column's; whatever SYNAQ may call a state
RESTORED = "restored"  # the meaning of a row of a restored backup: it may have been sent since
RESTORED_WORDS = (
    "The portal was restored from a backup. It is looked up whether this was sent since, before it is sent."
)
PILED, SCHEDULED = 1, 2  # priorities: what steps back behind other people's clicks, and what nobody waits for
PRIORITIES = (0, PILED, SCHEDULED)  # all there are; 0 is a click
CROWD, CROWD_OF_BATCH = 100, 10  # actions of one OU that wait to be sent, from which on it steps back
SETTLED = "settled"  # the meaning of a row that a person said is done, until it has been read
State = Action.State
__all__ = ["Asked", "Refused", "digest"]


@transaction.atomic
def open_action(asked: Asked) -> Action:
    """A ledger row for one click; the row there is already when the same form, or the same wish, came before."""
    same = Action.objects.filter(submission=asked.submission).first() or _same_wish(asked)
    if same:
        return same
    try:
        with transaction.atomic():
            action = Action.objects.create(
                connection=asked.connection, operation=asked.operation.name, by=asked.by, reason=asked.reason,
                submission=asked.submission, ou=asked.ou, kind=asked.operation.kind, guid=asked.guid,
                title=asked.title[:330], lock_key=asked.key, payload=dict(asked.payload),
                sealed=asked.sealed or secrets.seal(dict(asked.secrets)), next_at=timezone.now(),
                result_kind=asked.operation.makes, batch=asked.batch, priority=asked.priority or _pile(asked),
                request_id=asked_of.request_id(asked),
            )  # fmt: skip
    except IntegrityError:
        faster = Action.objects.filter(submission=asked.submission).first()
        if faster is None:
            raise
        return faster  # the other half of a double click was a moment faster
    _note(action, "asked", by=asked.by, data={"digest": digest(asked)})
    asked_of.into_the_trail(action, asked)
    log.info("asked", action=action.pk, operation=action.operation)
    transaction.on_commit(announce.nudge)
    return action


def _pile(asked: Asked) -> int:
    """Many at once of one OU let other people's clicks go first."""
    most = CROWD_OF_BATCH if asked.batch else CROWD
    waiting = Action.objects.filter(ou=asked.ou, state=State.QUEUED, priority=0)
    return PILED if waiting[:most].count() == most else 0


def _same_wish(asked: Asked) -> Action | None:
    """Two people at once: the same operation on the same object with nothing new to say, not sent yet, is one action."""
    if asked.payload or asked.secrets or asked.batch:
        return None
    queued = Action.objects.filter(lock_key=asked.key, operation=asked.operation.name, state=State.QUEUED)
    return queued.filter(
        connection=asked.ou.connection_id
    ).first()  # another connection may know the same GUID


def needs_form(action: Action) -> bool:
    """Whether it came with a secret, which is not kept: only its form can ask for it again."""
    return action.operation in NEEDS_FORM or bool(action.payload.get(WITH_SECRET))


def _note(
    action: Action, kind: str, text: str = "", *, by: Any = None, data: Mapping[str, Any] | None = None
) -> None:
    Event.objects.create(action=action, kind=kind, text=text, by=by, data=dict(data or {}))


def _move(action: Action, came_from: Iterable[str], **changes: Any) -> bool:
    """Change the row if it is still ours: same attempt, one of those states. False: somebody else has it now."""
    rows = Action.objects.filter(pk=action.pk, attempt=action.attempt, state__in=list(came_from))
    if rows.update(**changes) != 1:
        return False
    for name, value in changes.items():
        setattr(action, name, value)
    if changes.get("state") in counting.TOLD:
        transaction.on_commit(partial(counting.ended, action.operation, changes["state"], action.asked_at))
    return True


# --- claiming ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Most:
    """How many rows a claim may take: to be sent, and to be polled or looked up; of what people wait for (`first`), and of
    what lets it go first (`behind`)."""

    sends_first: int = 0
    sends_behind: int = 0
    follows_first: int = 0
    follows_behind: int = 0


def claim(connection_id: int, most: Most) -> list[Action]:
    """Rows whose turn has come: queued ones that are first in line for their object, of which *sending* is committed before
    anything is sent; waiting ones whose poll is due, unconfirmed ones whose look-up is due, and that nobody holds."""
    wanted = {name: number for name, number in asdict(most).items() if number > 0}
    if not wanted:
        return []
    sql = claim_sql.claim(tuple(wanted))
    params: dict[str, Any] = {"connection": connection_id, "lease": LEASE, **wanted}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
            return _actions(cursor)
    except IntegrityError:
        # Another driver has just claimed an older row of the same object, which this one could not see yet.
        return []


def claim_submits(connection_id: int, most: int, *, scheduled: bool = False) -> list[Action]:
    """Only what is to be sent."""
    return claim(connection_id, Most(sends_behind=most) if scheduled else Most(sends_first=most))


def claim_turns(connection_id: int, most: int, *, scheduled: bool = False) -> list[Action]:
    """Only polls and look-ups."""
    return claim(connection_id, Most(follows_behind=most) if scheduled else Most(follows_first=most))


_COLUMN = Value("")  # it is read as it is, not a part of it


def _actions(cursor: Any) -> list[Action]:
    """Whole rows of the table. As `objects.raw`, which puts together anew each time what it reads them by."""
    places = {column.name: place for place, column in enumerate(cursor.description)}
    fields = [(places[field.column], field) for field in Action._meta.concrete_fields]
    names = [field.attname for _, field in fields]
    found = []
    for row in cursor.fetchall():
        values = [
            field.from_db_value(row[place], _COLUMN, connection)
            if isinstance(field, JSONField)
            else row[place]
            for place, field in fields
        ]
        found.append(Action.from_db(connection.alias, names, values))
    return found


def renew(actions: Iterable[Action]) -> None:
    """Hold claimed rows for another 30 s from now: their calls are still under way. Rows lost meanwhile stay lost."""
    ours = Q()
    for action in actions:
        ours |= Q(pk=action.pk, attempt=action.attempt)
    if ours:
        rows = Action.objects.filter(ours, state__in=Action.IN_FLIGHT, lease_until__isnull=False)
        rows.update(lease_until=Now() + LEASE, next_at=Now() + LEASE)


def anything_due(connection_id: int) -> bool:
    """Whether any row of the connection is to be sent, polled or looked up now."""
    due = Action.objects.filter(connection_id=connection_id, next_at__lte=Now(), priority__in=PRIORITIES)
    turns = due.filter(state__in=[State.WAITING, State.UNCONFIRMED])
    return due.filter(state=State.QUEUED).exists() or turns.exists()


def _database_was_away() -> bool:
    """Whether it was started a moment ago."""
    with connection.cursor() as cursor:
        sql = "SELECT statement_timestamp() - pg_postmaster_start_time() < make_interval(secs => %s)"
        cursor.execute(sql, [WRITES_FIRST.total_seconds()])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def give_up_lost() -> int:
    """Rows that were being sent by a worker that is no more: what became of the request is not known."""
    if _database_was_away():
        return 0  # who holds them may have answers to write down first
    lost = Action.objects.filter(state=State.SENDING, next_at__lte=Now())
    rows = list(lost.order_by("next_at", "id").select_for_update(skip_locked=True)[:100])
    for action in rows:
        # The lost worker's late answer must touch no row.
        Action.objects.filter(pk=action.pk).update(attempt=F("attempt") + 1)
        action.attempt += 1
        unconfirmed(
            action, "cut_off", "The worker that was sending it is gone; nobody knows whether SYNAQ got it."
        )
    return len(rows)


# --- outcomes ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def accepted(
    action: Action, *, path: str, remote_id: str, guid: str, done: bool, status: int | None, meaning: str = ""
) -> bool:
    """SYNAQ took it on. `done`: nothing is left but to read the result. Its secrets are wiped. Without a status, a look-up
    or a person told."""
    now = timezone.now()
    wait = timedelta(0) if done else pace.first_poll(action)
    moved = _move(
        action, [State.SENDING, State.UNCONFIRMED], state=State.WAITING, sealed="", remote_path=path, remote_id=remote_id,
        remote_state="finished" if done else "new", result_guid=guid, accepted_at=now, next_at=now + wait, tries=0,
        lease_until=None, meaning=meaning, words="", errors=[],
    )  # fmt: skip
    if moved:
        told = "" if status or meaning else f"Looked it up: SYNAQ {'has it' if done else 'is at it'}."
        data = {"status": status, "remote_id": remote_id, "path": path, "guid": guid}
        _note(action, "accepted", told, data=data)
    return moved


@transaction.atomic
def still(action: Action, remote_state: str, next_at: datetime, words: str = "") -> bool:
    """Polled, not ended. A line of its own is only another state, or that trouble (`words`) begins or ends."""
    remote_state = remote_state[:LONGEST_STATE]
    news = remote_state != action.remote_state or bool(words) != bool(action.words)
    moved = _move(
        action,
        [State.WAITING],
        remote_state=remote_state,
        next_at=next_at,
        polls=action.polls + 1,
        lease_until=None,
        words=words,
    )
    if moved and news:
        _note(action, "answered", words, data={"remote_state": remote_state})
    return moved


@transaction.atomic
def put_off(action: Action, next_at: datetime, meaning: str, words: str) -> bool:
    """It is certain that nothing was applied: back into the queue, in its place. The same once more is no news."""
    same = (action.meaning, action.words) == (meaning, words) and meaning == "held"
    moved = _move(
        action, [State.SENDING, State.UNCONFIRMED], state=State.QUEUED, next_at=next_at, tries=action.tries + 1,
        lease_until=None, meaning=meaning, words=words, sent_at=None, accepted_at=None,
        remote_path="", remote_id="", remote_state="", result_guid="",
    )  # fmt: skip
    if moved and not same:
        _note(action, "put_off", words, data={"meaning": meaning, "until": next_at.isoformat()})
    return moved


@transaction.atomic
def unconfirmed(action: Action, meaning: str, words: str) -> bool:
    """It may have happened. It stays first in line for its object until a look-up or a person settles it."""
    now = timezone.now()
    moved = _move(
        action, [State.SENDING], state=State.UNCONFIRMED, next_at=now, lease_until=None, meaning=meaning,
        words=words, tries=0,
    )  # fmt: skip
    if moved:
        _note(action, "unconfirmed", words, data={"meaning": meaning})
    return moved


@transaction.atomic
def doubted(action: Action, meaning: str, words: str) -> bool:
    """It was taken for accepted, and what was read says otherwise: a person settles it."""
    moved = _move(
        action, [State.WAITING], state=State.UNCONFIRMED, next_at=None, lease_until=None, meaning=meaning,
        words=words, result_guid="",
    )  # fmt: skip
    if moved:
        _note(action, "unconfirmed", words, data={"meaning": meaning})
    return moved


@transaction.atomic
def not_told(action: Action, next_at: datetime | None, words: str, *, away: bool = False) -> bool:
    """A look-up could not tell. With no further one due (`next_at` None) a person settles it. `away`: SYNAQ was not there to
    be asked."""
    moved = _move(action, [State.UNCONFIRMED], next_at=next_at, tries=action.tries + 1, lease_until=None)
    if moved:
        _note(action, "looked_up", words, data={"away": True} if away else None)
    return moved


@transaction.atomic
def finish(action: Action, words: str = "", exclusions: Iterable[str] = ()) -> bool:
    """Done, and the mirror shows it: call within the transaction that wrote the mirror.

    `exclusions` are what SYNAQ left out, `words` what people should know of it.
    """
    moved = _move(
        action, [State.WAITING], state=State.FINISHED, ended_at=timezone.now(), remote_state=action.remote_state,
        next_at=None, lease_until=None, sealed="", words=words, meaning="", errors=[],
    )  # fmt: skip
    if moved:
        data = {"remote_state": action.remote_state, "exclusions": list(exclusions)}
        _note(action, "finished", words, data=data)
    return moved


@transaction.atomic
def fail(
    action: Action, meaning: str, words: str, errors: list[dict[str, str]], *, status: int | None = None
) -> bool:
    """It ended without effect, or SYNAQ's own action ended in error."""
    moved = _move(
        action, Action.OPEN, state=State.FAILED, ended_at=timezone.now(), next_at=None, lease_until=None, sealed="",
        meaning=meaning, words=words, errors=errors,
    )  # fmt: skip
    if moved:
        _note(action, "failed", words, data={"meaning": meaning, "errors": errors, "status": status})
    return moved


# --- what a person does to an action ------------------------------------------------------------------------------------


def _locked(action: Action, state: str, otherwise: str) -> Action:
    """The row as it is now, held until the transaction ends. Raises Refused when its state is another."""
    row = Action.objects.select_for_update().get(pk=action.pk)
    if row.state != state:
        raise Refused(otherwise)
    return row


@transaction.atomic
def cancel(action: Action, *, by: Any, words: str = "") -> None:
    """Take back what was not sent yet; `words` say why. Raises Refused when it is too late."""
    row = _locked(
        action, State.QUEUED, "It can no longer be cancelled: it is on its way to SYNAQ, or has ended."
    )
    _move(
        row, [State.QUEUED], state=State.CANCELLED, ended_at=timezone.now(), next_at=None, sealed="", words=words
    )  # fmt: skip
    _note(row, "cancelled", words, by=by)
    audit.record("cancelled", by=by, ou=row.ou, thing=row, title=row.title, text=words, action=row)


def _settled(row: Action, words: str, by: Any) -> None:
    audit.record("settled", by=by, ou=row.ou, thing=row, title=row.title, text=words, action=row)


@transaction.atomic
def settle_applied(action: Action, guid: str, *, by: Any) -> None:
    """A person says that it happened; `guid` is what it made, "" where it made nothing. Raises Refused."""
    row = _locked(action, State.UNCONFIRMED, "It has been settled meanwhile.")
    _note(row, "settled", "It happened.", by=by, data={"guid": guid})
    _settled(row, "It happened.", by)
    accepted(row, path="", remote_id="", guid=guid, done=True, status=None, meaning=SETTLED)
    transaction.on_commit(announce.nudge)


@transaction.atomic
def settle_not_applied(action: Action, *, by: Any) -> None:
    """A person says that it did not happen: it is sent again. Raises Refused.

    If SYNAQ had taken it on once, its secrets are gone: then it ends here, and its form asks for them anew.
    """
    row = _locked(action, State.UNCONFIRMED, "It has been settled meanwhile.")
    _settled(row, "It did not happen.", by)
    if row.accepted_at is not None and needs_form(row):
        _note(row, "settled", "It did not happen.", by=by)
        fail(row, "sealed", "It did not happen. Fill in the form again: the password is not kept.", [])
        return
    _note(row, "settled", "It did not happen; send again.", by=by)
    put_off(row, timezone.now(), "", "")
    transaction.on_commit(announce.nudge)
