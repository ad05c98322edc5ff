"""The table itself: each route of the portal has its line in it, and each line its route."""

from __future__ import annotations

from tests.access.declared_accounts import ROUTES
from tests.access.declaring import names


def test_every_route_says_who_gets_in() -> None:
    missing = names() - {route.name for route in ROUTES}
    assert not missing, (
        "Say who gets in: a line for each in tests/access/declared*.py, from what the roles are meant to do."
    )


def test_no_line_is_of_a_route_that_is_gone() -> None:
    assert not {route.name for route in ROUTES} - names()
