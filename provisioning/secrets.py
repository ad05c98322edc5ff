"""Seal, open: authenticated encryption for what must wait a moment before it is sent. Fails closed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

BLOT = "•••"
SHORTEST = 4  # characters


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
    except (InvalidToken, ValueError):
        raise CannotOpen("A sealed value cannot be opened with the present SEAL_KEYS.") from None
    return opened


def reseal(sealed: str) -> str:
    """The same, sealed with the first key; unchanged where it is already. Raises CannotOpen."""
    if not sealed or _opens(Fernet(settings.SEAL_KEYS[0]), sealed):
        return sealed
    return seal(unseal(sealed))


def _opens(box: Fernet, sealed: str) -> bool:
    try:
        box.decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def blot(text: str, secrets: dict[str, Any]) -> str:
    """The text without any of the secret values, however an answer that quotes them may have spelled them."""
    for value in sorted(set(_values(secrets)), key=len, reverse=True):
        for spelled in sorted(_spellings(value), key=len, reverse=True):
            text = text.replace(spelled, BLOT)
    return text


def _values(secrets: Any) -> Iterator[str]:
    """Those long enough to be told from ordinary words; SYNAQ refuses shorter ones anyway."""
    if isinstance(secrets, dict):
        for value in secrets.values():
            yield from _values(value)
    elif isinstance(secrets, str) and len(secrets) >= SHORTEST:
        yield secrets


def _spellings(value: str) -> set[str]:
    quoted = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    every = {value, html.escape(value), quote(value, safe=""), quote_plus(value), *quoted}
    every |= {_as_a_page_shows_it(spelled) for spelled in every}
    return {spelled for spelled in every if len(spelled) >= SHORTEST}


def _as_a_page_shows_it(text: str) -> str:
    """Without what looks like a tag, on one line: so the client reads pages that came in the place of an answer."""
    return " ".join(re.sub(r"<[^>]*>?", " ", text).replace(">", " ").split())
