"""System checks: a route without a policy fails the build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from portal.middleware import states_policy


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route with its whole pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


@register()
def every_route_states_its_policy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error for each route whose view names nobody."""
    return [
        Error(
            f"Route {path!r} states no policy.",
            hint="Decorate the view with portal.access.policy.",
            id="portal.E001",
        )
        for path, pattern in routes()
        if not states_policy(pattern.callback)
    ]
