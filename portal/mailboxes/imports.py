"""Views of the import: a file is given, checked and mended in place, run; what was made for it is fetched once."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal import access, exports, roles
from portal.access import policy
from portal.http import after_post
from portal.mailboxes import effects, imports_file, selection
from portal.mailboxes.imports_check import CREATE, EDITION, Checked, check
from portal.mailboxes.imports_file import Row
from portal.mailboxes.imports_forms import UploadForm, cells_of, mended
from provisioning.models import Import
from provisioning.services import imports as services
from provisioning.services.mailboxes import wish_for_mailbox

_MENDED_AT_ONCE = 25
_SHOWN = 50
# Without the characters that are mistaken for one another; at least one of each kind, as SYNAQ's rules want.
_KINDS = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!#%+-=?@")
_LENGTH = 16


def may_import(request: HttpRequest) -> bool:
    """Whether there is anywhere the person may make mailboxes."""
    held = access.grants(request)
    return held.has(CREATE.permission) and held.has(roles.BILLABLE)


@policy(roles.CHANGE_MAILBOXES)
def start(request: HttpRequest) -> HttpResponse:
    """A file, or pasted rows."""
    if not may_import(request):
        raise Http404
    posted = request.method == "POST"
    form = UploadForm(request.POST, request.FILES) if posted else UploadForm()
    if posted and form.is_valid():
        rows = [row.as_dict() for row in form.rows]
        draft = services.keep(rows, by=request.user, submission=form.submission_id)
        return after_post(request, reverse("mailboxes:import_check", args=[draft.pk]))
    context = {
        "page_title": "Import mailboxes",
        "crumbs": [("Mailboxes", reverse("mailboxes:list"))],
        "form": form,
        "may_choose": access.grants(request).has(EDITION.permission),
        "cancel_url": reverse("mailboxes:list"),
    }
    return render(request, "mailboxes/import.html", context, status=422 if posted else 200)


@policy(roles.CHANGE_MAILBOXES)
def template(request: HttpRequest) -> HttpResponseBase:
    """The file to fill in, blank or with samples."""
    rows = imports_file.SAMPLES if "samples" in request.GET else ()
    return exports.answer(exports.CSV_EXCEL, "mailboxes-template", imports_file.HEADINGS, rows)


def _own(request: HttpRequest, pk: Any) -> Import:
    """The person's own import; anybody else's is not there."""
    draft: Import = get_object_or_404(services.of(request.user), pk=pk)
    return draft


def _rows(draft: Import) -> list[Row]:
    return [Row(**row) for row in services.rows_of(draft)]


@policy(roles.CHANGE_MAILBOXES)
def checked(request: HttpRequest, pk: Any) -> HttpResponse:
    """What was found in the file: rows to be mended here, and those that are ready."""
    draft = _own(request, pk)
    if request.method == "POST":
        return _told(request, draft)
    if draft.ran_at:
        return _ran_page(request, draft)
    rows = check(request, _rows(draft))
    if not rows:
        messages.warning(request, "Nothing is kept of that file any more: give it once more.")
        return after_post(request, reverse("mailboxes:import"))
    return _check_page(request, draft, rows)


def _check_page(request: HttpRequest, draft: Import, rows: list[Checked]) -> HttpResponse:
    wrong = [row for row in rows if row.errors]
    sound = [row for row in rows if not row.errors]
    opened = request.GET.get("row", "")
    asked = [row for row in sound if str(row.row.number) == opened]
    page = _page_number(request)
    shown = sound[(page - 1) * _SHOWN : page * _SHOWN]
    home = reverse("mailboxes:import_check", args=[draft.pk])
    context = {
        "page_title": "Check the import",
        "crumbs": [("Mailboxes", reverse("mailboxes:list")), ("Import", reverse("mailboxes:import"))],
        "draft": draft,
        "wrong": len(wrong),
        "sound": len(sound),
        "to_mend": [
            {"row": row, "cells": cells_of(row)} for row in [*asked, *wrong[: _MENDED_AT_ONCE - len(asked)]]
        ],
        "more_wrong": max(0, len(wrong) + len(asked) - _MENDED_AT_ONCE),
        "shown": shown,
        "effect": effects.of_import(request, sound),
        "billed": sum(row.activate for row in sound),
        "recorded": sum(not row.activate for row in sound),
        "made": sum(not row.row.cells["password"] for row in sound),
        "prev_url": f"{home}?page={page - 1}" if page > 1 else "",
        "next_url": f"{home}?page={page + 1}" if page * _SHOWN < len(sound) else "",
    }
    return render(request, "mailboxes/import_check.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 5 else 1


@transaction.atomic
def _told(request: HttpRequest, draft: Import) -> HttpResponse:
    """Mend rows, leave out those that are wrong, give it up, or run it; as one, whoever else presses at the moment."""
    held, home = services.held(draft), reverse("mailboxes:import_check", args=[draft.pk])
    wish = request.POST.get("do", "mend")
    if held.ran_at or not held.sealed:
        return after_post(request, home)
    if wish == "forget":
        services.forget(held)
        return after_post(request, reverse("mailboxes:list"), "The file is wiped. Nothing was made.")
    rows = mended(_rows(held), request.POST)
    if wish == "leave_wrong":
        rows = [one.row for one in check(request, rows) if not one.errors]
    services.replace_rows(held, [row.as_dict() for row in rows])
    if wish == "run":
        return _run(request, held, check(request, rows))
    return after_post(request, home)


def _run(request: HttpRequest, held: Import, rows: list[Checked]) -> HttpResponse:
    home = reverse("mailboxes:import_check", args=[held.pk])
    if any(row.errors for row in rows) or not rows:
        messages.warning(request, "Nothing was made yet: mend the rows below, or leave them out.")
        return after_post(request, home)
    issued = {row.address: generated() for row in rows if not row.clean["password"]}
    wishes = []
    for row in rows:
        assert row.domain is not None
        password = row.clean["password"] or issued[row.address]
        wish = wish_for_mailbox(row.domain, details=row.details, password=password, at_once=row.activate)
        wishes.append((row.domain.ou, (row.domain, wish)))
    batches = services.run(held, selection.groups(request, CREATE, wishes), issued=issued, by=request.user)
    if issued or len(batches) != 1:
        return after_post(request, home)
    return after_post(request, reverse("batches:detail", args=[batches[0].pk]))


def generated() -> str:
    """A password that is hard to guess and easy to read out; it begins with a letter, so that no spreadsheet runs it."""
    letters = [secrets.choice(kind) for kind in _KINDS]
    letters += [secrets.choice("".join(_KINDS)) for _ in range(_LENGTH - len(letters) - 1)]
    secrets.SystemRandom().shuffle(letters)
    return secrets.choice(_KINDS[0]) + "".join(letters)


def _ran_page(request: HttpRequest, draft: Import) -> HttpResponse:
    batches = list(draft.batches.order_by("id"))
    context = {
        "page_title": "The import is under way",
        "crumbs": [("Mailboxes", reverse("mailboxes:list")), ("Import", reverse("mailboxes:import"))],
        "draft": draft,
        "batches": batches,
        "passwords_url": reverse("mailboxes:import_passwords", args=[draft.pk]),
    }
    return render(request, "mailboxes/import_ran.html", context)


@policy(roles.CHANGE_MAILBOXES)
@require_POST
def passwords(request: HttpRequest, pk: Any) -> HttpResponseBase:
    """The passwords that were made, as a file, once."""
    draft = _own(request, pk)
    issued = services.fetch(draft)
    if not issued:
        messages.warning(
            request, "They were fetched before, or an hour has passed: they are not kept any more."
        )
        return after_post(request, reverse("mailboxes:import_check", args=[draft.pk]))
    return exports.answer(exports.CSV_EXCEL, "new-passwords", ["Email", "Password"], issued.items())
