"""The second factor: kept sealed, and asked of everybody whose role says so."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from portal import mail
from portal.accounts.models import Membership, SecondFactorRule
from provisioning import secrets

_WRONG = "This code is not right, or has been used before. Wait for the next one and try again."
NAMES = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery codes"}
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """The seeds of apps and recovery codes lie sealed in the database."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _WRONG,
        "cannot_delete_authenticator": "Your role asks for a second factor: add another one before you remove this.",
    }

    def encrypt(self, text: str) -> str:
        return secrets.seal({"factor": text})

    def decrypt(self, encrypted_text: str) -> str:
        return str(secrets.unseal(encrypted_text)["factor"])

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user=user.pk, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_totp_issuer(self) -> str:
        return self._get_site_name()

    def _get_site_name(self) -> str:
        """What the app or the browser calls us: as the person knows the portal."""
        brand = mail.brand_of(context.request.user)
        return brand.name if brand else mail.NAME


def has_one(person: Any) -> bool:
    """Recovery codes alone are none."""
    found: bool = Authenticator.objects.filter(user=person.pk, type__in=FACTORS).exists()
    return found


def is_required(person: Any) -> bool:
    """Whether a role that they hold anywhere asks for a second factor."""
    return _asked(person).exists()


def is_missing(person: Any) -> bool:
    """Whether one is required and none is set up: one query, asked on each request."""
    factor = Authenticator.objects.filter(user=OuterRef("person"), type__in=FACTORS)
    return _asked(person).filter(~Exists(factor)).exists()


def _asked(person: Any) -> QuerySet[Membership]:
    held_on = ExpressionWrapper(OuterRef("ou__path"), output_field=CharField())
    rule = SecondFactorRule.objects.alias(held_on=held_on).filter(
        role=OuterRef("role"), held_on__startswith=F("ou__path")
    )
    by_role = Q(role__in=settings.SECOND_FACTOR_ROLES) | Exists(rule)
    return Membership.objects.filter(by_role, person=person.pk)
