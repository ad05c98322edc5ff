"""What the page of one mailbox shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access, inflight, reading, roles, words
from portal.activity import present
from provisioning.models import Action, Edition, Mailbox
from provisioning.operations import KNOWN_STATES, OPERATIONS, Operation, of_kind

_ICONS = {"mailbox.provision": "rocket", "mailbox.suspend": "player-pause", "mailbox.activate": "player-play"}


@dataclass(frozen=True)
class Shown:
    context: dict[str, Any]
    actions: list[Action]
    moving: bool


def bare_operations() -> dict[str, Operation]:
    """What a mailbox can simply be told to do, by the last part of its name: the bare actions of the table."""
    return {row.name.partition(".")[2]: row for row in of_kind("mailbox") if row.wire}


def is_asked_first(operation: Operation) -> bool:
    """Whether a question comes before it. What only brings a mailbox into service is done at a click."""
    return "active" not in operation.effect or operation.destructive


def of(request: HttpRequest, mailbox: Mailbox) -> Shown:
    """Everything for mailboxes/_detail.html, and the actions that it shows."""
    own = inflight.on(request, mailbox)
    offered = buttons(request, mailbox, own)
    context = {
        "mailbox": mailbox,
        "name": " ".join(filter(None, (mailbox.first_name, mailbox.last_name))),
        "edition": _edition(mailbox),
        "buttons": offered,
        "failure": _failure(mailbox, own, offered),
        "open_rows": present.rows(action for action in own if action.is_open),
        "activity": present.rows(own[:10]),
        "stuck": mailbox.state == "pending" and not any(action.is_open for action in own),
        "meaning": words.LOCKED.meaning
        if mailbox.account_locked
        else words.object_word(mailbox.state, "mailbox").meaning,
        "sees": sees(request, mailbox),
        "refresh_url": reverse("mailboxes:refresh", args=[mailbox.guid]),
        **reading.state(mailbox),
    }
    shown = inflight.together(own, inflight.known_before(request))
    return Shown(context, shown, bool(context["reading_due"]))


def sees(request: HttpRequest, mailbox: Mailbox) -> dict[str, bool]:
    """Which of the pages above the mailbox the person may open."""
    held = access.grants(request)
    return {
        "ous": held.has_on(roles.SEE_OUS, mailbox.ou),
        "domains": held.has_on(roles.SEE_DOMAINS, mailbox.ou),
    }


def buttons(request: HttpRequest, mailbox: Mailbox, own: list[Action]) -> list[dict[str, Any]]:
    """What the person may ask for in the mailbox's state; `post`: at a click. `why_not`: under way already, or the
    state would allow it and something else forbids it."""
    fitting = {name: row for name, row in bare_operations().items() if _fits(row, mailbox)}
    routes = {row.name: reverse("mailboxes:do", args=[mailbox.guid, name]) for name, row in fitting.items()}
    running = {action.operation for action in own if action.is_open}
    offered = present.buttons(request, mailbox, routes)
    for button in offered:
        operation = OPERATIONS[button["operation"]]
        button["post"] = not is_asked_first(operation)
        button["icon"] = _ICONS.get(operation.name, "send")
        if button["operation"] in running:
            button["why_not"] = f"{button['label']} is under way already."
    return offered


def _fits(operation: Operation, mailbox: Mailbox) -> bool:
    """Whether it means anything in this state; of a state that no document names, SYNAQ decides."""
    states = operation.states_in(mailbox.connection.dialect)
    known = mailbox.state in KNOWN_STATES and states is not None
    return not mailbox.gone_at and (not known or mailbox.state in (states or ()))


def _edition(mailbox: Mailbox) -> Edition | None:
    """The mailbox's edition as its package names it."""
    known = Edition.objects.filter(code=mailbox.edition_code, package__links__domain=mailbox.domain_id)
    return known.first() if mailbox.edition_code else None


def _failure(mailbox: Mailbox, own: list[Action], offered: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The latest action, if it failed, with the way to ask again; None once it does not matter any more."""
    failed = inflight.latest_failure(own)
    if failed is None:
        return None
    name = "mailbox.provision" if failed.result_kind else failed.operation
    if name not in OPERATIONS or OPERATIONS[name].why_not(mailbox, mailbox.connection.dialect):
        return None
    button = next((button for button in offered if button["operation"] == name), None)
    lines = [
        f"{line['field']}: {line['message']}" if line["field"] else line["message"] for line in failed.errors
    ]
    return {
        "row": present.row(failed),
        "words": "" if lines else failed.words,
        "lines": lines,
        "button": button,
    }
