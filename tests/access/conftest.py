"""The matrix: every route, every role, every kind of object."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.template import Template
from django.test import override_settings

from portal import access, outages
from portal.accounts import held, second_factor
from portal.bell import counts
from portal.branding import of
from portal.health import probes
from tests.access.counting import CASES, FAILURES, Count
from tests.access.declaring import names
from tests.access.scoping import number_apart
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
    gc.disable()
    yield
    gc.enable()
    logging.disable(logging.NOTSET)


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What is the same at each of a viewer's requests is asked once: what they hold, and what the shell says around a page.

    Each request is undone, so none can change it for the next. The other tests here ask anew each time.
    """
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

    def once(module: Any, name: str, key: Callable[[Any], Any]) -> None:
        real, kept = getattr(module, name), {}

        def asked(about: Any) -> Any:
            if key(about) not in kept:
                kept[key(about)] = real(about)
            return kept[key(about)]

        monkeypatch.setattr(module, name, asked)

    def who(request: Any) -> Any:
        acting = access.acting_now(request) if hasattr(request, "session") else None
        person = getattr(request, "user", None)
        return (
            getattr(person, "pk", None),
            acting and acting.pk,
            tuple(access.grants(request).rows) if person else (),
        )

    once(held, "by", lambda person: person.pk)
    once(second_factor, "is_missing", lambda person: person.pk)
    once(of, "_find", who)
    once(counts, "_counted", who)
    once(access, "connections_behind", who)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once for all tests of a file."""
    with django_db_blocker.unblock(), transaction.atomic():
        number_apart()
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _portals_own(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """How the portal itself is doing is asked about everybody, and told in numbers: that is no scope's business.

    Its numbers are for whoever has the token, as wherever other people come; without one, loopback is let in.
    """
    settings.METRICS_TOKEN = "only for Prometheus, who is not here"
    monkeypatch.setattr(probes, "lines", list)


@pytest.fixture
def world(built: World, db: None) -> World:
    """As it was built, whatever the tests before have added to it: `db` takes that back."""
    return built


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


@pytest.fixture(autouse=True)
def _outages_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of one page for the next, whose test has changed what there is to say."""
    monkeypatch.setattr(outages, "YOUNG", -1.0)
