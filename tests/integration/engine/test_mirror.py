"""The mirror takes whatever comes, keeps what was said last, and guesses nothing."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning import mirror
from provisioning.models import OU, Catalogue, Domain, DomainLink, Edition, Mailbox, Package
from provisioning.synaq.wire import MASK
from tests.integration.engine.conftest import World
from tests.integration.factories import make_mailbox, make_package

pytestmark = pytest.mark.django_db

KINDS = ("ou", "package", "domain", "mailbox")


def write(world: World, kind: str, guid: str, body: Any, at: datetime | None = None, **home: Any) -> None:
    place = mirror.Home(world.connection, world.company, world.domain, **home)
    mirror.write(mirror.Seen(kind, guid, body, at or timezone.now()), place)


def mailbox(world: World) -> Mailbox:
    return Mailbox.objects.get(pk=world.mailbox.pk)


def domain(world: World) -> Domain:
    return Domain.objects.get(pk=world.domain.pk)


# --- what is newer


def test_an_older_answer_never_overwrites_a_newer_one(world: World) -> None:
    now = timezone.now()
    write(world, "mailbox", world.mailbox.guid, {"state": "suspended", "last_name": "New"}, now)
    write(
        world,
        "mailbox",
        world.mailbox.guid,
        {"state": "active", "last_name": "Old"},
        now - timedelta(seconds=1),
    )
    write(world, "mailbox", world.mailbox.guid, None, now - timedelta(seconds=1))
    row = mailbox(world)
    assert (row.state, row.last_name, row.as_at, row.gone_at) == ("suspended", "New", now, None)


def test_an_older_catalogue_never_overwrites_a_newer_one(world: World) -> None:
    now = timezone.now()
    write(world, "catalogue", "g", {"packages": ["new"]}, now)
    write(world, "catalogue", "g", {"packages": ["old"]}, now - timedelta(seconds=1))
    assert Catalogue.objects.get(ou=world.company).raw == {"packages": ["new"]}


def test_what_synaq_no_longer_knows_is_marked_and_kept(world: World) -> None:
    write(world, "mailbox", world.mailbox.guid, None)
    assert mailbox(world).gone_at is not None
    assert mailbox(world).email == world.mailbox.email


def test_what_comes_back_is_no_longer_gone(world: World) -> None:
    write(world, "mailbox", world.mailbox.guid, None)
    write(world, "mailbox", world.mailbox.guid, {"state": "active"})
    assert mailbox(world).gone_at is None


def test_a_404_of_something_unknown_makes_nothing(world: World) -> None:
    write(world, "mailbox", "nobody", None)
    assert not Mailbox.objects.filter(guid="nobody").exists()


# --- what is said and what is not


def test_a_new_thing_has_its_place_from_us_and_its_words_from_synaq(world: World) -> None:
    write(world, "ou", "new-ou", {"title": "Acme", "parent": {"guid": "someone-elses"}}, title="as asked")
    ou = OU.objects.get(guid="new-ou")
    assert (ou.title, ou.parent, ou.path) == ("Acme", world.company, f"{world.company.path}{ou.pk}.")


def test_a_new_thing_whose_answer_names_nothing_is_called_as_it_was_asked_for(world: World) -> None:
    write(world, "mailbox", "m", {}, title="thandi@acme.example")
    write(world, "package", "p", {}, title="CloudMail", code="SYN-CMS")
    assert Mailbox.objects.get(guid="m").email == "thandi@acme.example"
    assert (Package.objects.get(guid="p").name, Package.objects.get(guid="p").code) == (
        "CloudMail",
        "SYN-CMS",
    )


def test_a_package_may_show_what_is_sold_as_an_object_of_its_own(world: World) -> None:
    write(world, "package", "p", {"product": {"code": "SYN-CMS", "name": "CloudMail"}})
    assert Package.objects.values_list("code", "name").get(guid="p") == ("SYN-CMS", "CloudMail")


def test_a_new_mailbox_needs_its_domain(world: World) -> None:
    seen = mirror.Seen("mailbox", "m", {"email": "a@b.example"}, timezone.now())
    with pytest.raises(ValueError, match="needs its domain"):
        mirror.write(seen, mirror.Home(world.connection, world.company))


def test_a_name_that_is_not_spoken_of_stays_and_one_that_is_said_to_be_empty_goes(world: World) -> None:
    write(world, "mailbox", world.mailbox.guid, {"first_name": "Thandi", "last_name": "Nkosi"})
    write(world, "mailbox", world.mailbox.guid, {"first_name": None})
    assert (mailbox(world).first_name, mailbox(world).last_name) == ("", "Nkosi")


def test_a_state_that_is_not_said_stays(world: World) -> None:
    write(world, "mailbox", world.mailbox.guid, {"last_name": "Nkosi"})
    assert mailbox(world).state == "active"


def test_links_stay_where_the_answer_does_not_speak_of_them(world: World) -> None:
    write(world, "domain", world.domain.guid, {"state": "active"})
    assert list(domain(world).packages.all()) == [world.package]


def test_links_are_as_the_answer_shows_them(world: World) -> None:
    other = make_package(world.company)
    write(world, "domain", world.domain.guid, {"packages": [{"guid": other.guid}, {"guid": "not mirrored"}]})
    assert list(domain(world).packages.all()) == [other]


def test_a_link_is_kept_once(world: World) -> None:
    for _ in range(2):
        mirror.link(world.domain, world.package, timezone.now())
    assert DomainLink.objects.filter(domain=world.domain).count() == 1


def editions(world: World) -> list[tuple[str, str]]:
    return list(Edition.objects.filter(package=world.package).values_list("code", "name"))


def test_editions_are_as_the_answer_shows_them(world: World) -> None:
    write(world, "package", world.package.guid, {"editions": [{"code": "A", "name": "a"}, {"code": "B"}]})
    assert editions(world) == [("A", "a"), ("B", "B")]
    write(world, "package", world.package.guid, {"editions": [{"code": "B", "name": "b"}]})
    assert editions(world) == [("B", "b")]
    write(world, "package", world.package.guid, {"state": "active"})
    assert editions(world) == [("B", "b")], "what is not spoken of stays"


def test_an_edition_that_is_named_twice_is_one(world: World) -> None:
    write(world, "package", world.package.guid, {"editions": [{"code": "A", "name": "a"}, {"code": "A"}]})
    assert editions(world) == [("A", "a")]


def test_a_package_with_many_editions_costs_no_more_queries(
    world: World, django_assert_max_num_queries: Any
) -> None:
    body = {"editions": [{"code": f"E{n}"} for n in range(200)]}
    with django_assert_max_num_queries(10):
        write(world, "package", world.package.guid, body)


def test_passwords_are_masked_wherever_they_stand(world: World) -> None:
    body = {"fields": {"password": "p4ss", "username": "law"}, "deep": [{"api_key": "p4ss"}]}
    write(world, "domain", world.domain.guid, body)
    row = domain(world)
    assert row.fields == {"password": MASK, "username": "law"}
    assert "p4ss" not in str(row.raw)
    write(world, "catalogue", "g", body)
    assert "p4ss" not in str(Catalogue.objects.get().raw)


# --- what is odd

ODD = {
    "nothing": {},
    "all null": dict.fromkeys(["title", "email", "state", "fields", "editions", "packages", "code", "domain_name"]),
    "wrong types": {"title": ["x"], "email": {"a": 1}, "state": 7, "fields": "x", "editions": 3, "packages": True},
    "numbers": {"title": 12345, "email": 1.5, "code": 0, "client_ref": 7},
    "10,000 characters": dict.fromkeys(
        ["title", "email", "state", "code", "name", "domain_name", "client_ref", "first_name", "lock_type"], "x" * 10_000
    ),
    "long codes": {"editions": [{"code": "x" * 10_000, "name": "y" * 10_000}], "packages": ["z" * 10_000]},
    "NUL": {"title": "a\x00b", "email": "\x00", "state": "\x00active", "k\x00ey": "v\x00", "fields": {"\x00": "\x00"}},
    "half a character": {"title": "a\ud800b", "fields": {"a\udfff": "\ud800"}, "state": "\udfff"},
    "no number": {"count": float("nan"), "more": [float("inf"), float("-inf")]},
    "a huge number": {"count": 10**400},
    "lock": {"account_locked": "perhaps", "lock_type": {"x": 1}, "lock_reason": ["y"] * 9_000},
    "usage": {"domain_usage_report": {"state": "\x00", "edition_usage_reports": "none"}},
    "booleans": {"title": True, "email": False},
    "a list": [{"guid": "x"}],
    "text": "<html>no</html>",
    "number": 7,
}  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, "catalogue"])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_no_answer_is_so_odd_that_it_raises(world: World, kind: str, body: Any) -> None:
    for guid in (str(uuid.uuid4()), world.mailbox.guid):
        write(world, kind, guid, body, title="as asked")
        if kind != "catalogue":
            row = mirror.find(world.connection.pk, kind, guid)
            assert row is not None
            assert str(row)


def test_an_answer_that_says_nothing_of_a_known_thing_changes_nothing(world: World) -> None:
    before = mailbox(world)
    bodies: tuple[Any, ...] = ([], "text", 7)
    for body in bodies:
        write(world, "mailbox", world.mailbox.guid, body)
    assert (mailbox(world).raw, mailbox(world).as_at) == (before.raw, before.as_at)


def test_an_answer_nested_beyond_reason_is_kept_as_that(world: World) -> None:
    body: Any = "end"
    for _ in range(900):
        body = {"x": [body]}
    write(world, "mailbox", world.mailbox.guid, body)
    assert mailbox(world).raw == mirror.UNKEEPABLE


def test_an_empty_catalogue_is_an_answer(world: World) -> None:
    write(world, "catalogue", "g", None)
    assert Catalogue.objects.get().raw == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["title", "email", "state", "fields", "editions", "packages", "code", "name", "domain_name", "client_ref",
         "domain_usage_report", "account_locked", "lock_type", "lock_reason", "first_name", "guid", "_embedded"]  # fmt: skip


@given(kind=st.sampled_from([*KINDS, "catalogue"]), body=st.dictionaries(st.sampled_from(NAMES), JSON) | JSON)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_json_comes_is_taken(world: World, kind: str, body: Any) -> None:
    write(world, kind, str(uuid.uuid4()), body, title="as asked")


# --- the same GUID, written otherwise


def test_an_answer_that_writes_the_guid_in_other_letters_is_about_the_row_that_is_there(world: World) -> None:
    guid = str(uuid.uuid4())
    row = make_mailbox(world.domain, guid=guid)
    write(world, "mailbox", guid.upper(), {"guid": guid.upper(), "state": "closed"})
    row.refresh_from_db()
    assert row.state == "closed"
    home = mirror.Home(world.connection, world.company, world.domain)
    seen = mirror.Seen("mailbox", guid.upper(), {"state": "suspended"}, timezone.now())
    mirror.write_mailboxes([(seen, home)])
    row.refresh_from_db()
    assert row.state == "suspended"
    assert Mailbox.objects.filter(guid__iexact=guid).count() == 1


def test_what_is_no_uuid_is_written_in_one_way(world: World) -> None:
    make_mailbox(world.domain, guid="aB3xY")
    assert mirror.find(world.connection.pk, "mailbox", "aB3xY") is not None
    assert mirror.find(world.connection.pk, "mailbox", "AB3XY") is None
