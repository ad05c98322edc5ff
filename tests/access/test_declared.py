"""The table itself: each route of the portal has its line in it, and each line its route."""

from __future__ import annotations

from django.urls import URLResolver, get_resolver

from tests.access.declared_accounts import ROUTES


def names(resolver: URLResolver | None = None, within: str = "") -> set[str]:
    """Every route's name with its namespace; of one without a name its pattern."""
    found: set[str] = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            space = f"{within}{entry.namespace}:" if entry.namespace else within
            found |= names(entry, space)
        else:
            found.add(f"{within}{entry.name or entry.pattern}")
    return found


def test_every_route_says_who_gets_in() -> None:
    missing = names() - {route.name for route in ROUTES}
    assert not missing, (
        "Say who gets in: a line for each in tests/access/declared*.py, from what the roles are meant to do."
    )


def test_no_line_is_of_a_route_that_is_gone() -> None:
    assert not {route.name for route in ROUTES} - names()
