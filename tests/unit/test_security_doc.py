"""The threat model against the tests: what the document says is tested exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/security.md").read_text()
_NAMED = re.compile(r"`(test_\w+)`")


def threats() -> dict[str, list[str]]:
    """Each row of the table of threats with the tests that it names."""
    table = DOCUMENT.split("## Threats")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0].strip(): _NAMED.findall(row[-1]) for row in rows[2:]}


def existing() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE))
    return found


def test_each_threat_has_an_answer_and_tests_that_exist() -> None:
    known, rows = existing(), threats()
    assert len(rows) > 25
    assert [threat for threat, named in rows.items() if not named] == []
    assert {name for named in rows.values() for name in named} - known == set()


def test_every_row_of_the_table_has_its_three_cells() -> None:
    table = DOCUMENT.split("## Threats")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert [line for line in lines if line.count(" | ") != 2 and not line.startswith("| ---")] == []


def test_no_test_is_named_outside_its_row() -> None:
    outside = DOCUMENT.split("## Threats")[0] + DOCUMENT.split("## In containers")[1]
    assert _NAMED.findall(outside) == []


def test_what_the_operator_is_warned_of_is_part_of_the_checks() -> None:
    """`manage.py check --deploy` runs with the settings of production, and a warning fails it."""
    from dev.checks import CHECKS

    ((_, words, production),) = [row for row in CHECKS if "--deploy" in row[1]]
    assert words[-2:] == ("--fail-level", "WARNING")
    assert production
