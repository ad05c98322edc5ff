"""Beat's scheduler: it gives a sign of life as often as it comes round."""

from __future__ import annotations

import socket
from typing import Any

import structlog
from celery.beat import PersistentScheduler, SchedulingError

from provisioning import heartbeats

log = structlog.get_logger(__name__)


class Scheduler(PersistentScheduler):  # type: ignore[misc]  # no type information is published
    """A beat that hangs, or cannot reach its broker, gives none: that is what the health page tells by."""

    name = f"beat@{socket.gethostname()}"

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        heartbeats.give_safely(heartbeats.BEAT, self.name, process=heartbeats.here())
        return pause

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Announce one task. While Redis is away that is one line a time, where Celery's own would be two tracebacks."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            log.warning(
                "a task was not announced", task=entry.task, error=type(error.__cause__ or error).__name__
            )

    def close(self) -> None:
        heartbeats.end(heartbeats.BEAT, self.name)
        super().close()
