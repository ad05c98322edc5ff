"""What reaches the terminal, and what is kept."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev.logs import MOST, WIDTH, Log


def follow(folder: Path, text: str) -> tuple[Log, list[str]]:
    said: list[str] = []
    log = Log(folder, "worker", said.append)
    process = subprocess.Popen([sys.executable, "-c", f"print({text!r})"], stdout=subprocess.PIPE)
    log.follow(process)
    process.wait()
    log.close()
    return log, said


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "request", "level": "info"}',
        "[2026-11-23 06:54:28,941: INFO/MainProcess] Task done",
        "[info     ] request",
        '  File "x.py", line 3, in <module>',
    ],
)
def test_everyday_lines_are_kept_and_not_shown(tmp_path: Path, line: str) -> None:
    log, said = follow(tmp_path, line)
    assert log.path.read_text() == f"{line}\n"
    assert said == []


@pytest.mark.parametrize("line", ["ValueError: no", '{"event": 3}', '["a list"]', "3"])
def test_troubles_are_shown_with_the_name_of_who_says_it(tmp_path: Path, line: str) -> None:
    assert follow(tmp_path, line)[1] == [f"worker  | {line}"]


def test_a_structured_line_is_shown_in_words_without_its_traceback(tmp_path: Path) -> None:
    line = '{"job": "mailbox.create", "event": "was not sent", "level": "error", "exception": "long", "request_id": null}'
    assert follow(tmp_path, line)[1] == ["worker  | error: was not sent job=mailbox.create"]


def test_of_a_traceback_only_its_end_is_shown(tmp_path: Path) -> None:
    text = "Traceback (most recent call last):\n  File x\n    call()\nKeyError: 1\n\nDuring handling of the above …"
    assert follow(tmp_path, text)[1] == ["worker  | KeyError: 1"]


def test_a_flood_of_errors_is_shown_in_part_and_kept_whole(tmp_path: Path) -> None:
    log, said = follow(tmp_path, "\n".join(f"error {number}" for number in range(100)))
    assert len(said) == MOST
    assert said[-1] == f"worker  | error {MOST - 1} ... (more of it in {log.path})"
    assert len(log.path.read_text().splitlines()) == 100


def test_long_lines_are_cut_on_the_terminal_only(tmp_path: Path) -> None:
    log, said = follow(tmp_path, "x" * 1000)
    assert len(said[0]) == WIDTH + len("worker  | ")
    assert len(log.path.read_text()) == 1001


def test_the_last_line_is_remembered(tmp_path: Path) -> None:
    assert follow(tmp_path, "one\ntwo\n\n")[0].last == "two"
