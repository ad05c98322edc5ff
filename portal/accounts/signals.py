"""What the trail tells of signing in, and what people are told of by mail."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest
from django.urls import reverse

from portal import mail
from portal.accounts import home
from portal.accounts.forms import SEALED_SEED
from portal.accounts.second_factor import NAMES
from portal.accounts.sessions import end_sessions
from provisioning import audit

_METHODS = {"password": "password", "socialaccount": "single sign-on"}


def connect() -> None:
    """Listen. Called once, when the program starts."""
    account.user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    for signal in (account.password_changed, account.password_set, account.password_reset):
        signal.connect(password_changed)
    mfa.authenticator_added.connect(factor_added)
    mfa.authenticator_removed.connect(factor_removed)
    mfa.authenticator_reset.connect(codes_made_anew)
    mfa.authentication_failed.connect(factor_failed)


def signed_in(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    _record("sign_in", user, text=f"With {_methods(request)}.")


def _methods(request: HttpRequest) -> str:
    records = request.session.get("account_authentication_methods", [])
    words = [
        NAMES.get(row.get("type"), "second factor")
        if row["method"] == "mfa"
        else _METHODS.get(row["method"], row["method"])
        for row in records
    ]
    return " and ".join(dict.fromkeys(words)) or "an invitation"


def signed_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None and user.is_authenticated:
        _record("sign_out", user)


def password_changed(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Whoever else was signed in with the old one is so no more."""
    end_sessions(user, but=request.session.session_key or "")
    _record("password_changed", user, new={"password": audit.CHANGED})
    _tell(user, "Your password has been changed. All other sessions have ended.")


def factor_added(request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any) -> None:
    """Sessions that were opened without it end: only the one that has shown it goes on."""
    request.session.pop(SEALED_SEED, None)
    name = NAMES[authenticator.type]
    _record("factor_added", user, new={"second factor": name})
    if authenticator.type != "recovery_codes":  # these come along with the first of the others
        end_sessions(user, but=request.session.session_key or "")
        _tell(user, f"A second factor has been added: {name}.")


def factor_removed(request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any) -> None:
    name = NAMES[authenticator.type]
    _record("factor_removed", user, old={"second factor": name})
    if authenticator.type != "recovery_codes":
        _tell(user, f"A second factor has been removed: {name}.")


def codes_made_anew(request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any) -> None:
    name = NAMES[authenticator.type]
    _record("factor_added", user, old={"second factor": name}, new={"second factor": f"new {name}"})
    _tell(user, "New recovery codes have been made. The old ones no longer work.")


def factor_failed(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Somebody got past the password, so it is told of this person."""
    audit.record("sign_in_failed", by=None, thing=user, ou=home.of(user), text="Wrong code.")


def _record(kind: str, person: Any, **facts: Any) -> None:
    audit.record(kind, by=person, thing=person, ou=home.of(person), **facts)


def _tell(person: Any, sentence: str) -> None:
    brand = mail.brand_of(person)
    mail.send_beside(
        "sign_in_changed",
        to=person.email,
        subject="How you sign in has changed",
        context={"name": str(person), "what": sentence, "url": mail.url(reverse("security"), brand)},
        brand=brand,
    )
