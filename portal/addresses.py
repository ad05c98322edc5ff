"""Addresses of things by their GUIDs, for lists: `reverse` looks for the route anew each time, a dozen times a row."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from django.urls import get_script_prefix, reverse

_SAFE = "!$&'()*+,;=~:@"  # as reverse has it: RFC 3986's sub-delimiters, and what a path may hold besides
_PLACE = "THE-GUID-STANDS-HERE"


def of(route: str, guid: str, *rest: str) -> str:
    """What `reverse(route, args=[guid, *rest])` gives; raises NoReverseMatch as it does."""
    if not guid or "/" in guid:
        return reverse(route, args=[guid, *rest])
    before, after = _around(get_script_prefix(), route, rest)
    return f"{before}{quote(guid, safe=_SAFE)}{after}"


@lru_cache(maxsize=1024)
def _around(prefix: str, route: str, rest: tuple[str, ...]) -> tuple[str, str]:
    """Before and after the GUID. The prefix, which `reverse` knows by itself, names the connection (`which.py`)."""
    before, _, after = reverse(route, args=[_PLACE, *rest]).partition(_PLACE)
    return before, after
