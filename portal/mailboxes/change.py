"""Views that change one mailbox: its fields and password, its edition, and the way out of a lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal import access, inflight, price_effects, roles
from portal.access import policy
from portal.http import after_post
from portal.mailboxes import overview
from portal.mailboxes.change_forms import EditForm, EditionForm, UnlockForm, typed_in
from portal.mailboxes.place import above, get, said_with_line
from portal.submissions import SubmissionForm
from provisioning.models import Batch, Mailbox
from provisioning.operations import OPERATIONS, Operation
from provisioning.services import batches
from provisioning.services import mailboxes as services
from provisioning.services.common import Refused

UPDATE = OPERATIONS["mailbox.update"]
EDITION = OPERATIONS["mailbox.change_edition"]
UNLOCK = OPERATIONS["mailbox.unlock"]


@policy(roles.SEE_MAILBOXES)
def edit(request: HttpRequest, guid: str) -> HttpResponse:
    """Names, password, and what else of the mailbox can be edited."""
    row = _opened(request, guid, UPDATE)
    if inflight.sent_already(request):
        return _home(request, row)
    form = _edit_form(request, row)

    def ask() -> None:
        services.update_mailbox(
            row,
            by=request.user,
            changes=form.changes(),
            password=form.password,
            submission=form.submission_id,
        )

    if _asked(request, form, ask):
        return _home(request, row, "The change is asked for.")
    return _page(request, row, form, UPDATE, "mailboxes/edit.html", title="Edit")


def _edit_form(request: HttpRequest, mailbox: Mailbox) -> EditForm:
    """The form as it was posted; else with the present values, or the one that SYNAQ refused."""
    options: dict[str, Any] = {
        "mailbox": mailbox,
        "only_password": not access.grants(request).has_on(roles.CHANGE_MAILBOXES, mailbox.ou),
    }
    if request.method == "POST":
        return EditForm(request.POST, **options)
    refused = inflight.to_mend(request, UPDATE.name, guid=mailbox.guid, connection=mailbox.connection_id)
    if refused:
        return EditForm.after_refusal(refused, typed_in(mailbox, refused.payload), **options)
    return EditForm(**options)


@policy(roles.SEE_MAILBOXES)
def edition(request: HttpRequest, guid: str) -> HttpResponse:
    """Another edition: another class of service, and another price."""
    row = _opened(request, guid, EDITION)
    if inflight.sent_already(request):
        return _home(request, row)
    form = EditionForm(inflight.posted(request), mailbox=row, prices=price_effects.of(request, [row.ou]))

    def ask() -> None:
        services.change_edition(row, form.package, form.code, by=request.user, submission=form.submission_id)

    if _asked(request, form, ask):
        return _home(request, row, "The change of edition is asked for.")
    return _page(request, row, form, EDITION, "mailboxes/edition.html", title=EDITION.label)


@policy(roles.SEE_MAILBOXES)
def unlock(request: HttpRequest, guid: str) -> HttpResponse:
    """A new password, then Unlock: two actions of one batch, asked for with one form."""
    row = _opened(request, guid, UNLOCK)
    access.require(request, UPDATE, row.ou)
    if overview.batch_sent_already(request):
        return _home(request, row)
    running = _ways_out(row, Batch.State.RUNNING).first()
    if request.method == "POST" and running:
        return _home(
            request, row, f"The way out is under way already: {running.by or 'the portal'} asked for it."
        )
    form = _unlock_form(request, row)

    @transaction.atomic
    def ask() -> None:
        for stopped in _ways_out(row, Batch.State.STOPPED):  # this one takes its place
            batches.abandon(stopped, by=request.user)
        services.unlock(
            row, by=request.user, password=form.cleaned_data["password"], submission=form.submission_id
        )

    if _asked(request, form, ask):
        return _home(
            request, row, "The way out of the lock is asked for: first the new password, then Unlock."
        )
    again = {"locked_again": services.locked_again(row)}
    return _page(
        request, row, form, UNLOCK, "mailboxes/unlock.html", title="New password and Unlock", more=again
    )


def _ways_out(mailbox: Mailbox, state: str) -> QuerySet[Batch]:
    return batches.of(mailbox).filter(kind="unlock", state=state)


def _unlock_form(request: HttpRequest, mailbox: Mailbox) -> UnlockForm:
    refused = inflight.to_mend(request, UPDATE.name, guid=mailbox.guid, connection=mailbox.connection_id)
    if refused and request.method != "POST":
        return UnlockForm.after_refusal(refused, {})
    return UnlockForm(inflight.posted(request))


def _opened(request: HttpRequest, guid: str, operation: Operation) -> Mailbox:
    """The mailbox on which the person may ask for that; read anew if what is known of it is old."""
    row = get(request, guid)
    access.require(request, operation, row.ou)
    inflight.freshen(request, row)
    return row


def _asked(request: HttpRequest, form: SubmissionForm, ask: Callable[[], None]) -> bool:
    """Whether a sound form was sent and taken on; else it says what is in the way."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        ask()
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _home(request: HttpRequest, mailbox: Mailbox, said: str = "") -> HttpResponse:
    home = reverse("mailboxes:detail", args=[mailbox.guid])
    return after_post(request, home, said_with_line(request, mailbox, said) if said else "")


def _page(
    request: HttpRequest,
    mailbox: Mailbox,
    form: SubmissionForm,
    operation: Operation,
    template: str,
    title: str,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    context = {
        **(more or {}),
        **above(request, mailbox, below=True),
        "page_title": title,
        "subtitle": mailbox.email,
        "form": form,
        "consequence": operation.consequence,
        "why_not": operation.why_not(mailbox, mailbox.connection.dialect),
        "again": request.method == "POST",
    }
    return render(request, template, context, status=422 if request.method == "POST" else 200)
