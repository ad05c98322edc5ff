"""Views that end a mailbox: closed now and deleted on a day, or deleted at once."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, endings, inflight, roles, times
from portal.access import policy
from portal.confirming import NamedForm
from portal.http import after_post
from portal.mailboxes import effects, ways
from portal.mailboxes.place import above, get, said_with_line
from portal.scheduling import ScheduleForm
from provisioning.models import Mailbox
from provisioning.operations import OPERATIONS
from provisioning.services import mailboxes as services
from provisioning.services import scheduled
from provisioning.services.common import Refused

CLOSE, DELETE = OPERATIONS["mailbox.close"], OPERATIONS["mailbox.delete"]


@policy(roles.SEE_MAILBOXES)
def delete(request: HttpRequest, guid: str) -> HttpResponse:
    """The ways out side by side; posted, the mailbox is deleted at once."""
    row = _get(request, guid)
    if inflight.sent_already(request):
        return _home(request, row)
    if request.method != "POST":
        inflight.freshen(request, row)
        return _page(request, row, ScheduleForm(), NamedForm(name=row.email))
    form = NamedForm(request.POST, name=row.email)
    if form.is_valid():
        try:
            services.delete_mailbox(
                row, by=request.user, submission=form.submission_id, reason=form.cleaned_data["reason"]
            )
            return _home(request, row, "Its deletion is asked for.")
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, row, ScheduleForm(), form)


@policy(roles.SEE_MAILBOXES)
@require_POST
def delete_later(request: HttpRequest, guid: str) -> HttpResponse:
    """Close it now where that is possible, and set the day of its deletion."""
    row = _get(request, guid)
    form = ScheduleForm(request.POST)
    if form.is_valid():
        try:
            due = _close_and_schedule(request, row, form)
            closes = "It is being closed, and" if closable(request, row) else "It"
            return _home(
                request, row, f"{closes} will be deleted on {times.short(due)} unless that is cancelled."
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, row, form, NamedForm(name=row.email))


@transaction.atomic
def _close_and_schedule(request: HttpRequest, mailbox: Mailbox, form: ScheduleForm) -> Any:
    """Both or neither. Returns when it is due."""
    facts: dict[str, Any] = {"by": request.user, "reason": form.cleaned_data["reason"]}
    mark = form.submission_id
    set_for = scheduled.schedule_deletion(mailbox, due_at=form.due_at(), submission=mark, **facts)
    if closable(request, mailbox):
        services.change_state(mailbox, CLOSE.name, submission=uuid.uuid5(mark, "close"), **facts)
    return set_for.due_at


def _get(request: HttpRequest, guid: str) -> Mailbox:
    row = get(request, guid)
    access.require(request, DELETE, row.ou)
    return row


def closable(request: HttpRequest, mailbox: Mailbox) -> bool:
    """Whether it can be closed, in its state and by this person."""
    return access.may(request, CLOSE, mailbox.ou) and not CLOSE.why_not(mailbox, mailbox.connection.dialect)


def _home(request: HttpRequest, mailbox: Mailbox, said: str = "") -> HttpResponse:
    home = reverse("mailboxes:detail", args=[mailbox.guid])
    return after_post(request, home, said_with_line(request, mailbox, said) if said else "")


def _page(request: HttpRequest, mailbox: Mailbox, later: ScheduleForm, now: NamedForm) -> HttpResponse:
    context = {
        **above(request, mailbox, below=True),
        "page_title": "Delete",
        "subtitle": mailbox.email,
        "later": later,
        "now": now,
        "closable": closable(request, mailbox),
        **endings.of(request, mailbox),
        "consequence": DELETE.consequence,
        "why_not": DELETE.why_not(mailbox, mailbox.connection.dialect),
        "effect": effects.of(request, DELETE, [mailbox]),
        "ways": ways.WAYS,
        "questions": ways.rows(),
        "chosen": DELETE.name,
    }
    status = 422 if later.is_bound or now.is_bound else 200
    return render(request, "mailboxes/delete.html", context, status=status)
