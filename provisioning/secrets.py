"""Seal, open: authenticated encryption for what must wait a moment before it is sent. Fails closed."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class CannotOpen(Exception):
    """The sealed text was made with a key that SEAL_KEYS no longer holds, or was changed."""


def _box() -> MultiFernet:
    try:
        keys = [Fernet(key) for key in settings.SEAL_KEYS]
    except ValueError:
        raise ImproperlyConfigured("SEAL_KEYS holds something that is no Fernet key.") from None
    if not keys:
        raise ImproperlyConfigured("SEAL_KEYS is empty: nothing can be sealed.")
    return MultiFernet(keys)


def seal(secrets: dict[str, Any]) -> str:
    """Sealed text of a small mapping; "" for an empty one."""
    return _box().encrypt(json.dumps(secrets).encode()).decode() if secrets else ""


def unseal(sealed: str) -> dict[str, Any]:
    """What was sealed. Raises CannotOpen rather than ever returning the sealed text itself."""
    if not sealed:
        return {}
    try:
        opened: dict[str, Any] = json.loads(_box().decrypt(sealed.encode()))
    except InvalidToken:
        raise CannotOpen("A sealed value cannot be opened with the present SEAL_KEYS.") from None
    return opened


def blot(text: str, secrets: dict[str, Any]) -> str:
    """The text without any of the secret values: an answer may quote what was sent."""
    for value in secrets.values():
        if isinstance(value, dict):
            text = blot(text, value)
        elif isinstance(value, str) and len(value) >= 4:
            text = text.replace(value, "•••")
    return text
