"""People with pages open: signed-in sessions, and pollers that ask as an open page does."""

from __future__ import annotations

import html
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import requests
import urllib3

from benchmarks import stage

EVERY = 1.0  # seconds between two questions of a page, as components/live.html has it
_ASKS = re.compile(r'<div id="live" hx-get="([^"]*)"[^>]*hx-vals="([^"]*)"')
_ENDED = "pill-"


def cookies(domain: Any, people: int) -> list[dict[str, str]]:
    """So many owners, each signed in: their cookies."""
    from django.conf import settings
    from django.test import Client

    from portal.accounts.models import Membership, Person
    from provisioning.models import OU

    root, found = OU.objects.get(connection=domain.connection, parent=None), []
    for number in range(people):
        person = Person.objects.filter(email=f"p{number}@example.test").first()
        if person is None:
            person = Person.objects.create(email=f"p{number}@example.test", name=f"Person {number}")
            Membership.objects.create(person=person, ou=root, role="owner")
        client = Client()
        client.force_login(person)
        found.append({settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value})
    return found


def warm_up(url: str, domain: Any) -> None:
    """Each process of the web server has made a page."""
    cookie = cookies(domain, 1)[0]
    for _ in range(20):
        requests.get(f"{url}/", cookies=cookie, timeout=20).raise_for_status()


@dataclass
class Page:
    """One open page: who has it open, and which. `asks` and `vals` are what its live part says of itself."""

    cookie: dict[str, str]
    path: str
    asks: str = ""
    vals: str = "{}"
    seen_at: float = 0.0


class Pages:
    """Many open pages, each of which asks once a second while it has something to ask for, from a few threads."""

    def __init__(self, url: str, pages: Sequence[Page], opened: Callable[[], object] = lambda: None) -> None:
        self.url, self.pages, self._opened = url, list(pages), opened
        self._open = 0
        self.answers: dict[int, int] = {}
        self.times: list[float] = []
        self._lock = threading.Lock()

    def run(self, threads: int, seconds: float) -> None:
        """Open them, spread over a second, and keep asking until each has seen its action's end."""
        end = time.monotonic() + seconds
        shares = [self.pages[place::threads] for place in range(threads)]
        workers = [threading.Thread(target=self._keep, args=[share, end]) for share in shares]
        for one in workers:
            one.start()
        for one in workers:
            one.join()

    def _keep(self, share: list[Page], end: float) -> None:
        # Lighter than `requests`: the visitors share the machine with what is measured
        pool = urllib3.PoolManager(maxsize=1)
        step = EVERY / max(1, len(share))
        due = [(time.monotonic() + number * step, page) for number, page in enumerate(share)]
        while due and time.monotonic() < end:
            due.sort(key=lambda one: one[0])
            at, page = due.pop(0)
            time.sleep(max(0.0, at - time.monotonic()))
            if self._ask(pool, page):
                # The browser's timer runs on from the question, or from when new markup came in
                due.append((max(at + EVERY, time.monotonic() + step), page))

    def _ask(self, pool: urllib3.PoolManager, page: Page) -> bool:
        """One question. Whether the page asks again."""
        first = not page.asks
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in page.cookie.items())}
        if not first:
            headers["HX-Request"] = "true"
        fields = None if first else json.loads(page.vals)
        address = f"{self.url}{page.asks or page.path}"
        began = time.monotonic()
        answer = pool.request("GET", address, fields=fields, headers=headers, timeout=30, retries=False)
        with self._lock:
            self.times.append(time.monotonic() - began)
            self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            self._open += first
            if first and self._open == len(self.pages):
                self._opened()
        if answer.status == 204:
            return True
        if answer.status != 200:
            raise RuntimeError(f"{address} answered {answer.status}.")
        found = _ASKS.search(answer.data.decode())
        if found:
            page.asks, page.vals = (html.unescape(part) for part in found.groups())
            return True
        page.seen_at = time.time()
        return False


def main(words: Sequence[str]) -> None:
    """`python -m benchmarks.visitors URL THREADS SECONDS`: pages as JSON on stdin; on stdout a line when all are open, and
    one that says what came of them."""
    url, threads, seconds = words[0], int(words[1]), float(words[2])
    asked = [Page(**one) for one in json.loads(sys.stdin.readline())]
    pages = Pages(url, asked, opened=lambda: print("open", flush=True))
    pages.run(threads, seconds)
    told = {"pages": [asdict(page) for page in pages.pages], "answers": pages.answers, "times": pages.times}
    print(json.dumps(told), flush=True)


def keep_open(url: str, pages: Sequence[Page], environment: stage.Environment, seconds: float) -> Any:
    """The process that has them open, once it has: its `communicate()` gives what came of them."""
    import subprocess

    argv = [sys.executable, "-m", "benchmarks.visitors", url, "40", str(seconds)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = stage.start(argv, environment, **pipes)
    process.stdin.write(json.dumps([asdict(page) for page in pages]) + "\n")
    process.stdin.flush()
    process.stdout.readline()
    return process


if __name__ == "__main__":
    main(sys.argv[1:])
