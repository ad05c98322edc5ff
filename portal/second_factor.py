"""Whoever must have a second factor and has none sees nothing but the pages that set it up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.access import PUBLIC
from portal.accounts import second_factor
from portal.middleware import Next

AFTERWARDS = "after_second_factor"  # in the session: where they wanted to go
OPEN = frozenset(
    {
        "second_factor",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "account_reauthenticate",
        "account_logout",
        "oidc_login",
        "openid_connect_callback",
    }
)


class SecondFactorFirst:
    """Stands behind the policy: asks once a request, of those who are signed in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: object, kwargs: object
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or _is_open(request, view):
            return None
        if not second_factor.is_missing(request.user):
            return None
        if request.method == "GET" and not request.htmx:  # type: ignore[attr-defined]
            request.session[AFTERWARDS] = request.get_full_path()
        return HttpResponseRedirect(reverse("second_factor"))


def _is_open(request: HttpRequest, view: Any) -> bool:
    match = request.resolver_match
    return getattr(view, "policy", "") == PUBLIC or (match is not None and match.view_name in OPEN)
