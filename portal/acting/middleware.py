from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from portal import access
from portal.acting import looking
from portal.middleware import Next
from provisioning import audit

_CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")
# What may be sent all the same: the way out, how the page looks, and what the browser says of it
_ALLOWED = frozenset({"acting:stop", "account_logout", "theme", "columns", "csp_report"})


class Looking:
    """`request.acting` while somebody looks as a customer's person, checked anew at each request. What would change
    something is refused, and so are the looker's own account's pages."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.acting, request.acting_over = _find(request)
        row = request.acting
        if row is None:
            return self.get_response(request)
        with audit.within(acting_as=row.person):
            return self.get_response(request)

    def process_view(self, request: Any, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if request.resolver_match.view_name in _ALLOWED:
            return None
        if request.acting_over:
            return _elsewhere(request, request.acting_over)
        if request.acting is None:
            return None
        own_account = request.path_info.startswith("/accounts/")
        return _refusal(request) if own_account or request.method not in _CHANGES_NOTHING else None


def _find(request: HttpRequest) -> tuple[Any, str]:
    """The row that holds now, or why what the session names holds no more."""
    number = request.session.get(looking.KEY)
    if number is None:
        return None, ""
    row = looking.find(number, request.user) if request.user.is_authenticated else None
    why = looking.why_over(row, request.user) if row else "It is not yours."
    if not why:
        return row, ""
    del request.session[looking.KEY]
    if row is None:
        return None, why
    looking.end(row, why)
    return None, f"You no longer look at the portal as {row.person}. {why}"


def _elsewhere(request: Any, why: str) -> HttpResponse:
    """To the start page: nothing of one's own is done or shown on a page that was the customer's."""
    messages.warning(request, why)
    home = reverse("home")
    return HttpResponseClientRedirect(home) if request.htmx else HttpResponseRedirect(home, status=303)


def _refusal(request: Any) -> HttpResponse:
    person = access.viewer(request)
    if request.htmx:
        messages.warning(request, f"You look at the portal as {person}: nothing was changed.")
        return HttpResponseClientRefresh()
    return render(
        request,
        "acting/refused.html",
        {"page_title": "Looking changes nothing", "person": person},
        status=409,
    )
