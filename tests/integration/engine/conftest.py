from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning import connections
from provisioning.models import OU, Domain, Mailbox, Package
from provisioning.synaq import Client
from tests.integration.engine.fake_api import FakeApi, running_api
from tests.integration.factories import make_connection, make_domain, make_mailbox, make_ou, make_package
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits for an answer for a moment instead of 10 s."""
    monkeypatch.setattr(connections, "Client", functools.partial(Client, timeout=(1, 0.3)))
    monkeypatch.setattr(connections, "_clients", {})


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API that answers 404 to all that it was not told of."""
    with running_api() as running:
        yield running


class World:
    """A company with a package, a domain and a mailbox in the mirror, whose connection leads to `url`."""

    def __init__(self, url: str, dialect: str) -> None:
        self.connection = make_connection(dialect, url, rate=500)
        self.root: OU = make_ou(self.connection)
        self.company: OU = make_ou(parent=self.root)
        self.package: Package = make_package(self.company)
        self.domain: Domain = make_domain(self.company, package=self.package)
        self.mailbox: Mailbox = make_mailbox(self.domain)


@pytest.fixture
def world(api: FakeApi, db: None) -> World:
    return World(api.url, "legacy")


@pytest.fixture
def current_world(api: FakeApi, db: None) -> World:
    return World(api.url, "current")
