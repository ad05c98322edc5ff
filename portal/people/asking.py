"""Roles given: to somebody who is here, or by invitation."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.timezone import localtime

from portal import access, inflight, listing, roles
from portal.access import policy
from portal.accounts import inviting, membership, offering
from portal.accounts.models import Invitation, Person
from portal.confirming import ReasonForm
from portal.http import after_post
from portal.people import standing
from portal.people.forms import InviteForm, RoleForm
from portal.typed import search_term
from provisioning.models import OU
from provisioning.services.common import Refused


@policy(roles.CHANGE_PEOPLE)
def choose(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Where: on which OU somebody is to hold a role. With only one to choose, that one."""
    person = _person(request, pk) if pk is not None else None
    term, ready = search_term(request), access.ous_to_staff(request).select_related("parent")
    found = ready.filter(Q(title__istartswith=term) | Q(guid=term)) if term else ready
    page = listing.page(request, found, "title", "id")
    rows = [{"ou": ou, "over": access.over(request, ou), "url": _url(person, ou)} for ou in page.rows]
    if len(rows) == 1 and not term and not (page.prev_url or page.next_url):
        return redirect(rows[0]["url"])
    context = {
        "page_title": f"Give {person} a role" if person else "Invite somebody",
        "subtitle": "Where? A role holds there and on everything below.",
        "crumbs": _crumbs(person),
        "page": page,
        "rows": rows,
        "query": term,
    }
    return render(request, "people/choose.html", context)


def _url(person: Person | None, ou: OU) -> str:
    if person is None:
        return reverse("people:invite", args=[ou.guid])
    return reverse("people:give", args=[person.pk, ou.guid])


def _crumbs(person: Person | None) -> list[tuple[str, str]]:
    own = [(str(person), reverse("people:detail", args=[person.pk]))] if person else []
    return [("People", reverse("people:list")), *own]


def _person(request: HttpRequest, pk: int) -> Person:
    return get_object_or_404(access.people(request), pk=pk)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def give(request: HttpRequest, pk: int, guid: str) -> HttpResponse:
    """Another role for somebody who is here."""
    person, ou = _person(request, pk), access.get(access.ous_to_staff(request), guid)
    form = RoleForm(inflight.posted(request), offered=offering.offered(access.grants(request), ou))
    if request.method == "POST" and form.is_valid():
        try:
            row = membership.give_role(person, ou, form.cleaned_data["role"], by=request.user)  # type: ignore[arg-type]
            said = f"{person} is {membership.label_of(row.role)} of {ou.title} now."
            return after_post(request, reverse("people:detail", args=[person.pk]), said)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    facts = {"page_title": f"Give {person} a role", "subtitle": f"On {ou.title} and everything below"}
    return _form(request, form, person, "Give the role", **facts)


@policy(roles.CHANGE_PEOPLE, fresh=True)
def invite(request: HttpRequest, guid: str) -> HttpResponse:
    """Somebody new: they get a mail with a link."""
    ou = access.get(access.ous_to_staff(request), guid)
    form = InviteForm(inflight.posted(request), offered=offering.offered(access.grants(request), ou))
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            by, called = cast(Person, request.user), asked["name"]
            sent = inviting.invite(asked["email"], ou, asked["role"], by=by, called=called)
            return _mailed(request, *sent)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    facts = {"page_title": "Invite somebody", "subtitle": f"To {ou.title} and everything below"}
    return _form(request, form, None, "Send the invitation", **facts)


def _form(
    request: HttpRequest, form: RoleForm, person: Person | None, verb: str, **facts: str
) -> HttpResponse:
    cancel = reverse("people:detail", args=[person.pk]) if person else reverse("people:list")
    context: dict[str, Any] = {
        "crumbs": _crumbs(person),
        "form": form,
        "verb": verb,
        "cancel_url": cancel,
        "roles_url": reverse("rights:list"),
        **facts,
    }
    return render(request, "people/form.html", context, status=422 if form.is_bound else 200)


def _mailed(request: HttpRequest, row: Invitation, token: str) -> HttpResponse:
    """Sent after the commit. Where mail fails the invitation stays, and can be sent again."""
    if inviting.send_link(row, token):
        said = f"{row.email} gets a mail with a link that works until {_day(row)}."
        return after_post(request, reverse("people:invitations"), said)
    messages.error(
        request, f"{row.email} is invited, but the mail could not be handed over. Try “Send again” below."
    )
    return after_post(request, reverse("people:invitations"))


def _day(row: Invitation) -> str:
    return date_format(localtime(row.expires_at), "j F Y, H:i")


@policy(roles.CHANGE_PEOPLE, fresh=True)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """A new link, mailed to the same address; the old one is dead."""
    row = _invitation(request, pk)
    form = ReasonForm(inflight.posted(request))
    if request.method == "POST":
        try:
            return _mailed(request, *inviting.renew(row, by=request.user))  # type: ignore[arg-type]
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _confirm(
        request,
        row,
        form if form.is_bound else None,
        page_title="Send the invitation again",
        title=f"Send {row.email} a new link?",
        consequence="The link sent before no longer works.",
        verb="Send again",
    )


@policy(roles.CHANGE_PEOPLE)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The link no longer works."""
    row = _invitation(request, pk)
    form = ReasonForm(inflight.posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            inviting.withdraw(row, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            return after_post(
                request, reverse("people:invitations"), f"The invitation of {row.email} is withdrawn."
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
    return _confirm(
        request,
        row,
        form,
        page_title="Withdraw the invitation",
        title=f"Withdraw the invitation of {row.email}?",
        consequence="The link in the mail no longer works. They can be invited anew.",
        verb="Withdraw",
    )


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    """One that the viewer may send or withdraw; one that has come to its end is looked at once more by the service."""
    row: Invitation = get_object_or_404(access.invitations(request).select_related("ou", "by"), pk=pk)
    return row


def _confirm(request: HttpRequest, row: Invitation, form: ReasonForm | None, **words: str) -> HttpResponse:
    context = {
        **words,
        "crumbs": [*_crumbs(None), ("Invitations", reverse("people:invitations"))],
        "action_url": request.path,
        "cancel_url": reverse("people:invitations"),
        "form": form,
        "allowed": standing.may_send(request, row),
    }
    return render(request, "people/confirm.html", context, status=422 if request.method == "POST" else 200)
