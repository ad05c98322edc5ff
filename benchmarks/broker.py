"""How many messages go through the broker for each action, while 40 actions a second are asked for.

    make bench ONLY=broker

Two processes ask, as the web server's two do; a beat and a worker run. Counted are the messages that are put into the
queue, by listening to Redis.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import stage
from benchmarks.rows import Row, at_most
from benchmarks.stage import say

PER_SECOND, SECONDS, ASKERS = 40, 20, 2
_OVER = "the counting is over"


def measure() -> list[Row]:
    seconds = max(5, stage.scaled(SECONDS))
    count = PER_SECOND * seconds
    with stage.database() as environment, stage.api("0.5-1") as api:
        domain = stage.mirror(api)
        with stage.worker(environment, 2), stage.beat(environment):
            stage.warm(1)
            say(f"{count:,} actions in {seconds} s")
            with _counted() as messages:
                took = _ask(environment, domain.pk, count)
            stage.all_ended(120)
    rate = f"{count / took:.0f} actions/s"
    return [at_most(f"broker: messages an action, at {rate}", len(messages) / count, "messages", 0.1)]


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The messages that are put into the queue while inside."""
    from django.conf import settings

    found: list[str] = []
    queue = f"LPUSH {settings.CELERY_TASK_DEFAULT_QUEUE} "

    def listen(monitor: Any) -> None:
        for line in monitor.listen():
            if line["command"] == f"ECHO {_OVER}":
                return
            if line["command"].startswith(queue) and line["client_type"] != "lua":
                found.append(line["command"])

    with stage.redis().monitor() as monitor:
        listening = threading.Thread(target=listen, args=[monitor], daemon=True)
        listening.start()
        try:
            yield found
        finally:
            stage.redis().echo(_OVER)
            listening.join()


def _ask(environment: stage.Environment, domain: int, count: int) -> float:
    """Have so many asked for by two processes. Returns the seconds that it took."""
    started = []
    for place in range(ASKERS):
        argv = [sys.executable, "-m", "benchmarks.broker", str(domain), str(count // ASKERS), str(place)]
        started.append(
            stage.start(argv, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for one in started:
        one.stdout.readline()  # it is ready
    began = time.monotonic()
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in started:
        if one.wait(300):
            raise RuntimeError("An asking process broke off.")
    return time.monotonic() - began


def _asker(domain: int, count: int, place: int) -> None:
    """Ask at an even pace, one transaction each, as a view does."""
    import django

    django.setup()
    from provisioning.models import Domain

    row = Domain.objects.select_related("ou__connection", "connection").get(pk=domain)
    print("ready", flush=True)
    sys.stdin.readline()
    began, every = time.monotonic(), ASKERS / PER_SECOND
    for number in range(count):
        time.sleep(max(0.0, began + number * every - time.monotonic()))
        stage.ask_for_mailboxes(row, 1, prefix=f"p{place}-{number}-")
    time.sleep(0.2)  # the last announcement is a thread of its own


if __name__ == "__main__":
    _asker(*map(int, sys.argv[1:4]))
