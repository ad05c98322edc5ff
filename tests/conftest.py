"""What all tests share: their kind by their folder, and shut sockets."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from urllib.parse import urlparse

import pytest
from _pytest.runner import runtestprotocol

KINDS = ("unit", "integration", "access", "acceptance", "faults")
HERE = Path(__file__).parent
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_xdist_suffix: None) -> None:
    """Tests that commit empty the tables afterwards, the audit trail's too: the database lets only them do so."""
    from django.conf import settings  # unit tests of the client do without

    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    options["options"] = "-c mailroom.may_truncate=on"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Event loops wake themselves through a local pair of sockets: that is no network."""
    config.option.allow_unix_socket = True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder, before `-m` chooses; unit tests get no socket, the others loopback only.

    A unit test that needs loopback after all says so: `@pytest.mark.allow_hosts(["127.0.0.1"])`.
    """
    servers = [urlparse(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "REDIS_URL")]
    hosts = [*LOOPBACK, *(host for host in servers if host)]
    for item in items:
        kind = _kind(item.path)
        if kind is None:
            continue
        item.add_marker(kind)
        if item.get_closest_marker("allow_hosts") is None:
            item.add_marker(pytest.mark.disable_socket if kind == "unit" else pytest.mark.allow_hosts(hosts))


def _with_room(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    runtestprotocol(item, nextitem=nextitem)


# Python keeps the frames of its calls in pieces of 16 KB: it asks the system for one, and gives it back, whenever a call
# crosses an edge. Templates within templates do so thousands of times a page, an eighth of the whole run's time. A frame of
# half a megabyte brings a piece of one with it, in which all that is called from here has room.
_with_room.__code__ = _with_room.__code__.replace(co_stacksize=70_000)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported and collected stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest does it, in a frame with room."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    _with_room(item, nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _kind(path: Path) -> str | None:
    parts = path.relative_to(HERE).parts if path.is_relative_to(HERE) else ()
    return parts[0] if parts and parts[0] in KINDS else None
