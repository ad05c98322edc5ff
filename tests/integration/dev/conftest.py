"""State folders that the database's account can get to."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.state import State


@pytest.fixture
def state() -> Iterator[State]:
    """A folder of its own; pytest's are closed to other accounts, so as root the database could not use them."""
    root = Path(tempfile.mkdtemp(prefix="mailroom-test-")).resolve()
    root.chmod(0o711)
    state = State(root)
    state.make()
    yield state
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No servers given from outside."""
    for name in ("DATABASE_URL", "REDIS_URL", "PG_BIN", "VALKEY_BIN"):
        monkeypatch.delenv(name, raising=False)
