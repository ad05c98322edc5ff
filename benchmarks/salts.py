"""Salts used twice, when four processes start at once and draw as fast as they can from several threads.

    make bench ONLY=salts

The baseline is what each process' own microsecond counter would have given in the same run: how often two of them named
the same microsecond.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

from benchmarks import stage
from benchmarks.rows import Row
from benchmarks.stage import say

PROCESSES, THREADS, EACH = 4, 4, 2_000


def measure() -> list[Row]:
    each = stage.scaled(EACH)
    with stage.database() as environment:
        say(f"{PROCESSES} processes draw {THREADS * each:,} salts each")
        told = _draw(environment, each)
    ours, clock = ([salt for one in told for salt in one[name]] for name in ("ours", "clock"))
    twice = len(ours) - len(set(ours))
    name = f"salts: used twice, of {len(ours):,} (baseline: by the bare clock)"
    return [Row(name, twice, "salts", len(clock) - len(set(clock)), None, "0", twice == 0)]


def _draw(environment: stage.Environment, each: int) -> list[dict[str, list[str]]]:
    argv = [sys.executable, "-m", "benchmarks.salts", str(each)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [stage.start(argv, environment, **pipes) for _ in range(PROCESSES)]
    for one in started:
        one.stdout.readline()  # it is ready
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    return [json.loads(one.communicate(timeout=300)[0]) for one in started]


def _drawer(each: int) -> None:
    import django

    django.setup()
    from provisioning.salts import Salts

    salts, ours, clock = Salts("bench"), Counter[str](), Counter[str]()
    lock, last = threading.Lock(), [0]

    def by_clock() -> str:
        with lock:
            last[0] = max(last[0] + 1, time.time_ns() // 1000)
            return str(last[0])

    def draw() -> None:
        for _ in range(each):
            one, other = salts(), by_clock()
            ours[one] += 1
            clock[other] += 1

    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=draw) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"ours": list(ours.elements()), "clock": list(clock.elements())}))


if __name__ == "__main__":
    _drawer(int(sys.argv[1]))
