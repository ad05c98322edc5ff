"""What the environment asks the launcher for, checked before anything is started."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlparse

from dev.ports import LOOPBACK, free_port
from dev.trouble import Trouble

DIALECTS = ("legacy", "current")
CONNECTION = ("SYNAQ_API_USER", "SYNAQ_API_KEY", "SYNAQ_RESELLER_GUID")


@dataclass(frozen=True)
class Wanted:
    """The web server's port, and the API to talk to: `base_url` is empty for the sandbox."""

    port: int
    base_url: str
    dialect: str

    @property
    def sandbox(self) -> bool:
        return not self.base_url


def wanted() -> Wanted:
    """Read PORT and SYNAQ_* from the environment; trouble if they cannot be meant."""
    base_url = _text("SYNAQ_BASE_URL")
    dialect = _text("SYNAQ_DIALECT") or "legacy"
    if dialect not in DIALECTS:
        raise Trouble(f"SYNAQ_DIALECT must be legacy or current, not {dialect!r}.")
    if base_url:
        _check_connection(base_url)
    return Wanted(_port(), base_url, dialect)


def _text(name: str) -> str:
    return os.environ.get(name, "").strip()


def _check_connection(base_url: str) -> None:
    missing = [name for name in CONNECTION if not _text(name)]
    if missing:
        raise Trouble(f"SYNAQ_BASE_URL is set, so these must be set too: {', '.join(missing)}.")
    address = urlparse(base_url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise Trouble(f"SYNAQ_BASE_URL must be an http or https address, not {base_url!r}.")


def _port() -> int:
    text = _text("PORT") or "8000"
    if not text.isdecimal() or int(text) > 65535:
        raise Trouble(f"PORT must be a number up to 65535, not {text!r}.")
    return int(text)


def claim_port(port: int) -> int:
    """The port itself if the web server can have it, any free one for 0; trouble if it is taken."""
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise Trouble(f"Port {port} needs root: choose another, for instance PORT=8001.")
            other = 8001 if port == 8000 else port + 1
            raise Trouble(
                f"Port {port} is taken by another program: choose another, for instance PORT={other}."
            )
    return port
