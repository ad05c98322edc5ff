"""Mailbox creations with provisioning through ledger and Celery, against a bare `requests` loop that makes the same calls.

    make bench ONLY=engine                 (BENCH_SCALE=0.2 for a quick look)

2,000 creations whose remote action takes 2 s. Both have two processes with twelve threads each; both talk to a sandbox
on the same machine, once as if it were 40 ms away, as an API is, and once at no distance: then what is measured is how
much processor there is for the sandbox, Postgres, Redis and the workers together. The loop runs before and after the
ledger, and its better run counts. An action ends when its row has ended. Logs are written from WARNING on.
"""

from __future__ import annotations

import os
import time
from typing import Any

from benchmarks import bare, machine, stage
from benchmarks.rows import Row, against
from benchmarks.stage import say

COUNT, PROCESSES, THREADS, SECONDS, FAR = 2_000, 2, 12, "2", 0.04


def measure() -> list[Row]:
    count = stage.scaled(COUNT)
    with stage.database(RUNNER_THREADS=str(THREADS)) as environment:
        return [*_compared(count, environment, FAR), *_compared(count, environment, 0.0)]


def _compared(count: int, environment: stage.Environment, late: float) -> list[Row]:
    where = f"API {1000 * late:.0f} ms away" if late else "API on the same cores"
    say(f"{where}: {count:,} creations by the bare loop")
    first = _bare(count, environment, late)
    say(f"{where}: {count:,} creations through the ledger")
    ours = through_the_ledger(count, environment, late=late)
    say(f"{where}: the bare loop once more")
    loop = min(first, _bare(count, environment, late), key=lambda run: run["seconds"])
    calls = f"{ours['calls'] / count:.1f} calls each, the loop {loop['calls'] / count:.1f}"
    rate, base = count / ours["seconds"], count / loop["seconds"]
    cpu, base_cpu = 1000 * ours["cpu"] / count, 1000 * loop["cpu"] / count
    return [
        against(f"engine: {count:,} creations, {where} ({calls})", rate, base, "actions/s", least=0.85),
        against(f"engine: processor time of the workers an action, {where}", cpu, base_cpu, "ms", most=2.0),
        Row(f"engine: that of Postgres, {where}", round(1000 * ours["postgres"] / count, 2), "ms"),
        Row(f"engine: that of the sandbox, {where}", round(1000 * ours["sandbox"] / count, 2), "ms"),
        *_cores_full(where, count, ours, loop),
    ]


def _cores_full(where: str, count: int, ours: dict[str, float], loop: dict[str, float]) -> list[Row]:
    """The rate at which all that takes part would fill this machine's cores: there cannot be more."""
    cores = os.cpu_count() or 1
    most = cores * count / (ours["cpu"] + ours["postgres"] + ours["sandbox"])
    base = cores * count / (loop["cpu"] + loop["sandbox"])
    name = f"engine: {cores} cores full of it, at most, {where}"
    return [Row(name, round(most), "actions/s", round(base), round(most / base, 3))]


def _bare(count: int, environment: stage.Environment, late: float) -> dict[str, float]:
    with stage.api(SECONDS, late=late) as api:
        before = machine.cpu(machine.tree(api.process.pid))
        found = bare.run(api, count, processes=PROCESSES, threads=THREADS, environment=environment)
        return {**found, "sandbox": machine.cpu(machine.tree(api.process.pid)) - before}


def through_the_ledger(
    count: int, environment: stage.Environment, processes: int = PROCESSES, *, late: float = 0.0
) -> dict[str, float]:
    """Seconds from the moment that the rows may be sent until the last has ended. `late`: how far away the API is."""
    with stage.api(SECONDS, late=late) as api:
        domain = stage.mirror(api)
        stage.hold(domain)
        stage.ask_for_mailboxes(domain, count)
        stage.settled()
        with stage.worker(environment, processes) as worker, stage.beat(environment):
            stage.warm(processes)
            before, postgres = machine.cpu(machine.tree(worker.pid)), stage.postgres_cpu()
            sandbox = machine.cpu(machine.tree(api.process.pid))
            began = time.time()
            stage.release(domain)
            stage.all_ended(60 + count / 10)
            cpu = machine.cpu(machine.tree(worker.pid)) - before
            postgres = stage.postgres_cpu() - postgres
            sandbox = machine.cpu(machine.tree(api.process.pid)) - sandbox
        seconds = stage.last_end() - began
        _check(domain, count)
        calls = api.ask("books")["requests"]["by_call"]
        made = float(sum(calls.values()))
        return {"seconds": seconds, "cpu": cpu, "postgres": postgres, "sandbox": sandbox, "calls": made}


def _check(domain: Any, count: int) -> None:
    from provisioning.models import Action

    finished = Action.objects.filter(connection=domain.connection_id, state="finished").count()
    if finished != count:
        raise RuntimeError(f"{finished:,} of {count:,} actions finished.")
