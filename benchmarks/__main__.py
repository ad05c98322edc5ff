"""`make bench`: run the benchmarks, or the one named, and keep what they measured.

    python -m dev exec -- .venv/bin/python -m benchmarks [NAME ...]

Each module of this folder that has `measure() -> list[Row]` is one benchmark. Its rows take the place of its former ones in
`results/latest.json` and in the table of `README.md`. Exit 1 when a row misses its goal, or a benchmark breaks off.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
import traceback

import benchmarks
from benchmarks import stage
from benchmarks.rows import Row, keep, told


def names() -> list[str]:
    """The benchmarks there are, by module name."""
    modules = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return [name for name in modules if name not in ("__main__", "rows") and _measures(name)]


def _measures(name: str) -> bool:
    return hasattr(importlib.import_module(f"benchmarks.{name}"), "measure")


def main(wanted: list[str]) -> int:
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(known)}.")
        return 2
    missed = 0
    for name in wanted or known:
        began = time.monotonic()
        print(f"{name}:", flush=True)
        try:
            rows: list[Row] = importlib.import_module(f"benchmarks.{name}").measure()
        except Exception:  # the others are measured all the same
            traceback.print_exc()
            rows = [Row(f"{name}: broke off", 0.0, "", goal="a figure", ok=False)]
        if stage.scaled(1000) == 1000:  # a quick look is not kept
            keep(name, rows)
        print(f"{told(rows)}\n  ({time.monotonic() - began:.0f} s)", flush=True)
        missed += sum(row.ok is False for row in rows)
    print(f"{missed} missed their goal." if missed else "All reached their goals.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
