"""SWSS: the three headers that every request carries (contract, "Signing")."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from requests import PreparedRequest
from requests.auth import AuthBase

USER, SALT, HASH = "synaq-api-user", "synaq-api-salt", "synaq-api-hash"


class SwssAuth(AuthBase):
    """Signs each prepared request afresh; `salts` gives one that this API user has never used."""

    def __init__(self, user: str, key: str, salts: Callable[[], str]) -> None:
        if not user or not key or not (user + key).isprintable():
            raise ValueError("The API user and key must not be empty, nor hold control characters.")
        self._user, self._key, self._salts = user, key, salts

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        salt = str(self._salts())
        request.headers[USER] = _wire_text(self._user)
        request.headers[SALT] = salt
        request.headers[HASH] = swss_hash(self._user, self._key, salt)
        return request

    def __repr__(self) -> str:
        return f"SwssAuth({self._user!r})"

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in an error's words, should a page ever echo it."""
        return (self._key,)


def swss_hash(user: str, key: str, salt: str) -> str:
    """Hex SHA-1 of user name, API key and salt, joined without separators."""
    return hashlib.sha1(f"{user}{key}{salt}".encode()).hexdigest()  # noqa: S324  the API prescribes SHA-1


def _wire_text(value: str) -> str:
    # http.client writes headers as Latin-1; this spelling makes it write UTF-8, which is what was hashed.
    return value if value.isascii() else value.encode().decode("latin-1")
