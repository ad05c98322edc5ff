"""What allauth does our way: nobody signs up, nobody learns who has an account, mail goes through portal.mail."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal import access, mail
from portal.accounts import home
from portal.accounts.models import Person
from provisioning import audit

_TOO_MANY = "Too many tries. Wait five minutes, then try again."
_WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code from your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey or security key",
}


class ClosedDoor(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not belong together. Try again, or reset "
        "your password.",
        "too_many_login_attempts": _TOO_MANY,
        "rate_limited": _TOO_MANY,
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your present password.",
        "invalid_password_reset": "This link has been used or is too old.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """The trail tells it of the person whose account was tried. What was typed is not kept: it may be a password."""
        email = str(credentials.get("email", ""))
        person = Person.objects.filter(email__iexact=email).first()
        if person is None:
            audit.record("sign_in_failed", by=None, title="Nobody", text="No account has the address typed.")
            return
        ou = home.of(person)
        audit.record("sign_in_failed", by=None, thing=person, ou=ou, text="Wrong password.")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A sign-in of just now is a proof too. Asked here and now: allauth lets those pass who have only an issuer."""
        if not access.is_fresh(self.request):
            raise ReauthenticationRequired
        return False

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Password, code, passkey; and the issuer, which is all that some have."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        ways = [{**way, "description": _WAYS.get(way["id"], way["description"])} for way in ways]
        if settings.OIDC_ISSUER and user.is_authenticated:
            words = f"Sign in again with {settings.OIDC_NAME}"
            ways.append({"id": "oidc", "description": words, "url": reverse("oidc_login")})
        return ways

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("security")

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """Handed over beside the answer, which comes as fast for an address that nobody has."""
        path = reverse(
            "account_reset_password_from_key", kwargs={"uidb36": context["uid"], "key": context["key"]}
        )
        brand = mail.brand_of(user)
        mail.send_beside(
            "password_reset",
            to=user.email,
            subject="Set a new password",
            context={"name": str(user), "url": mail.url(path, brand)},
            brand=brand,
        )
