"""What the page of one mailbox shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access, addresses, endings, inflight, reading, roles, words
from portal.activity import present, timeline
from portal.http import submission
from portal.mailboxes import effects, fields
from provisioning.models import Action, Batch, Edition, Mailbox, Scheduled
from provisioning.operations import KNOWN_STATES, OPERATIONS, Operation, of_kind
from provisioning.services import mailboxes as services

UPDATE, UNLOCK = "mailbox.update", "mailbox.unlock"
# What more than a click or a reason is asked for, by the page that asks.
PAGES = {
    UPDATE: "mailboxes:edit",
    UNLOCK: "mailboxes:unlock",
    "mailbox.change_edition": "mailboxes:edition",
    "mailbox.delete": "mailboxes:delete",
}
_ICONS = {
    UPDATE: "edit",
    UNLOCK: "lock-open",
    "mailbox.provision": "rocket",
    "mailbox.suspend": "player-pause",
    "mailbox.activate": "player-play",
    "mailbox.close": "archive",
    "mailbox.change_edition": "packages",
    "mailbox.delete": "trash",
}
_IN_THE_MENU = frozenset({"mailbox.close", "mailbox.change_edition", "mailbox.delete"})
_MAY_STAND_IN_LINE = frozenset({UPDATE})  # asked for twice, each says something else


@dataclass(frozen=True)
class Shown:
    context: dict[str, Any]
    actions: list[Action]
    moving: bool


def bare_operations() -> dict[str, Operation]:
    """What a mailbox can simply be told to do, by the last part of its name: the bare actions of the table, but for
    those that have a page of their own."""
    return {
        row.name.partition(".")[2]: row for row in of_kind("mailbox") if row.wire and row.name not in PAGES
    }


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
        "more": [button for button in offered if button["menu"]],
        "failure": _failure(mailbox, own, offered),
        "effect": effects.of_provisioning(request, mailbox, offered),
        "open_rows": present.rows(action for action in own if action.is_open),
        "activity": present.rows(own[:10]),
        "stuck": mailbox.state == "pending" and not any(action.is_open for action in own),
        "meaning": words.LOCKED.meaning
        if mailbox.account_locked
        else words.object_word(mailbox.state, "mailbox").meaning,
        "sees": sees(request, mailbox),
        "unlock": next((button for button in offered if button["operation"] == UNLOCK), None),
        "locked_again": services.locked_again(mailbox) if mailbox.account_locked else None,
        **endings.of(request, mailbox),
        "others": other_fields(mailbox),
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
    """What the person may ask for in the mailbox's state; `post`: at a click; `menu`: not in the bar. `why_not`: under
    way already, or the state would allow it and something else forbids it."""
    offered = present.buttons(request, mailbox, _routes(mailbox))
    return [_dressed(button, own) for button in offered]


def menu(request: HttpRequest, mailbox: Mailbox, action: Action | None) -> list[dict[str, Any]]:
    """The same for a row of a list, told by its state alone: whatever the length of the list, nothing is looked up."""
    routes = _routes(mailbox)
    operations = [
        row for row in of_kind("mailbox") if row.name in routes and access.may(request, row, mailbox.ou)
    ]
    return [
        _dressed(
            {"operation": row.name, "label": row.label, "url": routes[row.name], "why_not": ""},
            [action] if action else [],
        )
        for row in operations
    ]


def set_for(request: HttpRequest, mailboxes: list[Mailbox]) -> dict[str, Scheduled]:
    """For the rows of a list: the deletion that is set for each, by GUID. One query."""
    guids = [mailbox.guid for mailbox in mailboxes]
    found = access.scheduled(request).filter(kind="mailbox", guid__in=guids, cancelled_at=None, batch=None)
    return {row.guid: row for row in found}


def icon_of(operation: Operation) -> str:
    """The icon beside the operation's word."""
    return _ICONS.get(operation.name, "send")


def _dressed(button: dict[str, Any], own: list[Action]) -> dict[str, Any]:
    name = button["operation"]
    operation = OPERATIONS[name]
    running = any(action.operation == name and action.is_open for action in own)
    if running and name not in _MAY_STAND_IN_LINE:
        button["why_not"] = f"{button['label']} is under way already."
    post = name not in PAGES and not is_asked_first(operation)
    return {
        **button,
        "post": post,
        # What is billed has its question first, where it is not told beside the button
        "at_once": post and not operation.billable,
        "icon": icon_of(operation),
        "menu": name in _IN_THE_MENU,
        "bad": operation.destructive,
        "billable": operation.billable,
    }


def _routes(mailbox: Mailbox) -> dict[str, str]:
    """The address of each operation that means anything in the mailbox's state."""
    bare = {row.name: name for name, row in bare_operations().items()}
    fitting = [row.name for row in of_kind("mailbox") if _fits(row, mailbox)]
    found = {}
    for name in fitting:
        if name in PAGES:
            found[name] = addresses.of(PAGES[name], mailbox.guid)
        elif name in bare:
            found[name] = addresses.of("mailboxes:do", mailbox.guid, bare[name])
    return found


def _fits(operation: Operation, mailbox: Mailbox) -> bool:
    """Whether it means anything in this state; of a state that no document names, SYNAQ decides. What a lock forbids
    is left to the banner to tell, as is the way out of it."""
    if mailbox.gone_at or (mailbox.account_locked != (operation.name == UNLOCK) and _minds_locks(operation)):
        return False
    states = operation.states_in(mailbox.connection.dialect)
    return states is None or mailbox.state not in KNOWN_STATES or mailbox.state in states


def _minds_locks(operation: Operation) -> bool:
    """A locked mailbox knows no action but Unlock, and none but a locked one knows that."""
    return bool(operation.wire)


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
    again = _again(mailbox, failed, button) if button else ""
    return {**timeline.failed(failed), "button": button, "url": again}


def _again(mailbox: Mailbox, failed: Action, button: dict[str, Any]) -> str:
    """Where it is asked for anew: the form as it was sent; of a locked one's password, the way out of the lock."""
    if failed.operation != UPDATE:
        return str(button["url"])
    route = PAGES[UNLOCK if mailbox.account_locked else UPDATE]
    return f"{reverse(route, args=[mailbox.guid])}?again={failed.pk}"


def other_fields(mailbox: Mailbox) -> list[tuple[str, str]]:
    """What else SYNAQ's answer shows that can be edited: (label, value)."""
    return [(shown.label, shown.told) for shown in fields.editable(mailbox) if shown.name not in fields.NAMES]


def batch_sent_already(request: HttpRequest) -> bool:
    """Whether the very form that is posted now has opened a batch before."""
    if request.method != "POST":
        return False
    return Batch.objects.filter(submission=submission(request), by=request.user.pk).exists()
