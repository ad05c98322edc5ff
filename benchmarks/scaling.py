"""Two worker processes against one.

    make bench ONLY=scaling

The API is far away: each call takes 30 ms more to arrive, and a process has four threads, so that waiting is what it
does most, as in production. With the sandbox, Postgres and the workers on two cores, a second process that is not
waiting would find no core to run on: how much of the machine was in use is told besides.
"""

from __future__ import annotations

from benchmarks import engine, stage
from benchmarks.rows import Row, against
from benchmarks.stage import say

COUNT, THREADS, LATE = 1_200, 4, 0.03  # so many that the last action's own two seconds weigh little


def measure() -> list[Row]:
    count = stage.scaled(COUNT)
    runs = {}
    for processes in (1, 2):
        with stage.database(RUNNER_THREADS=str(THREADS), RUNNER_SLOTS=str(processes)) as environment:
            say(f"{count:,} creations by {processes} worker process{'es' if processes > 1 else ''}")
            runs[processes] = engine.through_the_ledger(count, environment, processes, late=LATE)
    one, two = (count / runs[processes]["seconds"] for processes in (1, 2))
    busy = runs[2]["cpu"] / runs[2]["seconds"]
    return [
        against("scaling: two worker processes against one", two, one, "actions/s", least=1.7),
        Row("scaling: cores that the two workers used", round(busy, 2), "cores"),
    ]
