"""What nobody knows for certain: a request whose answer was lost, and a GUID that a person has typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning import ledger, mirror
from provisioning.models import Action, Event
from provisioning.operations.base import NOT_THERE, NotTold
from provisioning.synaq import Meaning
from provisioning.synaq.answers import spellings
from provisioning.turns import Job, LookedUp

COULD_NOT_TELL = "Looked it up: it could not be told."
LOOK_UPS = (2, 10, 30)  # seconds until the next look-up; then a person settles it
ABSENT = "absent"  # the meaning of a row that is sent again because SYNAQ did not have it
TAKEN = "taken"  # and of one that was refused then


def later(steps: tuple[int, ...], tries: int) -> datetime:
    return timezone.now() + timedelta(seconds=steps[min(tries, len(steps) - 1)])


def looked_up(job: Job, outcome: LookedUp) -> None:
    action, found = job.action, outcome.found
    if isinstance(found, NotTold):
        not_told(job, next_look_up(action), _seen(found.shown))
    elif found is not None and found != NOT_THERE:
        guid = found.guid if job.operation.makes else ""
        ledger.accepted(action, path="", remote_id="", guid=guid, done=found.done, status=None)
    elif not outcome.asked:
        not_told(job, None, "The API has no call that would tell.")
    elif found == NOT_THERE and job.operation.unique:
        _not_there(action)
    else:
        not_told(job, next_look_up(action), COULD_NOT_TELL)


def _seen(state: str) -> str:
    return f"Looked it up: SYNAQ shows it {state}, from which it cannot be told." if state else COULD_NOT_TELL


def _not_there(action: Action) -> None:
    """SYNAQ's list does not have that name. Once it was asked for most of a minute, it was not made, and can be sent again,
    for SYNAQ takes the name but once (decision 0016). One that was refused when it was sent again has failed."""
    if _looked_in_vain(action) < len(LOOK_UPS):
        ledger.not_told(action, later(LOOK_UPS, action.tries), COULD_NOT_TELL)
        return
    if action.meaning == TAKEN:
        ledger.fail(action, Meaning.REFUSED.name.lower(), action.words, action.errors)
        return
    words = "Looked it up several times: SYNAQ does not have it. It is sent again."
    ledger.put_off(action, timezone.now(), ABSENT, words)


def not_told(job: Job, again: datetime | None, words: str, *, away: bool = False) -> None:
    """A look-up could not tell. After the last one a person settles it, but for what changes nothing: that has failed."""
    if again is None and job.operation.repeatable:
        words = f"{job.action.words or words} It changes nothing, so that it can safely be asked for again."
        ledger.fail(job.action, job.action.meaning, words, [])
    else:
        ledger.not_told(job.action, again, words, away=away)


def next_look_up(action: Action) -> datetime | None:
    """None once SYNAQ was asked often enough: what it did not answer does not count."""
    answered = _look_ups(action).exclude(data__has_key="away").count()
    return later(LOOK_UPS, answered) if answered < len(LOOK_UPS) else None


def _looked_in_vain(action: Action) -> int:
    """How many look-ups have found nothing since the answer was lost."""
    return _look_ups(action).filter(text=COULD_NOT_TELL).count()


def _look_ups(action: Action) -> QuerySet[Event]:
    events = Event.objects.filter(action=action)
    since = events.filter(kind="unconfirmed").order_by("-id").values("id")[:1]
    return events.filter(kind="looked_up", id__gt=since)


def was_sent_again(action: Action) -> bool:
    """Whether it is sent once more because SYNAQ did not have it: the first may have arrived all the same."""
    return Event.objects.filter(action=action, kind="put_off", data__meaning=ABSENT).exists()


def others(action: Action) -> frozenset[str]:
    """GUIDs of its kind that are something else's, and may yet bear the name that it asked for: what the portal knew before
    it was asked, and what other actions made."""
    kind = action.result_kind
    rows = mirror.MODELS[kind].objects.filter(
        Q(known_since=None) | Q(known_since__lte=action.asked_at), connection=action.connection_id
    )
    made = _made_by_others(action).values_list("result_guid", flat=True)
    return frozenset(rows.values_list("guid", flat=True)) | frozenset(made)


def is_anothers(action: Action, row: Any) -> bool:
    """Whether a row of the mirror cannot be what the action made."""
    if row.known_since is None or row.known_since <= action.asked_at:
        return True
    return _made_by_others(action).filter(result_guid__in=spellings(row.guid)).exists()


def _made_by_others(action: Action) -> QuerySet[Action]:
    rows = Action.objects.filter(connection=action.connection_id, result_kind=action.result_kind)
    return rows.exclude(pk=action.pk).exclude(result_guid="")


def typed(action: Action) -> bool:
    """Whether what it made was named by a person, who may have mistyped."""
    return (
        action.state == Action.State.WAITING and action.meaning == ledger.SETTLED and bool(action.result_kind)
    )


def is_something_else(action: Action, seen: mirror.Seen) -> bool:
    """A person may have typed the GUID of another's thing: it must bear the name that was asked for, and lie where it was
    asked for as far as SYNAQ tells."""
    if not typed(action) or not isinstance(seen.body, dict):
        return False
    homes = {"ou": ("parent_guid", action.guid), "domain": ("ou_guid", action.ou.guid)}
    place, home = homes.get(action.result_kind, ("", ""))
    shown = str(seen.body.get(place) or home)
    if place and shown.casefold() != home.casefold():
        return True
    names = {
        "ou": ("title", action.payload.get("title")),
        "package": ("code", action.payload.get("code")),
        "domain": ("domain_name", action.payload.get("domain_name")),
        "mailbox": ("email", action.title),
    }
    key, asked = names.get(action.result_kind, ("", None))
    said = seen.body.get(key)
    return bool(asked and said) and str(said).casefold() != str(asked).casefold()
