"""A sandbox of each generation, empty, with a clock that stands still."""

import pytest

from tests.unit.sandbox.driver import Driver


@pytest.fixture
def legacy() -> Driver:
    return Driver("legacy")


@pytest.fixture
def current() -> Driver:
    return Driver("current")


@pytest.fixture(params=["legacy", "current"])
def either(request: pytest.FixtureRequest) -> Driver:
    return Driver(request.param)
