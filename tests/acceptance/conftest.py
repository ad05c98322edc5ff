"""The real program and a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from dev.chromium import HINT, find_chromium
from tests.acceptance.stack import Stack

CHROMIUM_WORDS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
)


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> None:
    """Playwright runs an event loop in this thread, where Django would refuse database calls.

    Only for browser tests: elsewhere the refusal is right.
    """
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """This machine's own Chromium: browsers are never downloaded."""
    path = find_chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"the browser tests need Chromium: {HINT}")
    if path is None:
        pytest.skip(f"no Chromium here: {HINT}")
    return {**browser_type_launch_args, "executable_path": path, "args": list(CHROMIUM_WORDS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1360, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One running Mailroom with the demo, for all tests of the run. Who breaks it mends it."""
    running = Stack(SANDBOX_ACTION_SECONDS="0.3-1")
    try:
        yield running.start()
    finally:
        running.remove()
