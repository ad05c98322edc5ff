"""Every route × every viewer × every place: the declared answer, and no word that is not theirs."""

from __future__ import annotations

import pytest

from tests.access.counting import Count
from tests.access.declared_accounts import ROUTES
from tests.access.viewers import NAMES, each, named
from tests.access.walking import Walker
from tests.access.world import World


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("name", each(NAMES))
def test_each_route_answers_as_declared(name: str, world: World, count: Count) -> None:
    walker = Walker(world, named(name))
    for route in ROUTES:
        for place in route.places(world, walker.viewer):
            walker.try_route(route, place)
    count(walker.walk)
