"""Many at once of which nobody knows whether they happened: one look at SYNAQ may tell of all of them."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, roles
from portal.access import policy
from portal.activity import present, timeline
from portal.http import after_post
from portal.words import counted
from provisioning.models import Action
from provisioning.services import activity
from provisioning.services.common import Refused

MOST = 50  # on one page
LOOKED_THROUGH = 1000


def others(request: HttpRequest, action: Action) -> int:
    """How many more wait for a person, up to what one page shows."""
    return sum(row.pk != action.pk for row in _waiting(request))


@policy(roles.SEE_ACTIVITY)
def several(request: HttpRequest) -> HttpResponse:
    """Those that wait for a person, oldest first, and one answer for all that are ticked."""
    rows = _waiting(request)
    if request.method == "POST":
        wanted = set(request.POST.getlist("action"))
        found = [row for row in rows if str(row.pk) in wanted]
        if wanted and not found:
            messages.info(request, "They have been settled already.")
        else:
            _settle(request, found)
        return after_post(request, reverse("activity:settle_several"))
    looks = {pk: timeline.look(event) for pk, event in activity.last_looks(rows).items()}
    context = {
        "page_title": "Did these happen?",
        "crumbs": [("Activity", reverse("activity:list"))],
        "rows": [
            present.row(row) | {"ou": row.ou, "makes": row.result_kind, "look": looks.get(row.pk)}
            for row in rows
        ],
        "ticked": request.GET.get("tick") == "all",
        "full": len(rows) == MOST,
    }
    return render(request, "activity/settle_several.html", context)


def _waiting(request: HttpRequest) -> list[Action]:
    """Those that the person may settle."""
    found = access.actions(request).filter(state=Action.State.UNCONFIRMED, next_at=None)
    rows = found.select_related("by", "ou", "connection").order_by("pk")[:LOOKED_THROUGH]
    return list(islice((row for row in rows if present.may(request, row)), MOST))


def _settle(request: HttpRequest, rows: list[Action]) -> None:
    if not rows:
        messages.error(request, "Tick those that you know of.")
        return
    happened, refused = request.POST.get("applied") == "yes", Counter[str]()
    for row in rows:
        try:
            if happened:
                activity.settle_applied(row, "", by=request.user)
            else:
                activity.settle_not_applied(row, by=request.user)
        except Refused as refusal:
            refused[str(refusal)] += 1
    done = len(rows) - refused.total()
    if done:
        then = "SYNAQ is read" if happened else "sent again"
        messages.success(request, f"{counted(done, 'action')} settled: {then}.")
    for words, count in refused.items():
        messages.error(request, f"{counted(count, 'action')} left as before. {words}")
