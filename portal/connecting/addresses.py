"""Where a connection may lead. A worker goes there with the portal's own network: the operator says which hosts."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.request import validate_host

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SHAPE = "Type it as https://host or https://host/prefix."
_UNSAFE = re.compile(r"[\s\\\x00-\x1f\x7f]|%")


def clean(typed: str) -> str:
    """The address as it is kept. Raises ValidationError, in a sentence, for one that is none or leads elsewhere."""
    text = trimmed(typed)
    parts, port = _parts(text)
    if parts.username is not None or parts.password is not None:
        raise ValidationError("An address holds no user or password: they have fields of their own.")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValidationError(f"An address ends before any ? or #. {_SHAPE}")
    host = (parts.hostname or "").rstrip(".")
    _must_be_known(parts.scheme, host)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path}"


def trimmed(typed: str) -> str:
    """The address as it is compared and kept: without what stands at the end of every call's."""
    return typed.strip().rstrip("/").removesuffix("/api/v1")


def _parts(text: str) -> tuple[SplitResult, int | None]:
    if _UNSAFE.search(text) or not text.isascii():
        raise ValidationError(f"That is no address. {_SHAPE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValidationError(f"That is no address. {_SHAPE}")
    if parts.scheme not in ("http", "https") or not parts.hostname or ".." in parts.path.split("/"):
        raise ValidationError(f"That is no address. {_SHAPE}")
    return parts, port


def _must_be_known(scheme: str, host: str) -> None:
    loopback = settings.INSECURE_HTTP and host in LOOPBACK
    if scheme == "http" and not loopback:
        raise ValidationError("The address must begin with https://.")
    known = [name for name in settings.CONNECTION_HOSTS if name]
    if not loopback and not validate_host(host, known):
        raise ValidationError(
            "The portal does not connect to this host. Whoever runs the server adds it to CONNECTION_HOSTS first."
        )
