"""Access taken away: what that touches is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal import access, inflight, roles
from portal.access import policy
from portal.accounts import factors, leaving, membership, sessions
from portal.accounts.models import Membership, Person
from portal.activity import present
from portal.confirming import ReasonForm
from portal.http import after_post
from portal.people import standing
from portal.people.forms import LeaveForm
from provisioning.models import Action, Batch, Scheduled
from provisioning.services.common import Refused

MOST = 20  # of each kind that are named


@policy(roles.CHANGE_PEOPLE, fresh=True)
def end_role(request: HttpRequest, pk: int, role: int) -> HttpResponse:
    """Take one role away."""
    person = get_object_or_404(access.people(request), pk=pk)
    rows = [get_object_or_404(standing.memberships(request, person), pk=role)]
    return _end(request, person, rows)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away all that they hold where the viewer gives roles."""
    person = get_object_or_404(access.people(request), pk=pk)
    held = access.grants(request)
    rows = [row for row in standing.memberships(request, person) if membership.may_take(held, row)]
    return _end(request, person, rows)


def _end(request: HttpRequest, person: Person, rows: Sequence[Membership]) -> HttpResponse:
    held = access.grants(request)
    if not rows or not all(membership.may_take(held, row) for row in rows):
        raise Http404
    deletions = _deletions(request, person, rows)
    form = LeaveForm(inflight.posted(request), deletions=len(deletions))
    if request.method == "POST" and form.is_valid():
        cancel = [row for row in deletions if form.cancels and access.may_end(request, row.kind, row.ou)]
        reason = form.cleaned_data["reason"]
        try:
            left = leaving.remove_access(person, rows, by=request.user, cancel=cancel, reason=reason)  # type: ignore[arg-type]
            return _done(request, person, left)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = _context(request, person, rows, form) | {"deletions": deletions[:MOST]}
    return render(request, "people/leave.html", context, status=422 if form.is_bound else 200)


def _done(request: HttpRequest, person: Person, left: bool) -> HttpResponse:
    if left:
        return after_post(
            request, reverse("people:list"), f"{person} has no access any more, and is signed out."
        )
    seen = access.people(request).filter(pk=person.pk).exists()
    home = reverse("people:detail", args=[person.pk]) if seen else reverse("people:list")
    return after_post(request, home, f"The role is taken away. {person} is signed out everywhere.")


def _context(
    request: HttpRequest, person: Person, rows: Sequence[Membership], form: LeaveForm
) -> dict[str, Any]:
    below = _below(rows)
    queued = access.actions(request).filter(below, by=person, state=Action.State.QUEUED).select_related("by")
    batches = access.batches(request).filter(below, by=person, state__in=Batch.OPEN)
    everything = Membership.objects.filter(person=person).count() == len(rows)
    return {
        "page_title": "Remove access" if everything else "Take a role away",
        "crumbs": [
            ("People", reverse("people:list")),
            (str(person), reverse("people:detail", args=[person.pk])),
        ],
        "person": person,
        "rows": [{"label": membership.label_of(row.role), "row": row} for row in rows],
        "everything": everything,
        "last": [row.ou.title for row in rows if membership.is_last_owner(row)],
        "sessions": sessions.count(person),
        "queued": present.rows(queued.order_by("-id")[:MOST]),
        "batches": batches.order_by("-id")[:MOST],
        "form": form,
        "verb": "Remove access" if everything else "Take it away",
        "cancel_url": reverse("people:detail", args=[person.pk]),
    }


def _deletions(request: HttpRequest, person: Person, rows: Sequence[Membership]) -> list[Scheduled]:
    """What they have set to be deleted, below the OUs of which they lose a role."""
    pending = access.scheduled(request).filter(_below(rows), by=person, cancelled_at=None, batch=None)
    return list(pending.select_related("ou").order_by("due_at"))


def _below(rows: Sequence[Membership]) -> Q:
    where = Q(pk__in=[])
    for row in rows:
        where |= Q(ou__path__startswith=row.ou.path)
    return where


@policy(roles.CHANGE_PEOPLE, fresh=True)
def reset_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has lost their second factor: it is taken off, and they set up a new one at the next sign-in."""
    person = get_object_or_404(access.people(request), pk=pk)
    if not standing.may_reset(request, person):
        raise Http404
    form = ReasonForm(inflight.posted(request))
    home = reverse("people:detail", args=[person.pk])
    if request.method == "POST" and form.is_valid():
        factors.reset(person, by=request.user, reason=form.cleaned_data["reason"])
        return after_post(
            request, home, f"{person} signs in with the password alone, and is told so by mail."
        )
    context = {
        "page_title": "Reset the second factor",
        "crumbs": [("People", reverse("people:list")), (str(person), home)],
        "title": f"Reset the second factor of {person}?",
        "consequence": "Their app, passkeys and recovery codes work no more, and they are signed out everywhere. "
        "Make sure by another way that it is they who ask: until a new one is set up, the password alone is enough.",
        "verb": "Reset",
        "tone": "danger",
        "action_url": request.path,
        "cancel_url": home,
        "form": form,
        "allowed": True,
    }
    return render(request, "people/confirm.html", context, status=422 if form.is_bound else 200)
