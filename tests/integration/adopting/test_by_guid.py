"""Things that a person names by GUID are taken in where they belong, parents first, whatever the order of the lines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from provisioning import adopting, collecting
from provisioning.adopting import Wanted
from provisioning.models import Adoption, Connection, Domain, Mailbox, Package, Reading
from provisioning.operations import OPERATIONS
from provisioning.operations.rules import sold_on
from tests.integration.engine.asking import work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, running_api, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Any:
    with running_api() as running:
        yield running


@pytest.fixture
def world(api: FakeApi) -> World:
    return World(api.url, "legacy")


def states(world: World) -> dict[str, str]:
    rows = Adoption.objects.filter(connection=world.connection)
    return dict(rows.values_list("guid", "state"))


def test_a_customer_named_in_any_order_is_taken_in_whole(api: FakeApi, world: World) -> None:
    api.on("GET", "/ous/", says(200, {"ou": {"title": "Acme"}}))
    api.on("GET", "/packages/", says(200, {"package": {"state": "active", "code": "SYN-CMS"}}))
    api.on("GET", "/domains/", says(200, {"domain": {"domain_name": "acme.example", "state": "active"}}))
    api.on("GET", "/mailboxes/", says(200, {"mailbox": {"email": "a@acme.example", "state": "active"}}))
    root = world.root.guid
    lines = [
        Wanted("mailbox", "m-1", "d-1"), Wanted("domain", "d-1", "c-1"), Wanted("package", "p-1", "c-1"),
        Wanted("ou", "c-1", root), Wanted("domain", "d-2", "nobody-knows"),
    ]  # fmt: skip
    assert adopting.name(world.connection, lines, by=None) == 5
    assert adopting.name(world.connection, lines, by=None) == 0, "named twice, they are taken in once"
    for _ in range(4):
        adopting.sweep()
        work()
    adopting.sweep()
    assert states(world) == {
        "m-1": "taken", "d-1": "taken", "p-1": "taken", "c-1": "taken", "d-2": "refused"
    }  # fmt: skip
    box = Mailbox.objects.get(guid="m-1")
    assert (box.email, box.domain.guid, box.ou.guid) == ("a@acme.example", "d-1", "c-1")
    assert box.ou.path.startswith(world.root.path)
    assert Package.objects.get(guid="p-1").ou == box.ou


def take_in(world: World, *lines: Wanted) -> None:
    adopting.name(world.connection, lines, by=None)
    for _ in range(3):
        adopting.sweep()
        work()


def test_a_mailbox_that_names_its_package_tells_what_its_domain_is_on(api: FakeApi, world: World) -> None:
    named = [{"guid": world.package.guid, "code": "SYN-CMS", "edition_code": "SYN-CMS-BASIC-02"}]
    api.on("GET", "/domains/", says(200, {"domain_name": "acme.example", "state": "active"}))
    api.on("GET", "/mailboxes/", says(200, {"email": "a@acme.example", "state": "active", "packages": named}))
    take_in(world, Wanted("domain", "d-1", world.company.guid), Wanted("mailbox", "m-1", "d-1"))
    assert list(Domain.objects.get(guid="d-1").packages.all()) == [world.package]


@pytest.mark.parametrize("shown", [{}, {"packages": None}, {"packages": [{"code": "SYN-CMS"}]}])
def test_a_domain_of_which_synaq_does_not_show_the_packages_is_served_all_the_same(
    api: FakeApi, world: World, shown: dict[str, Any]
) -> None:
    body = {"domain_name": "acme.example", "state": "active", **shown}
    api.on("GET", "/domains/", says(200, body))
    take_in(world, Wanted("domain", "d-1", world.company.guid))
    row = Domain.objects.get(guid="d-1")
    assert not row.links.exists()
    assert OPERATIONS["domain.close"].why_not(row, "legacy") == ""
    assert row in collecting.domains_of(world.connection)
    assert list(sold_on(row)) == [world.package]


def test_a_domain_with_fields_to_fill_in_is_on_a_package(api: FakeApi, world: World) -> None:
    body = {"domain_name": "acme.example", "state": "inactive", "fields": {"mail_delivery_location": None}}
    api.on("GET", "/domains/", says(200, body))
    take_in(world, Wanted("domain", "d-1", world.company.guid))
    row = Domain.objects.get(guid="d-1")
    assert [OPERATIONS[name].why_not(row, "legacy") for name in ("domain.fields", "domain.provision")] == [
        "",
        "",
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"state": "active", "packages": []},
        {"state": "inactive", "packages": []},
        {"state": "inactive", "fields": {}},
    ],
)
def test_a_domain_that_synaq_shows_on_no_package_has_to_be_linked(
    api: FakeApi, world: World, said: dict[str, Any]
) -> None:
    api.on("GET", "/domains/", says(200, {"domain_name": "acme.example", **said}))
    take_in(world, Wanted("domain", "d-1", world.company.guid))
    row = Domain.objects.get(guid="d-1")
    assert "Link a package first" in OPERATIONS["domain.usage"].why_not(row, "legacy")
    assert row not in collecting.domains_of(world.connection)
    assert not sold_on(row).exists()


def test_a_guid_that_synaq_does_not_know_is_refused_in_words_and_may_be_tried_again(
    api: FakeApi, world: World
) -> None:
    wanted = [Wanted("domain", "no-such", world.company.guid)]
    adopting.name(world.connection, wanted, by=None)
    adopting.sweep()
    work()
    adopting.sweep()
    row = Adoption.objects.get()
    assert (row.state, Domain.objects.filter(guid="no-such").exists()) == ("refused", False)
    assert "knows no domain" in row.words
    assert adopting.name(world.connection, wanted, by=None) == 1
    assert states(world) == {"no-such": "waiting"}


def test_a_legacy_connection_reads_each_thing_that_it_knows(world: World, capsys: Any) -> None:
    call_command("reconcile")
    assert "has no lists" in capsys.readouterr().out
    wanted = set(Reading.objects.filter(due_at__isnull=False).values_list("kind", "guid"))
    things = (world.root, world.company, world.package, world.domain, world.mailbox)
    assert wanted == {(thing.kind, thing.guid) for thing in things}


def test_lists_are_gone_through_once_a_night_and_not_on_the_day_of_the_connection(
    world: World, settings: Any
) -> None:
    settings.USAGE_HOUR = 2
    Connection.objects.update(dialect="current")
    night = timezone.localtime(timezone.now()).replace(hour=3, minute=0) + timedelta(days=1)
    assert adopting.by_night(night - timedelta(days=1)) == 0, "it was set up today"
    assert adopting.by_night(night.replace(hour=1)) == 0, "too early"
    assert adopting.by_night(night) == 1
    Connection.objects.update(listed_at=night)
    assert adopting.by_night(night + timedelta(minutes=1)) == 0
    settings.USAGE_HOUR = None
    assert adopting.by_night(night + timedelta(days=1)) == 0
