"""The matrix: every route, every role, every kind of object."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template import Template
from django.test import override_settings

from tests.access.counting import CASES, FAILURES, Count
from tests.access.declaring import names
from tests.access.viewers import VIEWERS
from tests.access.world import World


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Nobody here lives long enough for a good hash."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _quick_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody here asks which templates were rendered, or reads the log of some thousand refusals."""
    monkeypatch.setattr(Template, "_render", lambda template, context: template.nodelist.render(context))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world(db: None) -> World:
    """Built once for the hundreds of requests of a test, each of which is undone by itself."""
    return World()


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    return Count(request)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was tried, in one line, for `make access` to end with. A test that fails counts at least once."""
    stats = terminalreporter.stats
    walked = [_numbers(report) for name in ("passed", "failed") for report in stats.get(name, [])]
    failed = [_numbers(report) for name in ("failed", "error") for report in stats.get(name, [])]
    cases = sum(numbers.get(CASES, 0) for numbers in walked)
    failures = sum(max(1, numbers.get(FAILURES, 0)) for numbers in failed)
    line = f"routes {len(names())}, roles {len(VIEWERS)}, cases {cases}, failures {failures}"
    if walked and "ACCESS_LINE" in os.environ:
        Path(os.environ["ACCESS_LINE"]).write_text(line)


def _numbers(report: Any) -> dict[str, int]:
    return dict(report.user_properties) if report.when == "call" else {}
