"""What to do about a component that is not well: one sentence, and the heading of docs/runbook.md that says more."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.health import Line


@dataclass(frozen=True)
class Advice:
    label: str
    todo: str
    runbook: str


ADVICE = {
    "web": Advice("Web server", "Look at the web server's log.", "PagesFail"),
    "database": Advice(
        "Database", "Look at Postgres; web and workers come back by themselves.", "DatabaseAway"
    ),
    "redis": Advice("Redis", "Start Redis again; it may be empty.", "RedisAway"),
    "workers": Advice("Workers", "Start the workers again, and look at the end of their log.", "WorkersDead"),
    "driver": Advice("Driver", "Restart the workers.", "NobodyDrives"),
    "beat": Advice("Beat", "Restart beat.", "BeatDead"),
    "clocks": Advice("Clocks", "Have the machines' clocks set by NTP.", "ClocksDiffer"),
    "ledger": Advice("Ledger", "See what is late: manage.py ledger --late.", "DueTooLong"),
    "connections": Advice(
        "Connections", "The connection's page says what SYNAQ answered.", "ConnectionBroken"
    ),
}


def of(line: Line) -> str:
    """What to do, with the runbook's heading."""
    advice = about(line)
    return f"{advice.todo} (docs/runbook.md, {advice.runbook})"


def about(line: Line) -> Advice:
    """What there is to do first: where another component is the cause, about that one."""
    return ADVICE[line.cause or line.name]
