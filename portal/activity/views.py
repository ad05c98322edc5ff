from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, inflight, roles
from portal.access import policy
from portal.activity import finder, present, settling, timeline, waiting
from portal.http import after_post, live_page, submission
from portal.moment import of_one_moment
from provisioning.models import Action
from provisioning.operations import OPERATIONS, TABLE
from provisioning.services import activity
from provisioning.services.common import Refused


@policy(roles.SEE_ACTIVITY)
@of_one_moment
def actions(request: HttpRequest) -> HttpResponseBase:
    """The ledger, newest first, within scope."""
    asked, table = finder.wanted(request), finder.table(request)
    found = finder.found(request, asked)
    if table.wanted_file:
        return table.file(found, list)
    page = table.page(found)
    context = {
        "page_title": "Activity",
        "table": table,
        "page": page,
        "rows": present.rows(page.rows),
        "filters": finder.tabs(request, asked),
        "chips": finder.chips(request, asked),
        "clear_url": reverse("activity:list"),
        "wanted": asked,
        "operations": TABLE,
        "ages": {name: row[0] for name, row in finder.AGES.items()},
    }
    shown = inflight.together(page.rows, inflight.known_before(request))
    return live_page(request, "activity/list.html", "activity/_list.html", context, shown)


def _get(request: HttpRequest, pk: int) -> Action:
    action: Action = get_object_or_404(
        access.actions(request).select_related("by", "ou", "connection", "batch__by", "batch__resumed_by"),
        pk=pk,
    )
    return action


@policy(roles.SEE_ACTIVITY)
@of_one_moment
def action(request: HttpRequest, pk: int) -> HttpResponse:
    """One action, from the click to the wire."""
    row = _get(request, pk)
    events = list(row.events.select_related("by"))
    may = present.may(request, row)
    doubted = row.state == Action.State.UNCONFIRMED
    look = activity.last_looks([row]).get(row.pk) if doubted else None
    ended_well = row.state == Action.State.FINISHED
    made = activity.result_of(row) if ended_well and row.result_kind and row.result_guid else None
    context = {
        "page_title": f"{present.row(row)['label']}: {row.title}",
        "pretitle": f"Action {row.pk}",
        "crumbs": [("Activity", reverse("activity:list"))],
        "action": row,
        "row": present.row(row),
        "ou_url": reverse("ous:detail", args=[row.ou.guid])
        if access.grants(request).has_on(roles.SEE_OUS, row.ou)
        else "",
        "steps": timeline.steps(row, events),
        "meaning": timeline.plain_meaning(row),
        "says": timeline.who_says(row),
        "state_meaning": timeline.state_meaning(row),
        "others": settling.others(request, row) if may and doubted else 0,
        "last_look": timeline.look(look) if look else None,
        "error_lines": timeline.error_lines(row),
        "next": timeline.next_step(row, timeline.flow_url(request, row)) if may else None,
        "support_text": timeline.for_support(row, events),
        "submission": uuid.uuid5(uuid.NAMESPACE_URL, f"again:{row.pk}"),
        "waiting": waiting.of(request, row),
        "batch_url": timeline.batch_url(request, row),
        "trail_url": timeline.trail_url(request, row),
        "may": may,
        "made": made,
        "operation": OPERATIONS.get(row.operation),
    }
    return live_page(request, "activity/detail.html", "activity/_detail.html", context, [row])


def _act(request: HttpRequest, pk: int) -> Action:
    row = _get(request, pk)
    if not present.may(request, row):
        raise Http404
    return row


@policy(roles.SEE_ACTIVITY)
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once more for what failed or was cancelled."""
    row = _act(request, pk)
    try:
        new = activity.submit_again(row, by=request.user, submission=submission(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return after_post(request, reverse("activity:detail", args=[row.pk]))
    return after_post(request, reverse("activity:detail", args=[new.pk]))


@policy(roles.SEE_ACTIVITY)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was not sent yet."""
    row = _act(request, pk)
    try:
        activity.cancel(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return after_post(request, reverse("activity:detail", args=[row.pk]))


@policy(roles.SEE_ACTIVITY)
@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """A person says what became of a request whose answer was lost."""
    row = _act(request, pk)
    try:
        if request.POST.get("applied") == "yes":
            activity.settle_applied(row, request.POST.get("guid", ""), by=request.user)
        else:
            activity.settle_not_applied(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return after_post(request, reverse("activity:detail", args=[row.pk]))
