"""How a worker gets its messages from Redis."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as Celerys


class Consumer(Celerys):  # type: ignore[misc]  # no type information is published
    """Asks for Redis every two seconds while that is away. Celery's own pauses grow to half a minute, so that after a long
    outage work would go on as late."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=2, interval_step=0)
        return super().ensure_connected(conn)
