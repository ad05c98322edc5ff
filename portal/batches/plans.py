"""What removing a thing takes, as its page shows it; and whether it can be closed first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format

from portal import access, words
from portal.activity import present
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS, Operation
from provisioning.services import domains, mailboxes, packages
from provisioning.services import teardown as services
from provisioning.services.teardown import Plan, Rank

_SHOWN = 10  # things of one rank that are named; the rest is counted
_CLOSES: dict[str, Callable[..., Action]] = {
    "mailbox": mailboxes.change_state,
    "domain": domains.change_state,
    "package": packages.change_state,
}


@dataclass(frozen=True)
class Closing:
    """How the thing is closed; `why_not`: why it cannot be now."""

    operation: Operation
    service: Callable[..., Action]
    consequence: str
    why_not: str


def of(request: HttpRequest, thing: Any) -> dict[str, Any]:
    """For batches/_plan.html and the choice above it: `plan`, `ranks`, `counted` (in words), `closing`."""
    plan = services.plan(thing)
    return {
        "plan": plan,
        "ranks": [_rank(number, rank) for number, rank in enumerate(plan.ranks, 1)],
        "counted": counted(plan),
        "closing": closing(thing),
    }


def closing(thing: Any) -> Closing | None:
    """None where the API knows no closing: of a company."""
    service = _CLOSES.get(thing.kind)
    if service is None:
        return None
    operation = OPERATIONS[f"{thing.kind}.close"]
    why_not = operation.why_not(thing, thing.connection.dialect)
    return Closing(operation, service, operation.consequence_for(thing), why_not)


def may_close(request: HttpRequest, thing: Any) -> bool:
    """Whether the person may ask for the closing."""
    return access.may(request, OPERATIONS[f"{thing.kind}.close"], thing.ou)


def counted(plan: Plan) -> str:
    """`3 mailboxes, 1 domain and 1 package`."""
    parts = [words.counted(count, words.noun(kind)) for kind, count in plan.counts.items()]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _rank(number: int, rank: Rank) -> dict[str, Any]:
    shown = rank.steps[:_SHOWN]
    return {
        "number": number,
        "title": f"{rank.label}: {words.counted(rank.count, words.noun(rank.kind))}",
        "things": [{"title": step.title, "url": present.page_of(step.kind, step.guid)} for step in shown],
        "more": rank.count - len(shown),
    }


def name_of(thing: Any) -> str:
    """What is typed to go on: the thing's name; without one, its GUID."""
    return str(thing).strip() or str(thing.guid)


def crumbs(request: HttpRequest, thing: Any) -> list[tuple[str, str]]:
    """The company that it belongs to, for those who may open that."""
    if isinstance(thing, OU):
        return [("Companies", reverse("ous:list"))]
    if not access.ous(request).filter(pk=thing.ou_id).exists():
        return []
    return [("Companies", reverse("ous:list")), (thing.ou.title, reverse("ous:detail", args=[thing.ou.guid]))]


def day(moment: datetime) -> str:
    """`23 December 2026`."""
    return date_format(timezone.localtime(moment), "j F Y")
