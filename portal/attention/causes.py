"""What needs a person: one cause a section, with its number, its first rows, and the one next step of each.

Every question is answered from an index of few rows (actions that failed lately, actions that are open, objects in the few
states that mean trouble), so that the page costs the same at 100,000 mailboxes as at ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from portal import access, staging
from portal.activity import present
from portal.http import label
from provisioning.models import Action, Batch, Connection, Domain
from provisioning.operations import OPERATIONS
from provisioning.services import mailboxes, timing
from provisioning.services.customers import KIND as NEW_CUSTOMER

MOST = 8
FAILED_FOR = timedelta(days=14)
PENDING_FOR = timedelta(minutes=5)
_MOST_KINDS = 20


@dataclass(frozen=True)
class Line:
    """One thing that needs a person."""

    title: str
    url: str
    step: str
    step_url: str
    what: str = ""
    said: str = ""
    about: str = ""
    state: str = ""
    noun: str = ""
    at: datetime | None = None
    connection_id: int | None = None


@dataclass(frozen=True)
class Cause:
    """Why they need one. `more_url` leads to all of them, where the section does not show all."""

    name: str
    title: str
    meaning: str
    tone: str
    count: int
    lines: list[Line]
    more_url: str = ""


def found(request: HttpRequest, stuck: Q) -> list[Cause]:
    """The causes that have something, the most urgent first. `stuck`: from `is_stuck`."""
    causes = [
        _unconfirmed(request),
        _failed(request),
        _stopped(request),
        _stuck(request, stuck),
        _locked(request),
        *_objects(request),
    ]
    return [cause for cause in causes if cause.count]


def _cause(
    facts: tuple[str, str, str, str], rows: QuerySet[Any], line: Callable[[Any], Line], more_url: str = ""
) -> Cause:
    """`facts`: name, title, meaning, tone. Counted only where the rows are more than are shown."""
    shown = list(rows[: MOST + 1])
    count = len(shown) if len(shown) <= MOST else rows.order_by().count()
    name, title, meaning, tone = facts
    lines = [replace(line(row), connection_id=staging.connection_of(row)) for row in shown[:MOST]]
    return Cause(name, title, meaning, tone, count, lines, more_url if count > MOST else "")


def _action(action: Action, step: str) -> Line:
    url = reverse("activity:detail", args=[action.pk])
    return Line(
        title=action.title,
        url=present.target_url(action) or url,
        what=label(action),
        said=action.words,
        about=action.ou.title,
        step=step,
        step_url=url,
        at=action.ended_at or action.asked_at,
    )


def _actions(request: HttpRequest) -> QuerySet[Action]:
    return access.actions(request).select_related("ou", "by").order_by("-id")


def _unconfirmed(request: HttpRequest) -> Cause:
    return _cause(
        (
            "unconfirmed",
            "Unconfirmed",
            "Sent, and the answer was lost: it may have happened. Nothing else is sent to these until somebody says.",
            "warn",
        ),
        _actions(request).filter(state=Action.State.UNCONFIRMED),
        lambda action: _action(action, "Settle it"),
        f"{reverse('activity:list')}?state=unconfirmed",
    )


def _failed(request: HttpRequest) -> Cause:
    since = timezone.now() - FAILED_FOR
    later = Action.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        guid=OuterRef("guid"),
        lock_key=OuterRef("lock_key"),
        pk__gt=OuterRef("pk"),
    ).exclude(state=Action.State.CANCELLED)
    rows = _actions(request).filter(~Exists(later), state=Action.State.FAILED, ended_at__gte=since)
    rows = rows.filter(
        Q(batch=None) | Q(batch__kind=NEW_CUSTOMER)
    )  # what stopped another batch is shown as that
    return _cause(
        (
            "failed",
            "Failed",
            "Not done in the last two weeks, and nothing was asked for on the same thing since.",
            "bad",
        ),
        rows,
        lambda action: _action(action, "Mend and submit again"),
        f"{reverse('activity:list')}?state=failed",
    )


def _stopped(request: HttpRequest) -> Cause:
    def line(batch: Batch) -> Line:
        url = reverse("batches:detail", args=[batch.pk])
        about = batch.ou.title
        step = "Try again, or leave them" if batch.goes_on else "Resume or abandon"
        return Line(batch.title, url, step, url, said=batch.words, about=about, at=batch.asked_at)

    rows = access.batches(request).filter(state=Batch.State.STOPPED).exclude(kind=NEW_CUSTOMER)
    return _cause(
        (
            "stopped",
            "Stopped batches",
            "A step failed. Somebody has to say whether it goes on.",
            "bad",
        ),
        rows.select_related("ou").order_by("-id"),
        line,
        f"{reverse('batches:list')}?state=stopped",
    )


def _stuck(request: HttpRequest, stuck: Q) -> Cause:
    return _cause(
        (
            "stuck",
            "Stuck",
            "SYNAQ has been at these for longer than is usual. If it lasts, give their support what the action’s page says.",
            "warn",
        ),
        _actions(request).filter(stuck),
        lambda action: _action(action, "See where it hangs"),
        f"{reverse('activity:list')}?state=open&sort=asked",
    )


def is_stuck(request: HttpRequest) -> Q:
    """Actions that SYNAQ has been at for longer than its kind usually takes here; see `timing.stuck_after`."""
    now = timezone.now()
    old = Q(state=Action.State.WAITING, sent_at__lt=now - timedelta(seconds=timing.STUCK))
    kinds = access.actions(request).filter(old).order_by().values_list("operation", "connection").distinct()
    pairs = list(kinds[:_MOST_KINDS])
    connections = Connection.objects.in_bulk({pk for _, pk in pairs}) if pairs else {}
    where = Q(pk__in=[])
    for operation, pk in pairs:
        after = timedelta(seconds=timing.stuck_after(timing.usual(operation, connections[pk])))
        where |= old & Q(operation=operation, connection=pk, sent_at__lt=now - after)
    return where


def _locked(request: HttpRequest) -> Cause:
    rows = access.mailboxes(request).filter(account_locked=True, gone_at=None).select_related("ou")
    ordered = rows.order_by("email", "id")
    again = mailboxes.unlocks_before(ordered[:MOST])

    def line(mailbox: Any) -> Line:
        url = present.url_of(mailbox)
        said = mailbox.lock_reason or mailbox.lock_reason_code
        may = access.may(request, OPERATIONS["mailbox.unlock"], mailbox.ou)
        step = "New password and Unlock" if may else "Open"
        way = reverse("mailboxes:unlock", args=[mailbox.guid]) if may else url
        what = "locked again since it was unlocked" if mailbox.guid in again else ""
        return Line(mailbox.email, url, step, way, what, said, mailbox.ou.title, at=mailbox.as_at)

    return _cause(
        (
            "locked",
            "Locked mailboxes",
            "SYNAQ locked them against abuse. Only Unlock with a new password brings them back.",
            "bad",
        ),
        ordered,
        line,
        f"{reverse('mailboxes:list')}?locked=1",
    )


_TROUBLE = {
    "error": ("bad", "In error", "SYNAQ reports an error on one of their services.", "See what SYNAQ says"),
    "failed": (
        "bad",
        "Failed at SYNAQ",
        "SYNAQ could not complete the last change.",
        "Mend and submit again",
    ),
    "orphaned": ("bad", "Orphaned", "Only SYNAQ’s support can mend these.", "Copy for SYNAQ’s support"),
    "stale": (
        "warn",
        "Stale",
        "Changed since they were last provisioned, and not in effect yet.",
        "See what it is",
    ),
    "pending": (
        "warn",
        "Pending at SYNAQ, with nothing under way here",
        "A known fault on SYNAQ’s side if it lasts for more than a few minutes.",
        "Copy for SYNAQ’s support",
    ),
}
_LISTS = {"package": "packages:list", "domain": "domains:list", "mailbox": "mailboxes:list"}
_PLURALS = {"package": "packages", "domain": "domains", "mailbox": "mailboxes"}


def _objects(request: HttpRequest) -> Iterable[Cause]:
    """Objects whose own state says that something is wrong, by state and kind."""
    kinds = {
        "domain": access.domains(request),
        "package": access.packages(request),
        "mailbox": access.mailboxes(request),
    }
    present_in = {kind: _states_of(things) for kind, things in kinds.items()}
    for state in _TROUBLE:
        for kind, things in kinds.items():
            if state in present_in[kind]:
                yield _in_state(request, state, kind, things)


def _states_of(things: QuerySet[Any]) -> set[str]:
    """Which of the states that mean trouble occur at all: mostly none, and then nothing more is asked."""
    rows = things.filter(state__in=_TROUBLE, gone_at=None).order_by()
    return set(rows.values_list("state", flat=True).distinct())


def _in_state(request: HttpRequest, state: str, kind: str, things: QuerySet[Any]) -> Cause:
    tone, title, meaning, step = _TROUBLE[state]
    rows = things.filter(state=state, gone_at=None).select_related("ou", "connection").order_by("id")
    if state == "pending":
        rows = rows.filter(~Exists(_lately(kind)))

    def line(thing: Any) -> Line:
        url = present.url_of(thing)
        verb, way = _apply(request, thing) if (kind, state) == ("domain", "stale") else ("", "")
        return Line(
            str(thing),
            url,
            verb or step,
            way or url,
            about=thing.ou.title,
            state=state,
            noun=kind,
            at=thing.as_at,
        )

    more_url = f"{reverse(_LISTS[kind])}?state={state}"
    return _cause((f"{state}-{kind}", f"{title}: {_PLURALS[kind]}", meaning, tone), rows, line, more_url)


def _apply(request: HttpRequest, domain: Domain) -> tuple[str, str]:
    """The step that ends a domain's being stale, and where it is asked for; ("", "") for who may not."""
    operation = OPERATIONS["domain.refresh"]
    offered = domain.connection.dialect in operation.dialects and access.may(request, operation, domain.ou)
    return (operation.label, reverse("domains:do", args=[domain.guid, "refresh"])) if offered else ("", "")


def _lately(kind: str) -> QuerySet[Action]:
    """Actions on the thing that are open, or ended so lately that its state may not be read yet."""
    lately = Q(state__in=Action.OPEN) | Q(ended_at__gte=timezone.now() - PENDING_FOR)
    return Action.objects.filter(
        Q(kind=kind, guid=OuterRef("guid")) | Q(result_kind=kind, result_guid=OuterRef("guid"))
    ).filter(lately)


def in_flight(request: HttpRequest, stuck: Q) -> tuple[list[Action], int]:
    """The newest actions that are under way and not stuck, and how many there are."""
    states = (Action.State.QUEUED, Action.State.SENDING, Action.State.WAITING)
    rows = _actions(request).filter(state__in=states).exclude(stuck)
    shown = list(rows[: MOST + 1])
    return shown[:MOST], len(shown) if len(shown) <= MOST else rows.order_by().count()
