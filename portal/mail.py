"""Mail: plain text from templates/mail, links made from PORTAL_URL, sent after the commit of what it tells.

No mail ever carries a password. That one could not be sent is told by False and in the log, without the address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import formataddr
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.http.request import validate_host
from django.template.loader import render_to_string

from portal.accounts import home
from portal.accounts.models import Brand
from portal.branding import of
from provisioning import tallies

log = structlog.get_logger(__name__)
NAME = "Mailroom"


def send(
    name: str,
    *,
    to: str,
    subject: str,
    context: Mapping[str, Any],
    brand: Brand | None = None,
    files: Sequence[tuple[str, bytes, str]] = (),
) -> bool:
    """Send templates/mail/<name>.txt to one address; whether the server took it. Never raises for mail's own troubles.
    `files` are attached: name, content, type.

    The template sees `context`, and `portal` (the portal's name) and `support` (whom to ask, or "") besides.
    """
    message = _message(name, to, subject, context, brand)
    for file in files:
        message.attach(*file)
    return _deliver(name, message)


def send_beside(
    name: str, *, to: str, subject: str, context: Mapping[str, Any], brand: Brand | None = None
) -> None:
    """As `send`, without waiting for the mail server: the time of an answer tells nobody whether mail was sent."""
    message = _message(name, to, subject, context, brand)
    Thread(target=_deliver, args=(name, message), name=f"mail {name}").start()


def _message(
    name: str, to: str, subject: str, context: Mapping[str, Any], brand: Brand | None
) -> EmailMessage:
    facts = {"portal": brand.name if brand else NAME, "support": brand.support_email if brand else ""}
    text = render_to_string(f"mail/{name}.txt", {**context, **facts})
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=text.strip() + "\n",
        from_email=_sender(brand),
        to=[to],
        reply_to=[brand.support_email] if brand and brand.support_email else None,
        headers={"Auto-Submitted": "auto-generated"},
    )


def _deliver(name: str, message: EmailMessage) -> bool:
    try:
        taken = bool(message.send())
        tallies.add("mailroom_mails", mail=name, outcome="taken" if taken else "refused")
        return taken
    except (
        OSError,
        ValueError,
    ) as error:  # smtplib's errors are OSErrors; a bad header or address is a ValueError
        tallies.add("mailroom_mails", mail=name, outcome="refused")
        log.error("mail not sent", mail=name, error=type(error).__name__)
        return False


def brand_of(person: Any) -> Brand | None:
    """The brand under which a person knows the portal: the nearest at or above where they belong."""
    return of.for_ou(home.of(person))


def url(path: str, brand: Brand | None = None) -> str:
    """The whole address of a page, for a mail: from the settings, never from what a browser claims the host to be. A
    brand's host counts as long as the portal answers to it."""
    ours = urlsplit(settings.PORTAL_URL or f"https://{settings.ALLOWED_HOSTS[0]}")
    host = ours.netloc
    if brand and brand.host and validate_host(brand.host, settings.ALLOWED_HOSTS):
        host = f"{brand.host}:{ours.port}" if ours.port else brand.host
    return f"{ours.scheme}://{host}{path}"


def _sender(brand: Brand | None) -> str:
    """The brand's name before the one address that the mail server knows."""
    if brand is None:
        return str(settings.DEFAULT_FROM_EMAIL)
    return formataddr((" ".join(brand.name.split()), settings.MAIL_ADDRESS))
