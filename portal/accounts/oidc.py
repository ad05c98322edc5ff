"""Sign-in through the issuer of the settings: it vouches for an address, we know the person or we do not."""

from __future__ import annotations

from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.models import Person
from provisioning import audit

PROVIDER = "sso"  # as it stands in the callback's address


class KnownPeopleOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody is made and nothing is linked: each time anew, a verified address finds an active person or nobody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        person = _known(sociallogin) if _is_one_subject(sociallogin.account.extra_data) else None
        if person is None:
            refuse(request)
        sociallogin.user = person
        sociallogin.state["process"] = "login"


def _is_one_subject(data: dict[str, Any]) -> bool:
    """What the issuer signed and what it told of the user must speak of the same one."""
    subjects = {str(data[name].get("sub")) for name in ("id_token", "userinfo") if data.get(name)}
    return len(subjects) == 1


def _known(sociallogin: Any) -> Person | None:
    vouched = [row.email for row in sociallogin.email_addresses if row.verified in (True, "true")]
    if len(vouched) != 1:
        return None
    return Person.objects.filter(email__iexact=vouched[0], is_active=True).first()


def refuse(request: HttpRequest) -> NoReturn:
    """Back to the sign-in page. The same words for whoever is unknown, has left, or is not vouched for."""
    audit.record(
        "sign_in_failed", by=None, title="Nobody", text="Single sign-on: no account for that address."
    )
    messages.error(
        request,
        "This sign-in leads to no account here. Ask whoever looks after the portal for an invitation.",
    )
    raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
