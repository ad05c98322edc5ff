"""Telling a thing to do something for which a reason is all that can be said. For pages of any slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from portal import inflight
from portal.activity import present
from portal.confirming import ReasonForm
from portal.http import after_post, label
from provisioning.models import Action
from provisioning.operations import Operation
from provisioning.services.common import Refused


def tell(
    request: HttpRequest, thing: Any, operation: Operation, form: ReasonForm, service: Callable[..., Action]
) -> HttpResponse:
    """Ask for it, unless it is under way already; then the thing's page, which shows it move and says what comes first."""
    home = present.url_of(thing)
    if inflight.sent_already(request):
        return after_post(request, home)
    before = [action for action in inflight.on(request, thing) if action.is_open]
    same = next((action for action in before if action.operation == operation.name), None)
    if same:
        return after_post(
            request, home, f"{operation.label} is under way already: {_who(same)} asked for it."
        )
    reason = form.cleaned_data["reason"]
    try:
        service(thing, operation.name, by=request.user, submission=form.submission_id, reason=reason)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return after_post(request, home)
    waits = f" It waits for {label(before[0])}, which {_who(before[0])} asked for." if before else ""
    return after_post(request, home, f"{operation.label} is asked for.{waits}")


def _who(action: Action) -> str:
    return str(present.row(action)["actor"])
