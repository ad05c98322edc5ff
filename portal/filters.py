"""Filters of a list: kept in the address, shown as chips, each with its way off."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest

CURSORS = ("after", "before", "v", "open")


def without(request: HttpRequest, *names: str) -> str:
    """This list's first page without those filters."""
    query = request.GET.copy()
    for name in (*names, *CURSORS):
        query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def chips(request: HttpRequest, shown: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    """For components/chips.html; `shown` is the filters in force, parameter → (label, value)."""
    return [
        {"label": label, "value": value, "url": without(request, name)}
        for name, (label, value) in shown.items()
    ]
