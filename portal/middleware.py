from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import ResolverMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.http import HttpResponseClientRedirect

from portal.logs import reference

log = structlog.get_logger(__name__)
Next = Callable[[HttpRequest], HttpResponse]

# Packages whose views are closed to strangers, or open, by themselves
TRUSTED = ("allauth.", "django.contrib.staticfiles.")


class DatabaseAway:
    """While Postgres is restarted: a clear page with 503, not a traceback. `portal.views.broken` does the same for what
    goes wrong before the view, where sessions are read."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return unavailable(request, error)


def unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The page that says so, where it is the database's being away that stopped a request. What was sent by a form is not
    asked for again by loading its address: its page is."""
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    log.error("database away", error=type(error).__name__)
    back = "" if request.method in ("GET", "HEAD") else _came_from(request)
    page = render_to_string("errors/unavailable.html", {"reference": reference(), "back": back})
    response = HttpResponse(page, status=503)
    response["Retry-After"] = "5"
    return response


def _came_from(request: HttpRequest) -> str:
    """The page of ours that a form was sent from."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours else "/"


class LeadOut:
    """A fragment that may be had only after signing in, or proving who one is: the whole page goes there, not its part."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx = getattr(request, "htmx", None)
        if not htmx or not 300 <= response.status_code < 400:
            return response
        path = response["Location"].partition("?")[0]
        if path not in {
            reverse(name) for name in ("account_login", "account_reauthenticate", "second_factor")
        }:
            return response
        return HttpResponseClientRedirect(f"{path}?{urlencode({'next': htmx.current_url_abs_path or '/'})}")


class PolicyRequired:
    """A view that states no policy is not served: access.policy is not to be forgotten."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        match: ResolverMatch | None = request.resolver_match
        if match is None or not states_policy(view):
            raise Http404


def states_policy(view: object) -> bool:
    """Whether the view names who may open it, or comes from a package that sees to it."""
    return hasattr(view, "policy") or str(getattr(view, "__module__", "")).startswith(TRUSTED)
