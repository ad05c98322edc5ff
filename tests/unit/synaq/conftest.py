"""A faked wire, and clients of both dialects that talk to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
import responses
from hypothesis import settings

from provisioning.synaq import Client, Dialect

# Two cores that others use, too: the time of one example says nothing.
settings.register_profile("readers", deadline=None, database=None)
settings.load_profile("readers")

BASE = "https://api.example.test"
MakeClient = Callable[..., Client]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes clients whose salts are 1, 2, 3 …; closes them afterwards."""
    salts, made = itertools.count(1), []

    def make(dialect: Dialect = Dialect.LEGACY, base_url: str = BASE, **options: object) -> Client:
        arguments: dict[str, object] = {
            "user": "reseller@example.test",
            "key": "an-api-key",
            "salts": lambda: str(next(salts)),
            **options,
        }
        made.append(Client(base_url, dialect=dialect, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def legacy(make_client: MakeClient) -> Client:
    return make_client(Dialect.LEGACY)


@pytest.fixture
def current(make_client: MakeClient) -> Client:
    return make_client(Dialect.CURRENT)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The faked wire; every answer put on it must be asked for."""
    with responses.RequestsMock() as mock:
        yield mock
