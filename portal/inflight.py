"""What pages of one thing ask of the ledger: what is open on it, what failed last, what was sent already."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from portal import access
from provisioning.models import Action
from provisioning.services.ous import want_reading

OLD = timedelta(seconds=60)
_DOUBLE_CLICK = timedelta(seconds=10)
_MOST = 20


def on(request: HttpRequest, thing: Any) -> list[Action]:
    """Actions on the thing itself and the one that made it, newest first; not those that make something under it."""
    mine = Q(kind=thing.kind, guid=thing.guid, result_kind="")
    made = Q(result_kind=thing.kind, result_guid=thing.guid)
    seen = access.actions(request).filter(mine | made, connection=thing.connection_id)
    return list(seen.select_related("by").order_by("-id")[:_MOST])


def latest_failure(actions: Iterable[Action]) -> Action | None:
    """The newest of them (newest first, cancelled ones apart), if it is one that failed."""
    newest = next((action for action in actions if action.state != Action.State.CANCELLED), None)
    return newest if newest and newest.state == Action.State.FAILED else None


def known_before(request: HttpRequest) -> list[Action]:
    """What the live fragment knew as open when it asked: so that the end of each is announced."""
    pks = [int(pk) for pk in request.GET.get("open", "").split(",") if _is_pk(pk)]
    return list(access.actions(request).filter(pk__in=pks[:100])) if pks else []


def together(*groups: Iterable[Action]) -> list[Action]:
    """Each action once."""
    return list({action.pk: action for group in groups for action in group}.values())


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: also a POST that holds nothing is one."""
    return request.POST if request.method == "POST" else None


def sent_already(request: HttpRequest) -> Action | None:
    """What the very form that is posted now has asked for before: sent twice, it asks once.

    Somebody who went back and changed what they had typed is told that nothing more was asked for.
    """
    if request.method != "POST":
        return None
    try:
        mark = uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None
    sent = access.actions(request).filter(submission=mark, by=request.user.pk).first()
    if sent is not None and timezone.now() - sent.asked_at > _DOUBLE_CLICK:
        messages.warning(
            request,
            "That form had been sent before, and asked for this. Nothing more was asked for: "
            "to change something, open the form anew.",
        )
    return sent


def to_mend(request: HttpRequest, *operations: str, **where: Any) -> Action | None:
    """The failed action that `?again=` names, for its form to be filled in as it was sent."""
    pk = request.GET.get("again", "")
    if not _is_pk(pk):
        return None
    failed = access.actions(request).filter(operation__in=operations, state=Action.State.FAILED, **where)
    return failed.filter(pk=int(pk)).first()


def _is_pk(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def freshen(request: HttpRequest, thing: Any) -> None:
    """Have it read anew when a page of it is opened and what the mirror holds is older than a minute."""
    opened = request.method == "GET" and not request.htmx  # type: ignore[attr-defined]
    if opened and not thing.gone_at and timezone.now() - thing.as_at > OLD:
        want_reading(thing)
