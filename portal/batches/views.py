from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, filters, inflight, listing, roles
from portal.access import policy
from portal.activity import present
from portal.batches import progress
from portal.http import after_post, live_page
from portal.moment import of_one_moment
from provisioning.models import Batch
from provisioning.services import batches as services
from provisioning.services.common import Refused

_STATES = ("running", "stopped", "finished", "abandoned")
_MOST_SCHEDULED = 50


@policy(roles.SEE_ACTIVITY)
@of_one_moment
def batches(request: HttpRequest) -> HttpResponse:
    """The batches in scope, newest first, and above them the deletions that are set for a date."""
    state = request.GET.get("state", "")
    found = access.batches(request).select_related("by", "ou")
    if state in _STATES:
        found = found.filter(state=state)
    page = listing.page(request, found, "-id")
    context = {
        "page_title": "Batches",
        "page": page,
        "rows": progress.rows(page.rows),
        "scheduled": _scheduled(request),
        "tabs": _tabs(request, state),
        "state": state,
        "clear_url": reverse("batches:list"),
    }
    moving = any(row.state == Batch.State.RUNNING for row in page.rows)
    return live_page(request, "batches/list.html", "batches/_list.html", context, moving=moving)


def _scheduled(request: HttpRequest) -> list[dict[str, Any]]:
    """Deletions that wait for their date, the next one first."""
    waiting = Q(cancelled_at=None, batch=None)
    found = access.scheduled(request).filter(waiting).select_related("by", "ou").order_by("due_at", "id")
    return [
        {"scheduled": row, "url": present.page_of(row.kind, row.guid), "may": _may_end(request, row)}
        for row in found[:_MOST_SCHEDULED]
    ]


def _may_end(request: HttpRequest, row: Any) -> bool:
    return access.may_end(request, row.kind, row.ou)


def _tabs(request: HttpRequest, chosen: str) -> list[dict[str, Any]]:
    own = filters.without(request, "state")
    joint = "&" if "?" in own else "?"
    tabs = [{"label": "All", "url": own, "active": chosen not in _STATES}]
    return tabs + [
        {"label": name.capitalize(), "url": f"{own}{joint}state={name}", "active": name == chosen}
        for name in _STATES
    ]


def _get(request: HttpRequest, pk: int) -> Batch:
    found: Batch = get_object_or_404(
        access.batches(request).select_related("by", "resumed_by", "ou__connection"), pk=pk
    )
    return found


@policy(roles.SEE_ACTIVITY)
@of_one_moment
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch: how far it is, what failed, and its steps in their order."""
    row = _get(request, pk)
    shown = progress.of(row)
    context = {
        "page_title": row.title,
        "crumbs": [("Batches", reverse("batches:list"))],
        "batch": row,
        "may": progress.may_run(request, row),
        "again": row.goes_on and row.state == Batch.State.STOPPED and progress.may_try_again(row),
        "file_url": reverse("mailboxes:failed", args=[row.pk]) if progress.has_file(row) else "",
        "target_url": present.page_of(row.target_kind, row.target_guid),
        **shown.context,
    }
    actions = inflight.together(shown.actions, inflight.known_before(request))
    moving = row.state == Batch.State.RUNNING
    return live_page(request, "batches/detail.html", "batches/_detail.html", context, actions, moving=moving)


@policy(roles.SEE_ACTIVITY)
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a batch that stopped: what failed is asked for anew."""
    return _tell(request, pk, services.resume, "It goes on.")


@policy(roles.SEE_ACTIVITY)
@require_POST
def abandon(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave the rest of a batch undone. What has been done stays done."""
    return _tell(request, pk, services.abandon, "It was abandoned: the rest stays as it is.")


def _tell(request: HttpRequest, pk: int, service: Callable[..., Any], said: str) -> HttpResponse:
    row = _get(request, pk)
    if not progress.may_run(request, row):
        raise Http404
    home = reverse("batches:detail", args=[row.pk])
    try:
        service(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return after_post(request, home)
    return after_post(request, home, said)
