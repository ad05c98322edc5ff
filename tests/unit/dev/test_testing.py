"""`make test` and its parts that need no servers."""

from pathlib import Path

import pytest

from dev import chromium
from dev.testing import overall
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
