"""The state folder: chosen, locked, measured."""

from pathlib import Path

import pytest

from dev.state import CHECKOUT, State, read_record, write_record
from dev.trouble import Trouble


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.make()
    return state


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILROOM_STATE", str(tmp_path / "mine"))
    assert State.chosen().root == tmp_path / "mine"
    assert State.chosen(connected=True).root == tmp_path / "mine"


def test_demo_and_customers_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILROOM_STATE", raising=False)
    monkeypatch.setattr(State, "make", lambda _self: None)
    assert State.chosen().root == CHECKOUT / "var"
    assert State.chosen(connected=True).root == CHECKOUT / "var" / "synaq"


def test_a_second_launcher_in_one_folder_is_refused_with_the_address_of_the_first(state: State) -> None:
    write_record(state, {"web": "http://127.0.0.1:8000"})
    with state.lock(), pytest.raises(Trouble, match=r"already running .* at http://127\.0\.0\.1:8000"):
        state.lock()


def test_the_lock_goes_when_it_is_closed(state: State) -> None:
    state.lock().close()
    state.lock().close()


def test_a_full_disk_is_one_sentence(state: State) -> None:
    with pytest.raises(Trouble, match=r"too little disk space at .* MB free, 999999999 MB needed"):
        state.check_space(999_999_999)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="cannot be used"):
        State(tmp_path / "file" / "state").make()


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_record_reads_as_none(state: State, text: str) -> None:
    state.record.write_text(text)
    assert read_record(state) == {}


def test_the_record_is_its_owners(state: State) -> None:
    write_record(state, {"web": "x"})
    assert state.record.stat().st_mode & 0o777 == 0o600
    assert read_record(state) == {"web": "x"}
