"""Generated secrets of a state folder, made once and kept in `secrets.env` (mode 0600)."""

from __future__ import annotations

import base64
import os
import secrets
import uuid
from collections.abc import Callable

from dev.state import State, write_private
from dev.trouble import Trouble


def _token() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "SEAL_KEYS": _fernet_key,
    "POSTGRES_PASSWORD": _token,
    "REDIS_PASSWORD": _token,
    "SANDBOX_USER": lambda: f"reseller-{secrets.token_hex(3)}@mailroom.test",
    "SANDBOX_KEY": lambda: secrets.token_hex(20),
    "SANDBOX_RESELLER_GUID": lambda: str(uuid.uuid4()),
    "PORTAL_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def load_secrets(state: State) -> dict[str, str]:
    """All generated secrets of the folder; those that are missing are made and kept."""
    known = _read(state)
    missing = {name: make() for name, make in MAKERS.items() if not known.get(name)}
    if missing:
        known |= missing
        write_private(state.secrets, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known


def _read(state: State) -> dict[str, str]:
    try:
        lines = state.secrets.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Trouble(f"The secrets in {state.secrets} cannot be read: {error.strerror}.") from error
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}
