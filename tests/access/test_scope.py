"""Each queryset that a view uses went through scope: by the code, and by what is asked of the database."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpRequest

from portal import access
from provisioning.models import Mailbox
from tests.access.counting import Count
from tests.access.declared_accounts import ROUTES
from tests.access.declaring import PUBLIC, Route
from tests.access.scoping import SCOPED, Watch
from tests.access.unscoped import UNSCOPED
from tests.access.viewers import each, named
from tests.access.walking import Walker
from tests.access.world import World

PORTAL = Path(access.__file__).parents[1]
NO_VIEWS = {
    "access",
    "management",
    "migrations",
    "models",
}  # scope itself, commands, and the tables themselves
AS = ("owner", "company admin", "made role")


def unscoped(code: str) -> set[str]:
    """Models that scope is about and whose manager the code uses by itself."""
    names = {model.__name__ for model in SCOPED}
    return {
        node.value.id
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and node.attr in ("objects", "_default_manager", "_base_manager")
        and isinstance(node.value, ast.Name)
        and node.value.id in names
    }


def used() -> Iterator[tuple[str, str]]:
    for path in sorted(PORTAL.rglob("*.py")):
        inside = path.relative_to(PORTAL)
        if not NO_VIEWS & set(inside.parts) and inside.as_posix() != "billing/models.py":
            yield from ((inside.as_posix(), name) for name in unscoped(path.read_text()))


def test_no_code_of_the_portal_asks_for_scoped_things_but_through_access_or_for_a_reason() -> None:
    found, known = (
        set(used()),
        {(path, name) for path, names in UNSCOPED.items() for name in names[0].split()},
    )
    assert not found - known, "Ask portal/access for them; or say in unscoped.py what narrows them instead."
    assert not known - found, "These reasons are for nothing: take them away."


def test_a_manager_used_in_a_view_would_be_found() -> None:
    assert unscoped("def view(request):\n    return Mailbox.objects.filter(pk=1)") == {"Mailbox"}
    assert unscoped("def view(request):\n    return access.mailboxes(request)") == set()


def walked(
    viewer: str, world: World, walker: Walker, routes: Iterable[Route] = ROUTES
) -> Iterator[tuple[str, str]]:
    """(address, statement) for each statement that nothing narrows, of all that the viewer can open and send."""
    watch = Watch(world, named(viewer), walker.person)
    for route in routes:
        if PUBLIC in (route.get, route.post) or route.account:
            continue
        place = world.at("company" if route.kind in ("", *world.at("company").things) else "root")
        url = route.url(place)
        for method in ("GET", "POST") if route.post else ("GET",):
            watch.loose.clear()
            with connection.execute_wrapper(watch):
                walker.ask(method, url, route.sent(place) if method == "POST" else None)
            walker.walk.cases += 1
            yield from [(f"{method} {url}", sql) for sql in watch.loose]


@pytest.mark.parametrize("name", each(AS))
def test_whatever_a_request_asks_the_database_for_is_narrowed_to_the_viewers_own(
    name: str, world: World, count: Count
) -> None:
    walker = Walker(world, named(name))
    for url, sql in walked(name, world, walker):
        walker.walk.fail(f"{name}: {url} asks for things of everybody: {sql[:1500]}")
    count(walker.walk)


def test_a_view_that_forgot_scope_would_be_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(request: HttpRequest) -> object:
        return Mailbox.objects.all()

    monkeypatch.setattr(access, "mailboxes", forgotten)
    lists = [route for route in ROUTES if route.name == "mailboxes:list"]
    found = {url for url, _ in walked("owner", world, Walker(world, named("owner")), lists)}
    assert "GET /mailboxes/" in found
