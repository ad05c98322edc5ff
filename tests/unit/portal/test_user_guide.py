"""The user guide speaks of what is there: its pictures exist, and what it quotes stands on a button."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")


def on_the_screen() -> str:
    """All words that templates, views and the operations table put on pages."""
    files = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "portal").rglob("*.py"),
        *(ROOT / "provisioning" / "operations").rglob("*.py"),
    ]
    return " ".join(" ".join(file.read_text(encoding="utf-8").split()) for file in files)


def test_every_picture_of_the_guide_exists() -> None:
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", GUIDE)
    assert len(named) >= 7
    assert [name for name in named if not (ROOT / "docs" / name).is_file()] == []


def test_every_label_that_the_guide_quotes_stands_on_a_page() -> None:
    quoted = {" ".join(label.split()) for label in re.findall(r"\*\*([^*]+)\*\*", GUIDE)}
    assert len(quoted) >= 15
    shown = on_the_screen()
    assert sorted(label for label in quoted if label not in shown and label != "bold") == []
