"""The baseline: a bare `requests` loop that makes the same calls as the driver, and writes nothing down.

    python -m benchmarks.bare URL DOMAIN COUNT THREADS PLACE PLACES

Each process has its share of the mailboxes and a heap of what is due; its threads take the next due call, as the
driver's do: the creation, polls at the same intervals, the reading of what was made. It waits for a line on stdin
before it begins, and prints one line of JSON in the end.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import requests

from benchmarks import stage
from benchmarks.stage import EDITION, KEY, USER, Api, Environment

PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


class Loop:
    def __init__(self, url: str, domain: str, place: int, places: int) -> None:
        self.url, self.domain = url, domain
        self._place, self._places = place, places
        self._lock, self._salt = threading.Condition(), 0
        self._due: list[tuple[float, int, str, Any]] = []
        self._left = 0
        self._local = threading.local()
        self.calls, self.ended, self.trouble = 0, 0.0, ""

    def run(self, names: Sequence[str], threads: int) -> None:
        self._left = len(names)
        self._due = [(0.0, number, "create", name) for number, name in enumerate(names)]
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
        self.ended = time.time()
        if self.trouble:
            raise RuntimeError(f"The bare loop broke off. {self.trouble}")

    def _work(self) -> None:
        while (task := self._next()) is not None:
            _, number, step, about = task
            try:
                later = getattr(self, f"_{step}")(about)
            except Exception as error:
                with self._lock:
                    self.trouble, self._left = f"{step}: {error!r}", 0
                    self._lock.notify_all()
                return
            with self._lock:
                if later is None:
                    self._left -= 1
                    self._lock.notify_all()
                else:
                    heapq.heappush(self._due, (later[0], number, later[1], later[2]))
                    self._lock.notify()

    def _next(self) -> tuple[float, int, str, Any] | None:
        with self._lock:
            while self._left:
                wait = self._due[0][0] - time.monotonic() if self._due else 1.0
                if self._due and wait <= 0:
                    return heapq.heappop(self._due)
                self._lock.wait(min(wait, 1.0))
        return None

    def _create(self, name: str) -> tuple[float, str, Any]:
        body = {
            "mailbox": {
                "email_local": name, "last_name": "Nkosi", "package_edition_code": EDITION,
                "password": "Sample123$xyz", "provision_immediately": True,
            }
        }  # fmt: skip
        path = f"/api/v1/domains/{self.domain}/mailboxes.json"
        answer = self._call("POST", path, data=json.dumps(body), headers={"Content-Type": "application/json"})
        now = time.monotonic()
        return now + 0.5, "poll", (answer.headers["Location"], now)

    def _poll(self, about: tuple[str, float]) -> tuple[float, str, Any]:
        location, since = about
        path = location if location.endswith(".json") else f"{location}.json"
        body = self._call("GET", path).json()
        inner = body.get("action")  # wrapped in its noun, or bare
        state = (inner if isinstance(inner, dict) else body)["state"]
        now = time.monotonic()
        if state.lower() == "finished":
            return 0.0, "read", location  # at once, as the driver does in the same turn
        wait = min(max(0.15 * (now - since), 0.5), 5.0) * random.uniform(0.9, 1.1)
        return now + wait, "poll", about

    def _read(self, location: str) -> None:
        guid = location.split("/mailboxes/")[1].split("/")[0]
        self._call("GET", f"/api/v1/mailboxes/{guid}.json").json()

    def _call(self, method: str, path: str, **more: Any) -> requests.Response:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        salt = self._next_salt()
        headers = more.pop("headers", {}) | {
            "Accept": "application/json",
            "synaq-api-user": USER,
            "synaq-api-salt": salt,
            "synaq-api-hash": hashlib.sha1(f"{USER}{KEY}{salt}".encode()).hexdigest(),  # noqa: S324  as the API has it
        }
        answer: requests.Response = session.request(
            method, self.url + path, headers=headers, timeout=(3, 10), **more
        )
        answer.raise_for_status()
        return answer

    def _next_salt(self) -> str:
        """Of processes side by side each takes its own residue, so that none meets another's."""
        with self._lock:
            self.calls += 1
            now = int(time.time() * 1_000_000) // self._places
            self._salt = max(self._salt + 1, now)
            return str(self._salt * self._places + self._place)


def run(api: Api, count: int, *, processes: int, threads: int, environment: Environment) -> dict[str, float]:
    """Seconds, processor time and calls of so many creations by the bare loop."""
    started = []
    for place in range(processes):
        argv = [sys.executable, "-m", "benchmarks.bare", api.url, api.world.domain]
        argv += map(str, (count, threads, place, processes))
        started.append(stage.start(argv, environment, **PIPES))
    try:
        for one in started:
            one.stdout.readline()  # it is ready
        began = time.time()
        for one in started:
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [json.loads(one.stdout.readline()) for one in started]
    finally:
        for one in started:
            one.kill()
            one.communicate()
    seconds = max(one["ended"] for one in told) - began
    return {
        "seconds": seconds,
        "cpu": sum(one["cpu"] for one in told),
        "calls": sum(one["calls"] for one in told),
    }


def main(words: Sequence[str]) -> None:
    url, domain = words[:2]
    count, threads, place, places = map(int, words[2:])
    loop = Loop(url, domain, place, places)
    print("ready", flush=True)
    sys.stdin.readline()
    before = resource.getrusage(resource.RUSAGE_SELF)
    loop.run([f"bare{number}" for number in range(place, count, places)], threads)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"ended": loop.ended, "cpu": cpu, "calls": loop.calls}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
