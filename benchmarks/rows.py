"""What a benchmark measured, as rows: kept in `results/latest.json`, shown as a table in `README.md`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

SEED = 6
PACKAGES = ("django", "celery", "redis", "requests", "psycopg", "gunicorn")
HERE = Path(__file__).parent
LATEST = HERE / "results" / "latest.json"
README = HERE / "README.md"
_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Row:
    """One figure. `baseline` was measured in the same run, in the same unit; `ratio` is value / baseline. `goal` says in
    words what must hold; `ok` whether it did, or None where there is no goal."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    ok: bool | None = None


def against(
    name: str,
    value: float,
    baseline: float,
    unit: str,
    *,
    most: float | None = None,
    least: float | None = None,
) -> Row:
    """A row that is well while `value` is at most `most`, or at least `least`, times its baseline."""
    ratio = value / baseline
    ok = (most is None or ratio <= most) and (least is None or ratio >= least)
    goal = f"ratio ≤ {most}" if least is None else f"ratio ≥ {least}"
    return Row(name, round(value, 4), unit, round(baseline, 4), round(ratio, 3), goal, ok)


def at_least(name: str, value: float, unit: str, least: float) -> Row:
    """A row that is well while `value` is at least `least`."""
    return Row(name, round(value, 4), unit, goal=f"≥ {least} {unit}", ok=value >= least)


def at_most(name: str, value: float, unit: str, most: float) -> Row:
    """A row that is well while `value` is at most `most`."""
    return Row(name, round(value, 4), unit, goal=f"≤ {most} {unit}", ok=value <= most)


def keep(benchmark: str, rows: Iterable[Row]) -> None:
    """Put the benchmark's rows in the place of its former ones, with when and on what they were measured."""
    kept = _kept()
    others = [row for row in kept["rows"] if row["benchmark"] != benchmark]
    stamp = {"benchmark": benchmark, "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    kept["rows"] = sorted([*others, *({**asdict(row), **stamp} for row in rows)], key=lambda row: row["name"])
    kept["seed"] = SEED
    kept["machine"] = {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }
    kept["versions"] = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    _into_readme(kept["rows"])


def told(rows: Iterable[Row]) -> str:
    """The rows as lines for a terminal."""
    return "\n".join(
        f"  {row.name}: {row.value:g} {row.unit}"
        + (f", baseline {row.baseline:g}, ratio {row.ratio:g}" if row.ratio is not None else "")
        + (f"; goal {row.goal}: {'ok' if row.ok else 'MISSED'}" if row.goal else "")
        for row in rows
    )


def _kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(LATEST.read_text()) if LATEST.exists() else {"rows": []}
    return found


def _into_readme(rows: list[dict[str, Any]]) -> None:
    lines = [
        "| name | value | unit | baseline | ratio | goal | ok |",
        "| --- | ---: | --- | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        cells = [
            row["name"],
            row["value"],
            row["unit"],
            row["baseline"],
            row["ratio"],
            row["goal"],
            row["ok"],
        ]
        words = {None: "", True: "yes", False: "no"}
        lines.append(
            f"| {' | '.join(str(words.get(cell, cell) if isinstance(cell, bool | None) else cell) for cell in cells)} |"
        )
    text = README.read_text()
    before, after = text.split(_BEGIN)[0], text.split(_END)[1]
    README.write_text(f"{before}{_BEGIN}\n{chr(10).join(lines)}\n{_END}{after}")
