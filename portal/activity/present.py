"""Actions as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access
from portal.http import label
from provisioning.models import Action
from provisioning.operations import OPERATIONS, Operation, of_kind
from provisioning.services import activity

_PAGES = {
    "ou": "ous:detail",
    "package": "packages:detail",
    "domain": "domains:detail",
    "mailbox": "mailboxes:detail",
}
WAYS = {"ou": access.ous, "package": access.packages, "domain": access.domains, "mailbox": access.mailboxes}


def url_of(thing: Any) -> str:
    """The page of a thing of the mirror."""
    return reverse(_PAGES[thing.kind], args=[thing.guid])


def page_of(kind: str, guid: str) -> str:
    """The page of a thing of that kind."""
    return reverse(_PAGES[kind], args=[guid]) if kind in _PAGES and guid else ""


def target_url(action: Action) -> str:
    """The page of what the action made, or is on; "" while there is none."""
    if action.result_kind:
        done = action.result_guid and action.state == Action.State.FINISHED
        return reverse(_PAGES[action.result_kind], args=[action.result_guid]) if done else ""
    return reverse(_PAGES[action.kind], args=[action.guid])


def row(action: Action) -> dict[str, Any]:
    """One line for components/action_row.html."""
    return {
        "id": action.pk,
        "state": action.state,
        "label": label(action),
        "url": reverse("activity:detail", args=[action.pk]),
        "target": action.title,
        "target_url": target_url(action),
        "actor": str(action.by) if action.by else "The portal",
        "at": action.asked_at,
        "said": action.words if action.state in (Action.State.FAILED, Action.State.UNCONFIRMED) else "",
        "connection_id": action.connection_id,
        "note": action.words if action.is_open and action.state != Action.State.UNCONFIRMED else "",
    }


def may(request: HttpRequest, action: Action) -> bool:
    """Whether the person may do something about it: what they might have asked for themselves."""
    operation = OPERATIONS.get(action.operation)
    return operation is not None and access.may(request, operation, action.ou)


def rows(actions: Iterable[Action]) -> list[dict[str, Any]]:
    return [row(action) for action in actions]


def about(request: HttpRequest, thing: Any, most: int = 10) -> list[Action]:
    """The latest actions about a thing that the person may see."""
    seen = access.actions(request).filter(pk__in=activity.about(thing).values("pk"))
    return list(seen.select_related("by").order_by("-id")[:most])


def buttons(request: HttpRequest, thing: Any, routes: dict[str, str]) -> list[dict[str, Any]]:
    """What the person may ask for on a thing, from the operations table: those of `routes` (operation → address).

    Each is {operation, label, url, why_not, consequence, destructive}; `why_not` is the reason why it is disabled.
    """
    offered = [operation for operation in of_kind(thing.kind) if operation.name in routes]
    ou = thing if thing.kind == "ou" else thing.ou
    allowed = [operation for operation in offered if access.may(request, operation, ou)]
    return [_button(operation, thing, routes[operation.name]) for operation in allowed]


def _button(operation: Operation, thing: Any, url: str) -> dict[str, Any]:
    return {
        "operation": operation.name,
        "label": operation.label,
        "url": url,
        "why_not": operation.why_not(thing, thing.connection.dialect),
        "consequence": operation.consequence,
        "destructive": operation.destructive,
    }
