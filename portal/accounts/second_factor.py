"""The second factor: kept sealed, and asked of everybody whose role says so."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from portal import mail, roles
from portal.accounts.models import CustomRole, Membership, SecondFactorRule
from portal.accounts.models.roles import PREFIX
from portal.roles import Role
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


def guarded() -> frozenset[str]:
    """Permissions that, of the ready roles, only those of SECOND_FACTOR_ROLES hold."""
    forced, free = set[str](), set[str]()
    for role in roles.ROLES.values():
        (forced if role.name in settings.SECOND_FACTOR_ROLES else free).update(role.permissions)
    return frozenset(forced - free)


def settings_ask(role: Role) -> bool:
    """Whether the settings ask it of whoever holds the role: they name it, or it holds what else only named ones hold."""
    return role.name in settings.SECOND_FACTOR_ROLES or bool(role.permissions & guarded())


def _asked(person: Any) -> QuerySet[Membership]:
    held_on = ExpressionWrapper(OuterRef("ou__path"), output_field=CharField())
    rule = SecondFactorRule.objects.alias(held_on=held_on).filter(
        role=OuterRef("role"), held_on__startswith=F("ou__path")
    )
    by_role = Q(role__in=settings.SECOND_FACTOR_ROLES) | Q(Exists(rule))
    if strong := sorted(guarded()):
        called = Concat(Value(PREFIX), Cast("pk", CharField()))
        made = CustomRole.objects.alias(called=called).filter(called=OuterRef("role"))
        by_role |= Q(Exists(made.filter(permissions__overlap=strong)))
    return Membership.objects.filter(by_role, person=person.pk)
