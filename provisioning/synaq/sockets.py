"""Connections that remember how far a request came, so that "it was not sent" is a fact and not a guess.

An exception alone does not tell: a time-out of the TLS handshake, for one, looks like a time-out of the answer.
"""

from __future__ import annotations

import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Progress(threading.local):
    connecting = False


_progress = _Progress()


def begin() -> None:
    """To be called before a request is handed to the adapter."""
    _progress.connecting = False


def was_still_connecting() -> bool:
    """Whether this thread's last request was opening its connection, and had not begun to be sent."""
    return _progress.connecting


class _PlainConnection(HTTPConnection):
    _kept: list[bytes] | None = None  # what a request has said so far

    def connect(self) -> None:
        _progress.connecting = True
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        """Head and body go out at once: not in two pieces, between which other threads run."""
        self._kept = []
        try:
            super().request(*args, **options)
            whole = b"".join(self._kept)
        finally:
            self._kept = None
        self.send(whole)

    def send(self, data: Any) -> None:
        if self._kept is not None:
            self._kept.append(data)
            return
        if self.sock is None:
            self.connect()  # as http.client would do, but before the next line
        _progress.connecting = False
        super().send(data)


class _TlsConnection(_PlainConnection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """One connection per host, no retries."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """The usual pools, of connections that remember."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
