"""Generated secrets are made once."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from dev.secrets import MAKERS, load_secrets
from dev.state import State
from dev.trouble import Trouble


def test_the_second_reading_finds_the_same_secrets(tmp_path: Path) -> None:
    first = load_secrets(State(tmp_path))
    assert load_secrets(State(tmp_path)) == first
    assert set(first) == set(MAKERS)


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    load_secrets(State(tmp_path))
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_a_later_version_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("SECRET_KEY=kept\nOTHER=kept too\n")
    secrets = load_secrets(State(tmp_path))
    assert secrets["SECRET_KEY"] == "kept"
    assert secrets["OTHER"] == "kept too"
    assert secrets["SEAL_KEYS"]


def test_two_folders_have_different_secrets(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = load_secrets(State(tmp_path / "one")), load_secrets(State(tmp_path / "two"))
    assert all(one[name] != two[name] for name in MAKERS)


def test_the_seal_key_is_one_that_fernet_takes(tmp_path: Path) -> None:
    Fernet(load_secrets(State(tmp_path))["SEAL_KEYS"].encode())


def test_the_signing_key_is_long_enough_for_production(tmp_path: Path) -> None:
    assert len(load_secrets(State(tmp_path))["SECRET_KEY"]) >= 50


def test_unreadable_secrets_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").mkdir()
    with pytest.raises(Trouble, match="cannot be read"):
        load_secrets(State(tmp_path))
