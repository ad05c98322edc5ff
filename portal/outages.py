"""Since when no worker is heard of: looked up once a second for all pages of a process."""

from __future__ import annotations

import time
from datetime import datetime
from threading import Lock

from provisioning import heartbeats

YOUNG = 1.0  # seconds for which it is not looked up again
_lock = Lock()
_known: tuple[float, datetime | None] = (float("-inf"), None)


def forget() -> None:
    """The next page looks it up."""
    global _known
    _known = (float("-inf"), None)


def nobody_works_since() -> datetime | None:
    """When the last worker was heard of, where none is any more."""
    global _known
    with _lock:
        at, known = _known
        if time.monotonic() - at > YOUNG:
            known = heartbeats.silent_since(heartbeats.WORKER)
            _known = (time.monotonic(), known)
    return known
