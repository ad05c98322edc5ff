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
from tests.access.declared_accounts import ROUTES
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
    """What was tried, in one line, for `make access` to end with."""
    properties = [pair for reports in terminalreporter.stats.values() for pair in _properties(reports)]
    cases = sum(number for name, number in properties if name == CASES)
    failures = sum(number for name, number in properties if name == FAILURES)
    others = len(terminalreporter.stats.get("error", []))
    line = f"routes {len(ROUTES)}, roles {len(VIEWERS)}, cases {cases}, failures {failures + others}"
    if cases and "ACCESS_LINE" in os.environ:
        Path(os.environ["ACCESS_LINE"]).write_text(line)


def _properties(reports: list[Any]) -> list[tuple[str, int]]:
    return [pair for report in reports for pair in getattr(report, "user_properties", [])]
