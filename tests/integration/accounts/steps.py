"""What people do to sign in, as requests."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.test import Client

from portal.accounts.models import Person
from provisioning.models import AuditEntry
from tests.integration.factories import PASSWORD

LOGIN = "/accounts/login/"


def sign_in(client: Client, person: Person, password: str = PASSWORD, **data: str) -> Any:
    return client.post(LOGIN, {"login": person.email, "password": password, **data})


def is_signed_in(client: Client) -> bool:
    answer = client.get("/accounts/security/")
    return bool(answer.status_code == 200)


def add_app(person: Person) -> str:
    """An authenticator app that is set up; its seed."""
    seed = str(generate_totp_secret())
    TOTP.activate(person, seed)
    return seed


def add_codes(person: Person) -> list[str]:
    codes: list[str] = RecoveryCodes.activate(person).generate_codes()
    return codes


def code(seed: str, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes from now."""
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30 + steps)))


def wrong(seed: str) -> str:
    """Six digits that are right at no moment near now."""
    near = {code(seed, steps) for steps in range(-3, 4)}
    return next(f"{n:06}" for n in range(10) if f"{n:06}" not in near)


def kinds(person: Person | None = None) -> list[str]:
    """What the trail tells, oldest first; of one person only, if named."""
    rows = AuditEntry.objects.order_by("pk")
    if person is not None:
        rows = rows.filter(object_kind="person", object_guid=str(person.pk))
    return list(rows.values_list("kind", flat=True))


def factors(person: Person) -> list[str]:
    return sorted(Authenticator.objects.filter(user=person).values_list("type", flat=True))


def mails(number: int) -> list[Any]:
    """So many mails, once the thread that hands them over has done so."""
    deadline = time.monotonic() + 10
    while len(mail.outbox) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(mail.outbox) == number
    return list(mail.outbox)
