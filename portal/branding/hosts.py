"""Host names of brands: the operator decides which there are, and the portal's own is not everybody's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.request import validate_host

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)


def clean(typed: str, *, may_take_own: bool) -> str:
    """The name as it is kept, "" for none. Raises ValidationError, in a sentence."""
    host = typed.strip().lower().rstrip(".")
    if not host:
        return ""
    if not _NAME.fullmatch(host):
        raise ValidationError("Type the bare name, as in mail.example.com: no https://, no path, no port.")
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise ValidationError(
            "The portal does not answer to this name yet. Whoever runs the server adds it to ALLOWED_HOSTS first."
        )
    if host == own() and not may_take_own:
        raise ValidationError(
            "This is the portal's own address, which all resellers share. Use another name."
        )
    return host


def own() -> str:
    """The name that everybody comes to."""
    return (urlsplit(settings.PORTAL_URL).hostname or "") or settings.ALLOWED_HOSTS[0].lower()
