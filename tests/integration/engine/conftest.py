from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sandboxed import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def legacy_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("legacy"))) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def current_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("current")), "current") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(legacy_sandbox: Sandbox) -> Sandbox:
    legacy_sandbox.tell("reset", seed="empty")
    return legacy_sandbox
