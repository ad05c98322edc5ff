"""One's own account: password, second factor, open sessions; and the way in through an issuer."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from portal.access import PUBLIC, SIGNED_IN, policy
from portal.account.browsers import browser
from portal.accounts import home, second_factor
from portal.accounts.models import Person
from portal.accounts.oidc import PROVIDER
from portal.accounts.sessions import end_sessions
from portal.http import after_post
from portal.second_factor import AFTERWARDS
from provisioning import audit


@policy(SIGNED_IN)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """All that belongs to how one signs in."""
    person = cast(Person, request.user)
    factors = list(Authenticator.objects.filter(user=person.pk).order_by("created_at", "pk"))
    codes = _of_type(factors, Authenticator.Type.RECOVERY_CODES)
    context = {
        "page_title": "Security",
        "subtitle": "How you sign in, and where you are signed in now.",
        "has_password": person.has_usable_password(),
        "app": _of_type(factors, Authenticator.Type.TOTP),
        "passkeys": [row.wrap() for row in factors if row.type == Authenticator.Type.WEBAUTHN],
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "is_required": second_factor.is_required(person),
        "sessions": _sessions(request),
    }
    return render(request, "security/overview.html", context)


def _of_type(factors: list[Authenticator], type_: str) -> Authenticator | None:
    return next((row for row in factors if row.type == type_), None)


def _sessions(request: HttpRequest) -> list[dict[str, Any]]:
    """Those still open, the latest first."""
    rows = sorted(
        UserSession.objects.purge_and_list(request.user), key=lambda row: row.created_at, reverse=True
    )
    return [
        {"row": row, "browser": browser(row.user_agent), "is_this": _is_this(request, row)} for row in rows
    ]


def _is_this(request: HttpRequest, row: UserSession) -> bool:
    return bool(row.session_key == request.session.session_key)


@policy(SIGNED_IN)
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one other session of one's own."""
    row = get_object_or_404(UserSession, pk=pk, user=request.user.pk)
    if _is_this(request, row):
        raise Http404
    told = f"{browser(row.user_agent)}, {row.ip}"
    row.end()
    _record(request, f"One session: {told}.")
    return after_post(request, reverse("security"), f"Signed out: {told}.")


@policy(SIGNED_IN)
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    ended = end_sessions(request.user, but=request.session.session_key or "")
    _record(request, f"All but this one: {ended}.")
    return after_post(request, reverse("security"), "You are signed out everywhere else.")


def _record(request: HttpRequest, text: str) -> None:
    audit.record("sessions_ended", by=request.user, thing=request.user, ou=home.of(request.user), text=text)


@policy(SIGNED_IN)
@require_GET
def set_up(request: HttpRequest) -> HttpResponse:
    """Where whoever must have a second factor lands until one is set up; afterwards on to where they wanted to go."""
    if second_factor.is_missing(request.user):
        return render(request, "security/set_up.html", {"page_title": "Set up a second factor"})
    to = request.session.pop(AFTERWARDS, "") or reverse("home")
    return HttpResponseRedirect(to)


@policy(PUBLIC)
@require_GET
def oidc_login(request: HttpRequest) -> HttpResponseBase:
    """To the issuer. Only ever to sign in: nothing can be linked to an account."""
    _issuer_or_404()
    to = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure()):
        to = ""
    try:
        provider = get_adapter().get_provider(request, PROVIDER)
        answer: HttpResponseBase = provider.redirect(request, process="login", next_url=to or None)
    except (RequestException, KeyError, ValueError):
        return _issuer_away(request)
    return answer


@policy(PUBLIC)
@require_GET
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Back from the issuer."""
    _issuer_or_404()
    if provider_id != PROVIDER:
        raise Http404
    try:
        answer: HttpResponseBase = openid_connect.callback(request, provider_id)
    except (RequestException, KeyError, ValueError):
        return _issuer_away(request)
    return answer


def _issuer_or_404() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404


def _issuer_away(request: HttpRequest) -> HttpResponse:
    messages.error(
        request, f"The sign-in with {settings.OIDC_NAME} does not answer as it should. Try again later."
    )
    return HttpResponseRedirect(reverse("account_login"))
