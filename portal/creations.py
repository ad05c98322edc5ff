"""Things that were asked for and do not exist yet: rows of the ledger, shown beside the rows of the mirror."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal import access
from provisioning.models import Action

_SHOWN_FOR = timedelta(days=1)
MOST = 20


def pending(request: HttpRequest, kind: str, /, **where: Any) -> list[Action]:
    """Creations of that kind which the person may see: open ones, and those that failed within a day and were not
    asked for again since. Newest first, at most 20. `where` narrows them: `ou=…`, or `kind=…, guid=…`."""
    asked = access.actions(request).filter(result_kind=kind, **where).select_related("by")
    open_ones = asked.filter(state__in=Action.OPEN).order_by("-id")[:MOST]
    found = [*open_ones, *_failed(asked)[:MOST]]
    return sorted(found, key=lambda action: -action.pk)[:MOST]


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


def open_by_guid(request: HttpRequest, kind: str, rows: list[Any]) -> dict[str, Action]:
    """For the rows of a list: the oldest open action on each, by GUID. One query."""
    guids = [row.guid for row in rows]
    found = access.actions(request).filter(kind=kind, guid__in=guids, result_kind="", state__in=Action.OPEN)
    return {action.guid: action for action in found.order_by("-id")}
