"""Tell the workers, by the task's name, that something may be due. A message lost is no harm: beat comes each second."""

from __future__ import annotations

import threading
import time

import structlog
from celery import current_app

log = structlog.get_logger(__name__)

# A driver stays awake for longer than this after it was nudged, so that more messages would say nothing new.
QUIET = 0.5
_last = 0.0
_lock = threading.Lock()


def nudge() -> None:
    """Send one light message; do without when Redis is away."""
    global _last
    with _lock:
        now = time.monotonic()
        if now - _last < QUIET:
            return
        _last = now
    try:
        current_app.send_task("provisioning.drive", expires=5, retry=False)
    except Exception as error:  # whatever the broker's client raises: the row is committed, and beat finds it
        log.warning("not announced: Redis is away", error=type(error).__name__)
