"""Tell the workers, by the task's name, that something may be due. A message lost is no harm: beat comes each second."""

from __future__ import annotations

import threading
import time

import structlog
from celery import current_app

log = structlog.get_logger(__name__)

# A driver stays awake for longer than this after it was nudged, so that more messages would say nothing new.
QUIET = 1.0
AWAY = 5.0  # seconds for which nothing is announced after Redis was away
_not_before = 0.0
_lock = threading.Lock()


def nudge() -> None:
    """Have one light message sent. Never waits: a Redis that is there and silent would hold the click for seconds."""
    global _not_before
    with _lock:
        now = time.monotonic()
        if now < _not_before:
            return
        _not_before = now + QUIET
    threading.Thread(target=_send, name="announce", daemon=True).start()


def _send() -> None:
    global _not_before
    try:
        current_app.send_task("provisioning.drive", expires=5, retry=False)
    except Exception as error:  # whatever the broker's client raises: the row is committed, and beat finds it
        with _lock:
            _not_before = time.monotonic() + AWAY
        log.warning("not announced: Redis is away", error=type(error).__name__)
