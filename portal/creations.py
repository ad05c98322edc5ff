"""Things that were asked for and do not exist yet: rows of the ledger, shown beside the rows of the mirror."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal import access
from provisioning.models import Action

_SHOWN_FOR = timedelta(days=1)
MOST = 20


def pending(request: HttpRequest, *kinds: str, **where: Any) -> list[Action]:
    """Creations of these kinds which the person may see: open ones, and those that failed within a day and were not
    asked for again since. Newest first, at most 20 for each kind. `where` narrows them: `ou=…`, or `kind=…, guid=…`."""
    most = MOST * len(kinds)
    asked = access.actions(request).filter(result_kind__in=kinds, **where).select_related("by")
    open_ones = asked.filter(state__in=Action.OPEN).order_by("-id")[:most]
    found = [*open_ones, *_failed(asked)[:most]]
    return sorted(found, key=lambda action: -action.pk)[:most]


def _failed(asked: QuerySet[Action]) -> QuerySet[Action]:
    later = Action.objects.filter(
        connection=OuterRef("connection"),
        kind=OuterRef("kind"),
        guid=OuterRef("guid"),
        pk__gt=OuterRef("pk"),
        lock_key=OuterRef("lock_key"),
    )
    recent = asked.filter(
        state=Action.State.FAILED, result_guid="", ended_at__gte=timezone.now() - _SHOWN_FOR
    )
    return recent.filter(~Exists(later)).order_by("-id")


def open_by_guid(request: HttpRequest, things: Iterable[Any]) -> dict[str, Action]:
    """The oldest open action on each of these things of the mirror, by GUID. One query."""
    named = {(thing.kind, thing.guid) for thing in things}
    seen = access.actions(request).filter(
        kind__in={kind for kind, _ in named}, guid__in={guid for _, guid in named}
    )
    found = seen.filter(result_kind="", state__in=Action.OPEN).order_by("-id")
    return {action.guid: action for action in found if (action.kind, action.guid) in named}
