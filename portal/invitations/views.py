"""The link of an invitation: from the mail to the first page."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from portal.access import PUBLIC, policy
from portal.accounts import inviting
from portal.accounts.inviting import NotOpen, SignInFirst
from portal.accounts.models import Invitation, Person
from portal.http import after_post
from portal.invitations.forms import JoinForm

KEY = "invitation"  # in the session: the token's hash, never the token


@policy(PUBLIC)
@require_GET
@never_cache
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The address in the mail, left at once: no page is shown under it, so that no other address learns of it."""
    request.session[KEY] = inviting.mark_of(token)
    answer = HttpResponseRedirect(reverse("invitations:open"))
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@policy(PUBLIC)
@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest) -> HttpResponse:
    """What the person is invited to, and the way in: a new password, or the sign-in that they have."""
    mark = str(request.session.get(KEY, ""))
    try:
        row = inviting.find(mark)
        if request.user.is_authenticated:
            return _as_somebody(request, row, mark)
        if inviting.known_as(row.email):
            return _sign_in_first(request, row)
        return _as_newcomer(request, row, mark)
    except SignInFirst:
        return after_post(request, reverse("invitations:open"))
    except NotOpen:
        request.session.pop(KEY, None)
        return render(request, "invitations/dead.html", status=404)


def _as_somebody(request: HttpRequest, row: Invitation, mark: str) -> HttpResponse:
    person = cast(Person, request.user)
    if not inviting.belongs_to(row, person):
        return _page(request, row, "invitations/other.html")
    if request.method != "POST":
        return _page(request, row, "invitations/accept.html")
    inviting.accept(mark, person=person)
    del request.session[KEY]
    return after_post(request, reverse("home"), f"You have access to {row.ou.title} now.")


def _sign_in_first(request: HttpRequest, row: Invitation) -> HttpResponse:
    query = urlencode({"next": reverse("invitations:open")})
    return _page(request, row, "invitations/sign_in.html", sign_in_url=f"{reverse('account_login')}?{query}")


def _as_newcomer(request: HttpRequest, row: Invitation, mark: str) -> HttpResponse:
    if request.method != "POST":
        return _page(
            request, row, "invitations/join.html", form=JoinForm(email=row.email, initial={"name": row.name})
        )
    form = JoinForm(request.POST, email=row.email)
    if not form.is_valid():
        return _page(request, row, "invitations/join.html", 422, form=form)
    password = form.cleaned_data["password"]
    person = inviting.join(mark, name=form.cleaned_data["name"], password=password)
    del request.session[KEY]
    login = Login(user=person, email=person.email, redirect_url=reverse("home"))
    answer: HttpResponse = perform_password_login(request, {"email": person.email}, login)
    return answer


def _page(
    request: HttpRequest, row: Invitation, template: str, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"invitation": row, "role": inviting.role_of(row), **more}
    return render(request, template, context, status=status)
