"""Memory of worker and web processes under sustained load: below 200 MB each, and flat.

    make bench ONLY=memory                 (MINUTES=60 for the hour that the goal speaks of; 2 unless it is said)

Creations come in all the time at a pace that a worker keeps up with, and pages are opened beside. Flat means: what
the largest process holds in the last third of the time is at most 5 % above what it held in the second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from benchmarks import machine, stage, visitors
from benchmarks.rows import Row, at_most
from benchmarks.stage import say

PER_SECOND, MOST, GROWS = 15, 200.0, 1.05
PATHS = ("/", "/mailboxes/", "/activity/", "/domains/", "/companies/")


def measure() -> list[Row]:
    minutes = float(os.environ.get("MINUTES", "2"))
    with stage.database() as environment, stage.api("1-2") as api:
        domain = stage.mirror(api)
        with (
            stage.worker(environment, 2) as worker,
            stage.beat(environment),
            stage.web(environment) as (url, web),
        ):
            stage.warm(1)
            visitors.warm_up(url, domain)
            say(f"{PER_SECOND} actions and {PER_SECOND} pages a second for {minutes:g} min")
            with _load(domain, url):
                found = _watched({"worker": worker.pid, "web": web.pid}, 60 * minutes)
            stage.all_ended(180)
    return [row for name, sizes in found.items() for row in _rows(name, sizes, minutes)]


def _rows(name: str, sizes: list[float], minutes: float) -> list[Row]:
    third = len(sizes) // 3
    before, after = max(sizes[third : 2 * third]), max(sizes[2 * third :])
    words = f"memory: largest {name} process after {minutes:g} min of load"
    flat = Row(
        f"memory: {name}, last third against the second", round(after, 1), "MB", round(before, 1),
        round(after / before, 3), f"ratio ≤ {GROWS}", after <= GROWS * before,
    )  # fmt: skip
    return [at_most(words, max(sizes), "MB", MOST), flat]


def _watched(of: dict[str, int], seconds: float) -> dict[str, list[float]]:
    """MB of the largest process below each, every second."""
    found: dict[str, list[float]] = {name: [] for name in of}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, pid in of.items():
            found[name].append(max(machine.memory(one) for one in machine.tree(pid)))
        time.sleep(1)
    return found


@contextmanager
def _load(domain: Any, url: str) -> Iterator[None]:
    """Asks and opens pages until it is left."""
    over = threading.Event()
    threads = [
        threading.Thread(target=work, args=[over]) for work in (_asking(domain), _opening(domain, url))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _asking(domain: Any) -> Any:
    def ask(over: threading.Event) -> None:
        from django.db import connection

        number = 0
        while not over.wait(1 / PER_SECOND):
            number += 1
            stage.ask_for_mailboxes(domain, 1, prefix=f"load{number}-")
        connection.close()

    return ask


def _opening(domain: Any, url: str) -> Any:
    session = requests.Session()
    session.trust_env = False
    session.cookies.update(visitors.cookies(domain, 1)[0])

    def opened(over: threading.Event) -> None:
        number = 0
        while not over.wait(1 / PER_SECOND):
            number += 1
            session.get(f"{url}{PATHS[number % len(PATHS)]}", timeout=20).raise_for_status()

    return opened
