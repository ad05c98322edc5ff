from __future__ import annotations

import sys

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal import access, roles
from portal.access import PUBLIC, SIGNED_IN, policy
from portal.accounts.models import Brand
from portal.branding import of
from portal.logs import reference
from portal.middleware import unavailable

_FIRST_PAGES = (
    (roles.SEE_DOMAINS, "attention:list"),  # support, and who oversees it
    (roles.SEE_USAGE, "usage:list"),  # finance
    (roles.SEE_OUS, "ous:list"),
    (roles.SEE_MAILBOXES, "mailboxes:list"),
    (roles.SEE_ACTIVITY, "activity:list"),
)


@policy(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """The first page that the person may see."""
    held = access.grants(request)
    for permission, route in _FIRST_PAGES:
        if held.has(permission):
            return redirect(route)
    return render(request, "errors/no_access.html", {"page_title": "Nothing here yet"})


@policy(PUBLIC)
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or auto in a cookie, and go back."""
    chosen = request.POST.get("theme", "auto")
    if chosen not in ("light", "dark", "auto"):
        raise Http404
    to = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure()):
        to = reverse("home")
    response = HttpResponseRedirect(to, status=303)
    response.set_cookie(
        "theme",
        chosen,
        max_age=365 * 86400,
        samesite="Lax",
        httponly=False,
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _bare(template: str, status: int, brand: Brand | None) -> HttpResponse:
    return HttpResponse(render_to_string(template, {"brand": brand, "reference": reference()}), status=status)


def _brand(request: HttpRequest) -> Brand | None:
    """An error's page is shown, whatever the database says."""
    try:
        return of.for_request(request)
    except DatabaseError:
        return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _bare("400.html", 400, of.known(request))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _bare("403.html", 403, _brand(request))


def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was opened by another visit, or on another site. Why exactly, nobody is told."""
    return _bare("403_csrf.html", 403, _brand(request))


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _bare("404.html", 404, _brand(request))


def broken(request: HttpRequest) -> HttpResponse:
    away = unavailable(request, sys.exc_info()[1])  # Django asks for this page while it handles the exception
    return away or _bare("500.html", 500, of.known(request))
