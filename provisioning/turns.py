"""One turn of the conversation with SYNAQ: submit, poll, look up, read. Runs in threads, and never touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from provisioning.mirror import Seen
from provisioning.models import Action, Reading
from provisioning.operations import Ask, Found, Operation, Ref
from provisioning.synaq import Client, Meaning, SynaqError
from provisioning.synaq.answers import read_state

ENDED_WELL = "finished"
WATCHING = "watching"  # there is no remote action to poll: the object's own state tells
BROKEN_STATES = frozenset({"error", "failed"})


@dataclass(frozen=True)
class Job:
    """A claimed row with all that its turn needs. `reads`: what to read once it has ended."""

    action: Action
    operation: Operation
    client: Client
    ask: Ask
    reads: tuple[Ref, ...] = ()


@dataclass(frozen=True)
class ReadJob:
    reading: Reading
    client: Client


@dataclass(frozen=True)
class Accepted:
    guid: str
    path: str
    remote_id: str
    done: bool
    status: int


@dataclass(frozen=True)
class Still:
    remote_state: str


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
class LookedUp:
    found: Found | None


@dataclass(frozen=True)
class Read:
    seen: Seen


@dataclass(frozen=True)
class Trouble:
    error: SynaqError


Outcome = Accepted | Still | Ended | Vanished | LookedUp | Read | Trouble


def submit(job: Job) -> Outcome:
    """Send it, once."""
    try:
        answer = job.operation.send(job.client, job.ask)
    except SynaqError as error:
        return Trouble(error)
    location = answer.location
    guid = location.guid if location else ""
    if job.operation.makes and not guid and isinstance(answer.body, dict):
        guid = str(answer.body.get("guid") or "")
    if job.operation.makes and not guid:
        return Trouble(
            SynaqError(Meaning.UNREADABLE, "The answer does not say what was created.", status=answer.status)
        )
    path = location.path if location and location.action_id else ""
    remote_id = location.action_id or "" if location else ""
    return Accepted(guid if job.operation.makes else "", path, remote_id, answer.status != 202, answer.status)


def poll(job: Job) -> Outcome:
    """Ask how it goes; once it has ended, read what it changed."""
    try:
        if job.action.remote_state == ENDED_WELL:
            return _ended(job)
        if not job.action.remote_path:
            return _watch(job)
        remote = job.client.actions.poll(job.action.remote_path)
        if remote.gone:  # the action's record is gone; the thing itself tells what came of it
            return _watch(job)
        if remote.state == "finished":
            return _ended(job, exclusions=tuple(str(line) for line in remote.exclusions))
        if remote.state == "error":
            return _ended(job, errors=tuple(remote.errors) or ("SYNAQ gave no reason.",))
    except SynaqError as error:
        return Trouble(error)
    return Still(remote.state or "pending")


def look_up(job: Job) -> Outcome:
    """What became of a request whose answer was lost?"""
    if job.operation.look_up is None:
        return LookedUp(None)
    try:
        return LookedUp(job.operation.look_up(job.client, job.ask))
    except SynaqError as error:
        return Trouble(error)


def read(job: ReadJob) -> Outcome:
    """Read one thing for the mirror."""
    try:
        return Read(_see(job.client, job.reading.kind, job.reading.guid))
    except SynaqError as error:
        return Trouble(error)


def _watch(job: Job) -> Outcome:
    kind, guid = job.reads[0]
    seen = _see(job.client, kind, guid)
    if seen.body is None:
        return Vanished((seen,))
    state = read_state(seen.body)
    if state == "pending":
        return Still(WATCHING)
    if state in BROKEN_STATES:
        return Ended((seen,), errors=(f"The {kind} is in state {state}; SYNAQ gave no reason.",))
    return _ended(job)


def _ended(job: Job, errors: tuple[str, ...] = (), exclusions: tuple[str, ...] = ()) -> Outcome:
    seen = tuple(_see(job.client, kind, guid) for kind, guid in job.reads)
    if seen[0].body is None and not errors:
        return Vanished(seen)
    return Ended(seen, errors, exclusions)


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
