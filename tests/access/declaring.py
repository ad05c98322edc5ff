"""How a route is declared, and what the declaration says of one viewer and one object.

The letters of roles are those of `viewers.py`. They are written by hand, from the description of the roles and not from the
code, so that a view with a wrong policy fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver, reverse

from tests.access.viewers import Viewer
from tests.access.world import GONE, PLACES, Place, World

NOT_FOUND = frozenset({404})
SIGN_IN = frozenset({302})
ONLY_LOOKING = frozenset({409})
NO_PAGE = frozenset({404, 405})
DONE = frozenset({200, 302, 303, 422})
PUBLIC, ANYBODY = "public", "anybody signed in"
MIRRORED = ("ou", "package", "domain", "mailbox")  # named by their GUID
COMPANIES = ("company", "sibling", "other", GONE)


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


@dataclass(frozen=True)
class Route:
    """Who gets in.

    kind: of the object that the address names, "" without one. get, post: letters of the roles that get in on the object,
    or PUBLIC, or ANYBODY; get "": there is no page; post None: the page takes none. shows: what a GET then answers, told
    what a POST does. at: where such an object may be asked for at all. fresh: who it is has just been proved. account: a
    page of one's own account, which nobody sees who looks as a customer.
    """

    name: str
    kind: str = ""
    get: str = ""
    post: str | None = None
    shows: frozenset[int] = frozenset({200})
    told: frozenset[int] = DONE
    at: tuple[str, ...] = (*PLACES, GONE)
    only_held_at: str = ""
    fresh: bool = False
    account: bool = False
    looking: bool = False  # may be sent while looking as a customer
    args: Callable[[Place], list[Any]] | None = None
    data: Callable[[Place], dict[str, Any]] | None = None
    query: str = ""

    def url(self, place: Place) -> str:
        return reverse(self.name, args=self._args(place)) + self.query

    def _args(self, place: Place) -> list[Any]:
        if self.args is not None:
            return self.args(place)
        if not self.kind:
            return []
        thing = place.things[self.kind]
        return [thing.guid if self.kind in MIRRORED else thing.pk]

    def sent(self, place: Place) -> dict[str, Any]:
        return self.data(place) if self.data else {}

    def places(self, world: World, viewer: Viewer) -> list[Place]:
        """Where there is such an object; one place is enough where the address names none."""
        if not self.kind:
            return [world.at("company")]
        names = (
            viewer.stands_apart() if viewer.holds else ("company", "other")
        )  # without a role all are alike
        return [world.at(name) for name in names if self.kind in world.at(name).things]

    def wanted(self, viewer: Viewer, place: Place, method: str) -> frozenset[int]:
        """The answers that are right."""
        letters = self.get if method == "GET" else (self.get if self.post is None else self.post)
        if method == "GET" and not self.get:
            return self._no_page(viewer)
        if letters == PUBLIC:
            return self._public(viewer, method)
        if not viewer.signed_in:
            return SIGN_IN
        if viewer.looks and (self.account or (method == "POST" and not self.looking)):
            return ONLY_LOOKING
        if not self._lets_in(viewer, place, letters):
            return NOT_FOUND | NO_PAGE if method == "POST" and self.post is None else NOT_FOUND
        if method == "POST" and self.post is None:
            return self.shows | NO_PAGE
        return self.shows if method == "GET" else self.told

    def _public(self, viewer: Viewer, method: str) -> frozenset[int]:
        """Public is not for whoever looks as a customer: their own account, and what is sent."""
        if viewer.looks and (self.account or method == "POST") and not self.looking:
            return ONLY_LOOKING
        if method == "POST":
            return self.shows | NO_PAGE if self.post is None else self.told
        return self.shows

    def _no_page(self, viewer: Viewer) -> frozenset[int]:
        if viewer.looks and self.account:
            return ONLY_LOOKING
        return NO_PAGE if viewer.signed_in else SIGN_IN | NO_PAGE

    def _lets_in(self, viewer: Viewer, place: Place, letters: str) -> bool:
        if letters == ANYBODY:
            return not self.kind
        if self.only_held_at:
            return bool(viewer.letters(self.only_held_at) & set(letters))
        if not self.kind:
            return bool(viewer.anywhere() & set(letters))
        return place.name in self.at and bool(viewer.letters(place.name) & set(letters))
