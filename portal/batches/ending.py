"""The end of a mailbox, domain, package or company with all that is on it: closed now and deleted later, or at once."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, endings, inflight, roles
from portal.access import policy
from portal.activity import present
from portal.batches import plans
from portal.confirming import NamedForm
from portal.http import after_post
from portal.scheduling import ScheduleForm
from portal.service_effects import of_end
from provisioning.models import Scheduled
from provisioning.services import scheduled as scheduling
from provisioning.services import teardown as services
from provisioning.services.common import Refused


def _thing(request: HttpRequest, kind: str, guid: str) -> Any:
    """What is to go, if the person may see it and remove it with all that is on it; else 404."""
    if kind not in present.WAYS:
        raise Http404
    related = ("parent",) if kind == "ou" else ("ou__parent",)
    thing = access.get(present.WAYS[kind](request).select_related(*related), guid)
    ou = thing if kind == "ou" else thing.ou
    if not ou.is_company or not access.may_end(request, kind, ou):
        raise Http404
    return thing


def _proof(request: HttpRequest, kind: str) -> HttpResponse | None:
    """The end of a whole company asks who it is once more."""
    return access.proof_wanted(request) if kind == "ou" else None


@policy(roles.SEE_ACTIVITY)
def teardown(request: HttpRequest, kind: str, guid: str) -> HttpResponse:
    """What removing it takes, in order and counted; asked first on GET, begun on POST."""
    thing = _thing(request, kind, guid)
    if wanted := _proof(request, kind):
        return wanted
    form = NamedForm(inflight.posted(request), name=plans.name_of(thing))
    running = endings.open_batch(request, thing)
    if request.method == "POST" and running:
        said = "It is being removed already: this is how far it is."
        return after_post(request, reverse("batches:detail", args=[running.pk]), said)
    if request.method == "POST" and form.is_valid():
        try:
            batch = services.start(
                thing, by=request.user, submission=form.submission_id, reason=form.cleaned_data["reason"]
            )
            return after_post(request, reverse("batches:detail", args=[batch.pk]))
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, thing, now=form)


@policy(roles.SEE_ACTIVITY)
def schedule(request: HttpRequest, kind: str, guid: str) -> HttpResponse:
    """Close it now, where that is possible, and delete it on a day that is chosen."""
    thing = _thing(request, kind, guid)
    if wanted := _proof(request, kind):
        return wanted
    if request.method != "POST":
        return after_post(request, reverse("batches:teardown", args=[kind, guid]))
    form = ScheduleForm(request.POST)
    if form.is_valid():
        try:
            said = _set(request, thing, form)
            return after_post(request, present.url_of(thing), said)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, thing, later=form)


@transaction.atomic
def _set(request: HttpRequest, thing: Any, form: ScheduleForm) -> str:
    """Both the closing and the date, or neither. What was done, in a sentence."""
    reason, mark = form.cleaned_data["reason"], form.submission_id
    known = Scheduled.objects.filter(submission=mark).exists()
    closing = None if known else plans.closing(thing)
    may_close = closing is not None and not closing.why_not and plans.may_close(request, thing)
    row = scheduling.schedule_deletion(
        thing, by=request.user, due_at=form.due_at(), submission=mark, reason=reason
    )
    if closing is not None and may_close:
        again = uuid.uuid5(mark, "close")
        closing.service(thing, closing.operation.name, by=request.user, submission=again, reason=reason)
    what = "It is being closed now, and" if may_close else "It"
    return f"{what} will be deleted on {plans.day(row.due_at)}. That can be cancelled until then."


@policy(roles.SEE_ACTIVITY)
@require_POST
def unschedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a deletion that is set for a date."""
    row = get_object_or_404(access.scheduled(request).select_related("ou"), pk=pk)
    if not access.may_end(request, row.kind, row.ou):
        raise Http404
    home = present.page_of(row.kind, row.guid)
    try:
        scheduling.cancel(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return after_post(request, home)
    return after_post(
        request, home, "It will not be deleted. What was closed stays closed until it is activated."
    )


def _page(
    request: HttpRequest, thing: Any, *, now: NamedForm | None = None, later: ScheduleForm | None = None
) -> HttpResponse:
    now = now or NamedForm(name=plans.name_of(thing))
    later = later or ScheduleForm()
    home = present.url_of(thing)
    context = {
        "page_title": f"Remove {plans.name_of(thing)}",
        "crumbs": [*plans.crumbs(request, thing), (plans.name_of(thing), home)],
        "thing": thing,
        "name": plans.name_of(thing),
        "now": now,
        "later": later,
        "effect": of_end(request, thing),
        "cancel_url": home,
        "schedule_url": reverse("batches:schedule", args=[thing.kind, thing.guid]),
        "teardown_url": reverse("batches:teardown", args=[thing.kind, thing.guid]),
        **plans.of(request, thing),
        **endings.of(request, thing),
    }
    status = 422 if now.is_bound or later.is_bound else 200
    return render(request, "batches/teardown.html", context, status=status)
