"""Which mailboxes were chosen together, and which of them can be told to do something."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from portal import access, roles
from portal.listing import Page
from portal.mailboxes import finder, overview
from provisioning.models import OU, Action, Mailbox
from provisioning.operations import OPERATIONS, Operation

MOST = 5_000  # at once
_NAMED = 5  # of those that are left out for the same reason

# What needs no form of its own, by the last part of its name.
VERBS = {**overview.bare_operations(), "delete": OPERATIONS["mailbox.delete"]}


@dataclass(frozen=True)
class Chosen:
    """The mailboxes that were ticked, or all that match; `too_many` when that is more than can be done at once."""

    mailboxes: list[Mailbox]
    everything: bool
    too_many: bool = False


@dataclass
class LeftOut:
    """Those that cannot be told, for one reason."""

    why: str
    count: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.named)


@dataclass(frozen=True)
class Verdict:
    going: list[Mailbox]
    left_out: list[LeftOut]

    @property
    def mark(self) -> str:
        """Which ones would go, in short: so that what is done is what was looked at."""
        guids = "\n".join(sorted(mailbox.guid for mailbox in self.going))
        return hashlib.sha256(guids.encode()).hexdigest()[:24]


def verbs(request: HttpRequest) -> list[dict[str, Any]]:
    """For the bar above the list: what the person may ask for somewhere."""
    held = access.grants(request)
    offered = [
        (name, row)
        for name, row in VERBS.items()
        if held.has(row.permission) and (not row.billable or held.has(roles.BILLABLE))
    ]
    return [
        {"name": name, "label": row.label, "icon": overview.icon_of(row), "bad": row.destructive}
        for name, row in offered
    ]


def take_ticked(request: HttpRequest) -> bool:
    """Whether the address asks for all rows of the page to be ticked; no link of the page repeats it."""
    if "tick" not in request.GET:
        return False
    query = request.GET.copy()
    query.pop("tick")
    request.GET = query  # type: ignore[assignment]
    return True


def bar(request: HttpRequest, found: QuerySet[Mailbox], page: Page) -> dict[str, Any]:
    """For the boxes of the rows: `selectable`; and, but for the part that moves, for mailboxes/_selection.html: `bar`.
    What matches is counted no further than what can be done at once."""
    offered, shown = verbs(request), len(page.rows)
    if not offered or not shown or request.htmx:  # type: ignore[attr-defined]
        return {"selectable": bool(offered and shown)}
    total = found.order_by()[: MOST + 1].count()
    about = {"verbs": offered, "shown": shown, "total": total, "most": MOST, "too_many": total > MOST}
    ways = {"query": request.GET.urlencode(), "tick_url": _with_tick(request)}
    return {"selectable": True, "bar": about | ways}


def _with_tick(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["tick"] = "page"
    return f"{request.path}?{query.urlencode()}"


def chosen(request: HttpRequest) -> Chosen:
    """What the form and the filters of the address say, within scope. One query, whatever its length."""
    everything = request.POST.get("all") == "1"
    if everything:
        rows = finder.found(request, finder.wanted(request))
    else:
        guids = [guid for guid in request.POST.getlist("guid") if "\x00" not in guid]
        rows = access.mailboxes(request).filter(guid__in=guids)
    found = list(rows.select_related("ou", "domain", "connection").order_by("email", "id")[: MOST + 1])
    return Chosen(found[:MOST], everything, len(found) > MOST)


def judge(request: HttpRequest, operation: Operation, mailboxes: list[Mailbox]) -> Verdict:
    """Who would go, and who cannot and why. What is asked of the database does not grow with their number."""
    going: list[Mailbox] = []
    left_out: dict[str, LeftOut] = {}
    reason = _Reasons(request, operation, mailboxes)
    for mailbox in mailboxes:
        why = reason.of(mailbox)
        if not why:
            going.append(mailbox)
            continue
        entry = left_out.setdefault(why, LeftOut(why))
        entry.count += 1
        if len(entry.named) < _NAMED:
            entry.named.append(mailbox.email)
    return Verdict(going, sorted(left_out.values(), key=lambda entry: -entry.count))


class _Reasons:
    """Why the operation is not possible on one of many. The table is asked once for all that are alike to it: what it
    looks at is a mailbox's state, its lock and its domain."""

    def __init__(self, request: HttpRequest, operation: Operation, mailboxes: list[Mailbox]) -> None:
        self.request, self.operation = request, operation
        self.under_way = _under_way(operation, mailboxes)
        self.said: dict[tuple[Any, ...], str] = {}

    def of(self, mailbox: Mailbox) -> str:
        if not access.may(self.request, self.operation, mailbox.ou):
            return "You may not ask for that there."
        if (mailbox.connection_id, mailbox.guid) in self.under_way:
            return f"{self.operation.label} is under way already."
        alike = (
            mailbox.domain_id,
            mailbox.connection_id,
            mailbox.state,
            mailbox.account_locked,
            bool(mailbox.gone_at),
        )
        if alike not in self.said:
            self.said[alike] = self.operation.why_not(mailbox, mailbox.connection.dialect)
        return self.said[alike]


def _under_way(operation: Operation, mailboxes: list[Mailbox]) -> set[tuple[int, str]]:
    guids = [mailbox.guid for mailbox in mailboxes]
    rows = Action.objects.filter(
        kind="mailbox", guid__in=guids, operation=operation.name, state__in=Action.OPEN
    )
    return set(rows.values_list("connection_id", "guid"))


def groups(request: HttpRequest, operation: Operation, things: Iterable[tuple[OU, Any]]) -> list[list[Any]]:
    """The things by where the person's right to the operation begins: the batch of each group lies where they see it."""
    found: dict[str, list[Any]] = {}
    for ou, thing in things:
        found.setdefault(_right_begins(request, operation, ou), []).append(thing)
    return [found[path] for path in sorted(found)]


def _right_begins(request: HttpRequest, operation: Operation, ou: OU) -> str:
    """The path of the highest OU, on the way up from this one, on which they may ask for it."""
    held = access.grants(request)
    needed = [operation.permission, *([roles.BILLABLE] if operation.billable else [])]
    highest = (
        min((path for path in held.paths(name) if ou.path.startswith(path)), key=len) for name in needed
    )
    return max(highest, key=len)
