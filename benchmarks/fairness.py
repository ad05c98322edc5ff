"""A click of one customer, while 10,000 actions of another stand in the queue.

    make bench ONLY=fairness

The other's actions were asked for one by one, as nobody's batch, and nothing but the connection's usual rate of 50
calls a second holds them. Ten clicks are asked for meanwhile, two seconds apart: how long until each was sent?
"""

from __future__ import annotations

import statistics
import time
import uuid
from typing import Any

from benchmarks import stage
from benchmarks.claims import copy_queued
from benchmarks.rows import Row, at_most
from benchmarks.stage import say

QUEUED, CLICKS, EVERY, RATE, GOAL = 10_000, 10, 2.0, 50, 1.0


def measure() -> list[Row]:
    queued = stage.scaled(QUEUED)
    with stage.database() as environment, stage.api("1-2", mailboxes=CLICKS) as api:
        from provisioning import ledger

        domain = stage.mirror(api, rate=RATE)
        boxes = _another_customers(domain)
        stage.hold(domain)
        say(f"{queued:,} actions of one customer are queued")
        first = stage.ask_for_mailboxes(domain, ledger.CROWD + 1)
        copy_queued(first[-1], queued - len(first))  # like the last of those, which stands back already
        stage.settled()
        with stage.worker(environment, 2), stage.beat(environment):
            stage.warm(1)
            stage.release(domain)
            time.sleep(5)  # they are at it
            waits = _click(boxes)
    return [
        at_most("fairness: a click beside them, asked until sent, longest", max(waits), "s", GOAL),
        Row("fairness: the same, median", round(statistics.median(waits), 3), "s"),
    ]


def _another_customers(domain: Any) -> list[Any]:
    """The mailboxes, as if they were of another company below the same reseller."""
    from provisioning.models import OU, Mailbox

    root = OU.objects.get(connection=domain.connection, parent=None)
    other = OU.objects.create(
        connection=domain.connection, parent=root, guid=str(uuid.uuid4()), title="Another", type="company",
        as_at=domain.as_at,
    )  # fmt: skip
    OU.objects.filter(pk=other.pk).update(path=f"{root.path}{other.pk}.")
    Mailbox.objects.update(ou=other)
    return list(Mailbox.objects.select_related("ou", "connection", "domain"))


def _click(boxes: list[Any]) -> list[float]:
    from provisioning.models import Action
    from provisioning.services import mailboxes

    asked = []
    for box in boxes:
        asked.append(mailboxes.change_state(box, "mailbox.suspend", by=None, submission=uuid.uuid4()).pk)
        time.sleep(EVERY)
    sent = Action.objects.filter(pk__in=asked, sent_at__isnull=False)
    stage.wait_for(lambda: sent.count() == len(asked), 60, "the clicks to be sent", every=0.2)
    return [(row.sent_at - row.asked_at).total_seconds() for row in sent if row.sent_at]
