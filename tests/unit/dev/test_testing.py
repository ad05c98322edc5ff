"""`make test` and its parts that need no servers."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dev import chromium
from dev.signals import Stopped
from dev.testing import overall
from dev.throwaway import await_all
from dev.trouble import Trouble


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 0], 0),
        ([0, 5], 0),
        ([5, 0], 0),
        ([5, 5], 5),
        ([1, 0], 1),
        ([0, 1], 1),
        ([5, 2], 2),
        ([-9, 0], -9),
    ],
)
def test_one_exit_code_of_two_runs(codes: list[int], code: int) -> None:
    assert overall(codes) == code


def started(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", script])


def test_both_runs_are_awaited_whichever_ends_first() -> None:
    assert await_all(started("sleep 0.2; exit 3"), started("exit 1")) == [3, 1]


def test_a_request_to_stop_reaches_both_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [started("exec sleep 60"), started("exec sleep 60")]
    ours = subprocess.Popen.wait

    def stopped_once(process: subprocess.Popen[bytes], timeout: float | None = None) -> Any:
        monkeypatch.setattr(subprocess.Popen, "wait", ours)
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(subprocess.Popen, "wait", stopped_once)
    assert await_all(*both) == [-signal.SIGTERM, -signal.SIGTERM]


@pytest.fixture
def _no_chromium(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(chromium, "MAC", tmp_path / "none")


@pytest.mark.usefixtures("_no_chromium")
def test_without_chromium_the_browser_tests_may_be_left_out() -> None:
    assert chromium.ensure_chromium() is None


@pytest.mark.usefixtures("_no_chromium")
def test_on_ci_a_missing_chromium_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Trouble, match="need Chromium: install Chromium"):
        chromium.ensure_chromium()


@pytest.mark.usefixtures("_no_chromium")
@pytest.mark.parametrize("name", chromium.NAMES)
def test_chromium_is_found_by_each_of_its_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    (tmp_path / name).chmod(0o755)
    assert chromium.find_chromium() == str(tmp_path / name)


@pytest.mark.usefixtures("_no_chromium")
def test_the_chromium_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert chromium.find_chromium() == "/opt/chromium"
