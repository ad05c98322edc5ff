"""From *finished at the API* to *finished in Postgres*, while 500 actions are in flight.

    make bench ONLY=lag

Creations whose remote action takes 4 to 8 s come due so that about 500 are in flight all the time. When an action
finished there is what the sandbox says, when it finished here is its row's `ended_at`: one machine, one clock.
"""

from __future__ import annotations

import statistics
import threading
from datetime import timedelta

from benchmarks import stage
from benchmarks.rows import Row, at_least, at_most
from benchmarks.stage import say

IN_FLIGHT, PER_SECOND, COUNT = 500, 85, 1_500
SECONDS = "4-8"
GOAL = 1.2


def measure() -> list[Row]:
    count = IN_FLIGHT + max(20, stage.scaled(COUNT - IN_FLIGHT))
    with stage.database() as environment, stage.api(SECONDS) as api:
        domain = stage.mirror(api)
        stage.hold(domain)
        say(f"{count:,} creations, {IN_FLIGHT} at once and then {PER_SECOND} a second")
        stage.ask_for_mailboxes(domain, count)
        with stage.worker(environment, 2), stage.beat(environment):
            stage.warm(2)
            _spread()
            stage.settled()
            stage.release(domain)
            flying = _in_flight_until_ended(count)
        found = stage.lags(api)
    return [
        at_most(f"lag: finished there to finished here, 95 % of {len(found):,}", stage.percentile(found, 0.95), "s", GOAL),
        Row("lag: the same, median", round(statistics.median(found), 3), "s"),
        at_least("lag: in flight meanwhile, median", statistics.median(flying), "actions", IN_FLIGHT * 0.9),
    ]  # fmt: skip


def _spread() -> None:
    """The first are due at once, the others one after the other."""
    from django.utils import timezone

    from provisioning.models import Action

    rows = list(Action.objects.order_by("id"))
    now = timezone.now()
    for number, row in enumerate(rows[IN_FLIGHT:]):
        row.next_at = now + timedelta(seconds=2 + number / PER_SECOND)
    Action.objects.bulk_update(rows[IN_FLIGHT:], ["next_at"], batch_size=500)


def _in_flight_until_ended(count: int) -> list[int]:
    """How many were in flight, each second while more came due."""
    from django.utils import timezone

    from provisioning.models import Action

    found: list[int] = []
    for _ in range(60 + count):
        flying = Action.objects.filter(state__in=Action.IN_FLIGHT).count()
        to_come = Action.objects.filter(state=Action.State.QUEUED, next_at__gt=timezone.now()).exists()
        if not to_come and not Action.objects.filter(state__in=Action.OPEN).exists():
            return found
        if to_come and (found or flying > 0.8 * IN_FLIGHT):
            found.append(flying)
        threading.Event().wait(1)
    raise TimeoutError("The actions did not end.")
