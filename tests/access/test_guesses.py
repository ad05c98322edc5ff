"""Numbers and GUIDs that somebody makes up: nothing is there, whatever they look like."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import NoReverseMatch

from tests.access.counting import Count
from tests.access.declared_accounts import ROUTES
from tests.access.declaring import MIRRORED, NO_PAGE, NOT_FOUND, Route
from tests.access.viewers import LEAST, Viewer, each, named
from tests.access.walking import Walker
from tests.access.world import Place, World

AS = ("owner", "company admin")
NUMBERS = ("0", "-1", "1.5", "0x1", "9" * 10, "9" * 19, "9" * 400, "٣", "\x00", "' or 1=1", "A" * 3000)
TEXTS = ("0", "-1", "%", "..", "'", "\x00", "a\x00b", "ﾠ", "\n", "*", "A" * 3000, "guid-zqcompany")
STANDS_FOR = (987654321, "guid-that-stands-for-another", "7d1cf1a6-5f0f-4c0d-9d55-2f7a2f0f6a11")


def guessed(route: Route, world: World) -> Iterator[str]:
    """Addresses of the route with each guess in the place of the number or GUID of its object."""
    pattern = _pattern(route, world.at("company"))
    if pattern is None:
        return
    before, after, numbered = pattern
    things = world.at("company").things
    if numbered:
        numbers = [thing.pk for place in world.places.values() for thing in place.things.values()]
        beyond = max(number for number in numbers if isinstance(number, int))
        guesses = [*NUMBERS, str(beyond + 1), str(beyond + 2)]
    else:
        other_kinds = [things[kind].guid for kind in MIRRORED if kind != route.kind]
        own = things[route.kind if route.kind in MIRRORED else "mailbox"].guid
        guesses = [*TEXTS, *other_kinds, own.upper(), f"{own} ", own[:-1], f"{own}0", str(things["ou"].pk)]
    yield from (f"{before}{quote(guess, safe='')}{after}" for guess in guesses)


def _pattern(route: Route, place: Place) -> tuple[str, str, bool] | None:
    """What stands before and after it in the address, and whether it is a number; None where there is none."""
    if not route.kind:
        return None
    for stand_in in STANDS_FOR:
        thing: Any = SimpleNamespace(guid=stand_in, pk=stand_in)
        other: Any = SimpleNamespace(things={**place.things, route.kind: thing}, ou=_ou(route, place, thing))
        try:
            before, found, after = route.url(other).partition(str(stand_in))
        except NoReverseMatch:
            continue
        if found:
            return before, after, not isinstance(stand_in, str)
    raise AssertionError(f"{route.name}: no guess fits its address")


def _ou(route: Route, place: Place, thing: Any) -> Any:
    return thing if route.kind == "ou" else place.ou


def right(route: Route, viewer: Viewer, method: str) -> frozenset[int]:
    """Nothing is there; where the address takes no such request at all, it may say that instead."""
    takes = route.get if method == "GET" else route.post
    return NOT_FOUND if takes else NO_PAGE


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("name", each(AS, LEAST))
def test_whatever_is_guessed_nothing_is_there(name: str, world: World, count: Count) -> None:
    walker = Walker(world, named(name))
    for route in ROUTES:
        method = "POST" if route.post and not route.get else "GET"
        for number, url in enumerate(guessed(route, world)):
            walker.judge(method, url, walker.ask(method, url), right(route, walker.viewer, method))
            if route.post and route.get and number % 4 == 0:
                walker.judge("POST", url, walker.ask("POST", url), NOT_FOUND)
    count(walker.walk)


def test_the_same_addresses_do_answer_for_what_is_there(world: World) -> None:
    """Else the test above could not fail."""
    walker = Walker(world, named("owner"))
    place = world.at("company")
    there = [
        route
        for route in ROUTES
        if route.kind in place.things and "O" in route.get and not route.args and place.name in route.at
    ]
    assert len(there) > 20
    for route in there:
        before, after, _ = _pattern(route, place) or ("", "", False)
        thing = place.things[route.kind]
        url = f"{before}{thing.guid if route.kind in MIRRORED else thing.pk}{after}"
        assert walker.ask("GET", url).status_code in route.shows, url
