"""A lost second factor, reset by an owner."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.urls import reverse

from portal import mail
from portal.accounts import home
from portal.accounts.models import Person
from portal.accounts.second_factor import NAMES
from portal.accounts.sessions import end_sessions
from provisioning import audit


@transaction.atomic
def reset(person: Person, *, by: Any, reason: str = "") -> None:
    """Their app, passkeys and recovery codes work no more, their sessions end, and a mail tells them.

    Whether `by` may do so is the view's business; None is whoever runs the server, at its console. Whoever must have a
    factor sets up a new one at the next sign-in.
    """
    rows = Authenticator.objects.filter(user=person)
    had = sorted({NAMES[row.type] for row in rows})
    rows.delete()
    ended = end_sessions(person)
    audit.record(
        "factor_reset",
        by=by,
        ou=home.of(person),
        thing=person,
        reason=reason,
        old={"second factor": ", ".join(had) or "none", "open sessions": ended},
        new={"second factor": "none", "open sessions": 0},
    )
    transaction.on_commit(partial(_tell, person, by))


def _tell(person: Person, by: Any) -> None:
    brand = mail.brand_of(person)
    mail.send(
        "factor_reset",
        to=person.email,
        subject="Your second factor has been reset",
        context={
            "name": str(person),
            "by": str(by or "Whoever runs the portal"),
            "url": mail.url(reverse("account_login"), brand),
        },
        brand=brand,
    )
