"""Beat's scheduler: it gives a sign of life as often as it comes round."""

from __future__ import annotations

import socket
from typing import Any

from celery.beat import PersistentScheduler

from provisioning import heartbeats


class Scheduler(PersistentScheduler):  # type: ignore[misc]  # no type information is published
    """A beat that hangs, or cannot reach its broker, gives none: that is what the health page tells by."""

    name = f"beat@{socket.gethostname()}"

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        heartbeats.give_safely(heartbeats.BEAT, self.name, process=heartbeats.here())
        return pause

    def close(self) -> None:
        heartbeats.end(heartbeats.BEAT, self.name)
        super().close()
