"""One turn of the conversation with SYNAQ: submit, poll, look up, read. Runs in threads, and never touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning import adopting, elapsed
from provisioning.adopting import Listed
from provisioning.ledger import LEASE, SETTLED
from provisioning.mirror import Seen
from provisioning.models import Action, Reading
from provisioning.operations import Ask, Found, NotTold, Operation, Ref
from provisioning.synaq import Client, Meaning, SynaqError
from provisioning.synaq.answers import read_errors, read_state

ENDED_WELL = "finished"
LAGS_FOR = timedelta(seconds=30)  # for which a thing may be pending though its action has ended
WATCHING = "watching"  # there is no remote action to poll: the object's own state tells
BROKEN_STATES = frozenset({"error", "failed"})
PASSING = frozenset(
    {Meaning.UNREACHABLE, Meaning.CUT_OFF, Meaning.BROKEN, Meaning.THROTTLED, Meaning.UNAUTHENTICATED}
)  # troubles that end by themselves, or that an owner ends for the whole connection
# What a lease must still hold when sending begins: at the gate 5 s, to connect 3 s, for the answer 10 s, and a margin.
NEEDS_LEASE = timedelta(seconds=22)
REMOVED_IN = timedelta(minutes=2)  # so long what SYNAQ said is deleted may still be shown
READS_AT_ONCE = 8  # what changed along with it and is read in the same turn; the rest is read soon after
SETTLES_IN = timedelta(seconds=15)  # what was made a moment ago may not be readable everywhere at SYNAQ yet
LONGEST_GUID, LONGEST_PATH = 100, 500  # what the ledger's columns hold


@dataclass(frozen=True)
class Job:
    """A claimed row with all that its turn needs. `held_at`: when the claim was asked for, by `elapsed.now()`. `reads`: what
    to read once it has ended."""

    action: Action
    operation: Operation
    client: Client
    ask: Ask
    held_at: float
    reads: tuple[Ref, ...] = ()

    @property
    def connection_id(self) -> int:
        return self.action.connection_id

    @property
    def behind(self) -> bool:
        """Whether it lets people's work go first."""
        return self.action.priority > 0

    @property
    def sends(self) -> bool:
        """Whether its turn changes something at SYNAQ."""
        return self.action.state == Action.State.SENDING

    @property
    def marks(self) -> dict[str, Any]:
        """What every line of the log carries that is written in this turn."""
        return {
            "request_id": self.action.request_id,
            "action": self.action.pk,
            "attempt": self.action.attempt,
        }


@dataclass(frozen=True)
class ReadJob:
    """A claimed reading."""

    reading: Reading
    client: Client
    sends = False

    @property
    def connection_id(self) -> int:
        return self.reading.connection_id

    @property
    def behind(self) -> bool:
        return self.reading.priority > 0

    @property
    def marks(self) -> dict[str, Any]:
        """As a Job's."""
        return {
            "request_id": self.reading.request_id,
            "reading": self.reading.pk,
            "attempt": self.reading.attempt,
        }


@dataclass(frozen=True)
class Accepted:
    guid: str
    path: str
    remote_id: str
    done: bool
    status: int


@dataclass(frozen=True)
class Still:
    """Not ended. `retry_after`: seconds that SYNAQ asks for until the next poll, if it does."""

    remote_state: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Ended:
    """It ended; `errors` is empty when it ended well. `seen` is what was read afterwards."""

    seen: tuple[Seen, ...]
    errors: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vanished:
    """The thing itself is no longer known to SYNAQ."""

    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class NoEffect:
    """There is no remote action to follow, and the thing is in a state that does not show what was asked for."""

    seen: tuple[Seen, ...]
    state: str


@dataclass(frozen=True)
class LookedUp:
    """`asked`: whether SYNAQ was asked at all. It cannot be where the dialect has no call that would tell."""

    found: Found | NotTold | None
    asked: bool = True


@dataclass(frozen=True)
class Read:
    seen: Seen


@dataclass(frozen=True)
class Trouble:
    error: SynaqError


@dataclass(frozen=True)
class Held:
    """Given up before anything was sent; worth trying again."""

    words: str


@dataclass(frozen=True)
class Fault:
    """A mistake of the portal's own. `sent`: whether a request may have gone out."""

    words: str
    sent: bool


Outcome = Accepted | Still | Ended | Vanished | NoEffect | LookedUp | Read | Listed | Trouble | Held | Fault


def submit(job: Job) -> Outcome:
    """Send it, once, and only while the lease is long enough for the answer to come back within it."""
    if LEASE.total_seconds() - (elapsed.now() - job.held_at) < NEEDS_LEASE.total_seconds():
        return Held("It was not sent in time; it takes its turn again.")
    try:
        answer = job.operation.send(job.client, job.ask)
    except SynaqError as error:
        if job.operation.removes and error.meaning is Meaning.MISSING and error.status is not None:
            return Accepted("", "", "", done=True, status=error.status)  # somebody was faster: it is gone
        raise
    location = answer.location
    guid = location.guid if location else ""
    if job.operation.makes and not guid and isinstance(answer.body, dict):
        guid = str(answer.body.get("guid") or "")
    path = location.path if location and location.action_id else ""
    remote_id = location.action_id or "" if location else ""
    lacking = ""
    if job.operation.makes and not guid:
        lacking = "The answer does not say what was created."
    elif max(len(guid), len(remote_id)) > LONGEST_GUID or len(path) > LONGEST_PATH:
        lacking = "The answer names what was created, or its action, at more length than any GUID has."
    if lacking:
        raise SynaqError(Meaning.UNREADABLE, lacking, status=answer.status)
    done = answer.status != 202 and not path  # what names an action is followed, whatever its status
    return Accepted(guid if job.operation.makes else "", path, remote_id, done, answer.status)


def poll(job: Job) -> Outcome:
    """Ask how it goes; once it has ended, read what it changed."""
    if job.action.remote_state == ENDED_WELL:
        return _ended(job)
    if not job.action.remote_path:
        return _watch(job)
    remote = job.client.actions.poll(job.action.remote_path)
    if remote.gone:  # the action's record is gone; the thing itself tells what came of it
        return Still(WATCHING) if _not_there_yet(job) else _watch(job)
    if remote.state == "finished":
        return _ended(job, exclusions=tuple(map(str, read_errors(remote.exclusions))))
    if remote.state == "error":
        return _ended(job, errors=tuple(remote.errors) or ("SYNAQ gave no reason.",))
    if job.operation.removes and not _recently_accepted(job):
        # By the guide either of the two that is not found tells the end
        first = _see(job.client, *job.reads[0])
        if first.body is None:
            return Ended((first, *_also(job)))
    return Still(remote.state or "pending", remote.retry_after)


def look_up(job: Job) -> Outcome:
    """What became of a request whose answer was lost?"""
    if job.operation.look_up is None or not job.operation.can_look_up(job.ask.dialect):
        return LookedUp(None, asked=False)
    return LookedUp(job.operation.look_up(job.client, job.ask))


def read(job: ReadJob) -> Outcome:
    """Read one thing for the mirror, or how its usage is detailed. A usage report is part of its domain."""
    kind, guid = job.reading.kind, job.reading.guid
    if kind == Reading.Kind.USAGE_DETAIL:
        at = timezone.now()
        return Read(Seen(kind, guid, job.client.usage.detailed(guid).body, at))
    if kind in adopting.LISTS:
        return _page(job)
    kind = "domain" if kind == Reading.Kind.USAGE else kind
    return Read(_see(job.client, kind, guid))


def _page(job: ReadJob) -> Outcome:
    """The next page of a list of what lies below a thing."""
    reading, client, at = job.reading, job.client, timezone.now()
    match reading.kind:
        case Reading.Kind.OUS:
            found = client.ous.list(page=reading.page, parent_guid=reading.guid)
        case Reading.Kind.DOMAINS:
            found = client.domains.list(page=reading.page, ou_guid=reading.guid)
        case _:
            found = client.mailboxes.list(page=reading.page, domain_guid=reading.guid)
    return Listed(found.items, at, last=not found.has_next)


def _watch(job: Job) -> Outcome:
    kind, guid = job.reads[0]
    seen = _see(job.client, kind, guid)
    if seen.body is None:
        if job.operation.removes:
            return Ended((seen, *_also(job)))
        return Still(WATCHING) if _just_made(job) else Vanished((seen,))
    if job.operation.removes:
        return _not_gone(job, seen)
    state = read_state(seen.body)
    if state == "pending":
        return Still(WATCHING)
    if state in BROKEN_STATES:
        return Ended((seen,), errors=(f"The {kind} is in state {state}; SYNAQ gave no reason.",))
    if job.operation.effect and state not in job.operation.effect:
        return NoEffect((seen,), state)
    return _ended(job)


def _ended(job: Job, errors: tuple[str, ...] = (), exclusions: tuple[str, ...] = ()) -> Outcome:
    first = _see(job.client, *job.reads[0])
    if job.operation.removes and not errors:
        return Ended((first, *_also(job))) if first.body is None else _not_gone(job, first)
    if first.body is None and not errors:
        return Still(job.action.remote_state) if _just_made(job) else Vanished((first,))
    if job.action.meaning == SETTLED and read_state(first.body) == "pending":
        return Still(job.action.remote_state)  # it happened, as a person says, and SYNAQ is still at it
    if not (errors or exclusions) and _lags_behind(job, first):
        return Still(ENDED_WELL)
    return Ended((first, *_also(job)), errors, exclusions)


def _lags_behind(job: Job, seen: Seen) -> bool:
    """Whether the thing may not show yet that its action has ended: it is looked at for a while, and at least twice."""
    since = job.action.accepted_at
    lately = since is not None and timezone.now() - since < LAGS_FOR
    return read_state(seen.body) == "pending" and (lately or job.action.remote_state != ENDED_WELL)


def _also(job: Job) -> list[Seen]:
    others = job.reads[1 : 1 + READS_AT_ONCE]
    return [seen for kind, guid in others if (seen := _see_if_told(job.client, kind, guid))]


def _not_gone(job: Job, seen: Seen) -> Outcome:
    """It was deleted, or so SYNAQ or a person says, and is shown all the same: for a moment that may be."""
    state = read_state(seen.body)
    if state == "pending" or (_recently_accepted(job) and job.action.meaning != SETTLED):
        return Still(job.action.remote_state or WATCHING)
    if state == "deleted" and job.action.remote_state == ENDED_WELL and job.action.meaning != SETTLED:
        return Ended((seen, *_also(job)))  # SYNAQ said that it is done, and keeps a record of it
    return NoEffect((seen,), state)


def _recently_accepted(job: Job) -> bool:
    since = job.action.accepted_at
    return since is not None and timezone.now() - since < REMOVED_IN


def _just_made(job: Job) -> bool:
    return bool(job.operation.makes) and _just_accepted(job)


def _just_accepted(job: Job) -> bool:
    since = job.action.accepted_at
    return since is not None and timezone.now() - since < SETTLES_IN


def _not_there_yet(job: Job) -> bool:
    """Whether the action's record was never seen, and may not be readable everywhere at SYNAQ yet: only what is deleted, or
    shows the effect, has ended all the same."""
    if job.operation.removes or job.action.remote_state not in ("new", WATCHING) or not _just_accepted(job):
        return False
    state = read_state(_see(job.client, *job.reads[0]).body)
    return state not in (job.operation.effect | BROKEN_STATES)


def _see_if_told(client: Client, kind: str, guid: str) -> Seen | None:
    """What changed along with it; a thing that SYNAQ refuses to show must not keep the action open."""
    try:
        return _see(client, kind, guid)
    except SynaqError as error:
        if error.meaning in PASSING:
            raise
        return None


def _see(client: Client, kind: str, guid: str) -> Seen:
    at = timezone.now()  # before the call: what is said later may already be newer
    if kind == "catalogue":
        return Seen(kind, guid, client.packages.catalogue(guid).raw, at)
    nouns: dict[str, Any] = {
        "ou": client.ous,
        "package": client.packages,
        "domain": client.domains,
        "mailbox": client.mailboxes,
    }
    try:
        return Seen(kind, guid, nouns[kind].get(guid).body, at)
    except SynaqError as error:
        if error.meaning is not Meaning.MISSING:
            raise
        return Seen(kind, guid, None, at)
