"""Forms of the second factor, where allauth's own keep too much, forget too soon, or stumble over rubbish."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django.core.cache import cache

SEALED_SEED = "second_factor_seed"  # in the session, until the app is set up
CODE_LIVES = 120  # seconds: longer than any code is taken


class ActivateApp(ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """The seed waits in the session, and so in the database, for the first code: sealed there too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        session = context.request.session
        if self.is_bound and session.get(SEALED_SEED):
            self.secret = get_adapter().decrypt(session[SEALED_SEED])
        else:
            session[SEALED_SEED] = get_adapter().encrypt(self.secret)
        session.pop(SECRET_SESSION_KEY, None)


class _Once:
    """A code is taken once, however long the clocks' difference lets it live."""

    user: Any

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        digest = hashlib.sha256("".join(code.split()).encode()).hexdigest()
        if not cache.add(f"factor:{self.user.pk}:{digest}", True, CODE_LIVES):
            raise get_adapter().validation_error("incorrect_code")
        return code


class FactorAtSignIn(_Once, AuthenticateForm):  # type: ignore[misc]
    pass


class FactorAgain(_Once, ReauthenticateForm):  # type: ignore[misc]
    pass


# What the libraries raise over a credential that no browser made
_RUBBISH = (KeyError, IndexError, TypeError, ValueError, AttributeError, InvalidSignature)


class _Sound:
    """A credential that cannot be read is a wrong one."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except _RUBBISH:
            raise get_adapter().validation_error("incorrect_code") from None


class PasskeyAlone(_Sound, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAtSignIn(_Sound, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgain(_Sound, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskey(AddWebAuthnForm):  # type: ignore[misc]
    def clean(self) -> Any:
        try:
            return super().clean()
        except _RUBBISH:
            raise get_adapter().validation_error("incorrect_code") from None
