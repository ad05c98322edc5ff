"""Management commands get the settings of what `make run` has started."""

from pathlib import Path

import pytest

from dev.__main__ import COMMANDS
from dev.manage import run_manage, running_environment
from dev.secrets import load_secrets
from dev.settings import wanted
from dev.state import State, write_record
from dev.trouble import Trouble

RECORD = {
    "ready": True,
    "web": "http://127.0.0.1:8123",
    "sandbox": "http://127.0.0.1:8900",
    "database_url": "postgresql://portal:word@127.0.0.1:5432/postgres",
    "redis_url": "redis://:word@127.0.0.1:6379/0",
}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    for name in ("SYNAQ_BASE_URL", "SYNAQ_DIALECT", "SECRET_KEY", "SEAL_KEYS", "PORT", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MAILROOM_STATE", str(tmp_path / "state"))
    return State.chosen()


def test_they_are_those_of_the_record_and_of_the_folders_secrets(state: State) -> None:
    write_record(state, RECORD)
    found, secrets = running_environment(state, wanted()), load_secrets(state)
    assert found["DATABASE_URL"] == RECORD["database_url"]
    assert found["REDIS_URL"] == RECORD["redis_url"]
    assert found["PORT"] == "8123"
    assert found["SYNAQ_BASE_URL"] == RECORD["sandbox"]
    assert (found["SECRET_KEY"], found["SEAL_KEYS"]) == (secrets["SECRET_KEY"], secrets["SEAL_KEYS"])


def test_while_it_is_still_starting_it_says_so(state: State) -> None:
    write_record(state, {key: value for key, value in RECORD.items() if key != "ready"})
    with state.lock(), pytest.raises(Trouble, match="still starting"):
        run_manage(["health"])


@pytest.mark.parametrize(("names", "said"), [(["wroker"], "no process 'wroker'"), ([], "Name a process")])
def test_what_is_no_process_is_neither_stopped_nor_started(state: State, names: list[str], said: str) -> None:
    state.make()
    for command in (COMMANDS["stop"], COMMANDS["start"]):
        with pytest.raises(Trouble, match=said) as caught:
            command(names)
    assert "worker, beat" in str(caught.value)
    assert not list(state.holds.iterdir())
    assert COMMANDS["stop"](["worker", "beat"]) == 0
    assert {hold.name for hold in state.holds.iterdir()} == {"worker", "beat"}
    assert COMMANDS["start"](["worker", "beat"]) == 0
    assert not list(state.holds.iterdir())
