from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from portal import access, inflight, roles
from portal.access import policy
from portal.activity import present
from portal.bell import counts
from portal.http import live_page, riding_banner
from provisioning.models import Action

_MOST = 30
_KEPT = timedelta(days=30)


@policy(roles.SEE_ACTIVITY)
def mine(request: HttpRequest) -> HttpResponse:
    """What the person asked for: what is in flight, what went wrong, what ended. Opening it is having looked; the address
    keeps since when they had not, so that a reload shows the same."""
    since = _since(request)
    if since is None:
        before = counts.looked(access.viewer(request))
        _look(request)
        return HttpResponseRedirect(f"{reverse('bell:list')}?since={int(before.timestamp())}")
    if not request.htmx:  # type: ignore[attr-defined]
        _look(request)
    rows = (
        access.actions(request)
        .filter(by=access.viewer(request).pk)
        .select_related("by", "ou")
        .order_by("-id")
    )
    doing = list(rows.filter(state__in=Action.OPEN)[:_MOST])
    ended = list(rows.filter(_ended_after(timezone.now() - _KEPT)).order_by("-ended_at")[:_MOST])
    context = {
        "page_title": "My actions",
        "since": since,
        "doing": present.rows(doing),
        "failed": present.rows(
            row for row in ended if _is_new(row, since) and row.state == Action.State.FAILED
        ),
        "ended": present.rows(
            row for row in ended if _is_new(row, since) and row.state != Action.State.FAILED
        ),
        "before": present.rows(row for row in ended if not _is_new(row, since)),
    }
    shown = inflight.together(doing, ended, inflight.known_before(request))
    return live_page(request, "bell/list.html", "bell/_list.html", context, shown)


def _ended_after(moment: datetime) -> Q:
    return Q(ended_at__gt=moment)


def _is_new(action: Action, since: datetime) -> bool:
    return action.ended_at is not None and action.ended_at > since


def _since(request: HttpRequest) -> datetime | None:
    text = request.GET.get("since", "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    try:
        return datetime.fromtimestamp(int(text), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _look(request: HttpRequest) -> None:
    if access.acting_now(request):  # whoever looks as a customer has not looked for them
        return
    person: Any = request.user
    person.looked_at = timezone.now()
    person.save(update_fields=["looked_at"])


@policy(roles.SEE_ACTIVITY)
def count(request: HttpRequest) -> HttpResponse:
    """The bell, and the banner with it, for pages without a live part while something of the person's is in flight."""
    bell = counts.of(request)
    answer = render(request, "components/bell.html", {"bell": bell, "bell_asks": bool(bell and bell.moving)})
    answer.write(riding_banner(request))
    return answer
