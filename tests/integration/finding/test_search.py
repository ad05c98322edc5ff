"""One box for everything, only within scope."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from provisioning.models import OU
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_package, make_person
from tests.integration.finding.rows import action

pytestmark = pytest.mark.django_db


def found(client: Client, term: str) -> dict[str, list[str]]:
    answer = client.get("/search/", {"q": term})
    assert answer.status_code == 200
    return {group.label: [hit.title for hit in group.hits] for group in answer.context["groups"]}


@pytest.fixture
def world(acme: OU, support: Any) -> OU:
    package = make_package(acme, "SYN-CMS", guid="b2000000-aaaa-4000-8000-000000000002", name="CloudMail")
    domain = make_domain(acme, "acme.example", package=package, guid="d1000000-aaaa-4000-8000-000000000001")
    make_mailbox(domain, "ann", guid="c3000000-aaaa-4000-8000-000000000003", last_name="Botha")
    make_domain(acme, "xn--bcher-kva.example")
    action(acme, "finished", by=support, remote_id="990077", guid="c3000000-aaaa-4000-8000-000000000003")
    return acme


@pytest.mark.parametrize(
    ("term", "kind", "title"),
    [
        ("ann", "Mailboxes", "ann@acme.example"),
        ("ANN@acme", "Mailboxes", "ann@acme.example"),
        ("acme.ex", "Domains", "acme.example"),
        ("ann@acme.ex", "Domains", "acme.example"),
        ("bücher.example", "Domains", "xn--bcher-kva.example"),
        ("acme", "Companies", "Acme Foods"),
        ("foo", "Companies", "Acme Foods"),
        ("food acm", "Companies", "Acme Foods"),
        ("af-77", "Companies", "Acme Foods"),
        ("SYN-C", "Packages", "CloudMail"),
        ("b2000000-aaaa", "Packages", "CloudMail"),
        ("C3000000-AAAA-4000-8000-000000000003", "Mailboxes", "ann@acme.example"),
        ("c3000000-aaaa-4000-8000-000000000003", "Actions", "Suspend "),
        ("990077", "Actions", "Suspend "),
    ],
)
def test_what_support_types_finds_the_thing(
    client: Client, world: OU, term: str, kind: str, title: str
) -> None:
    assert [hit for hit in found(client, term).get(kind, []) if hit.startswith(title)]


def test_our_own_number_finds_the_action(client: Client, acme: OU, support: Any) -> None:
    row = action(acme, "failed", pk=424_242)
    assert found(client, "424242") == {"Actions": [f"Suspend {row.title}"]}


def test_nothing_of_others_is_found_nor_counted(client: Client, world: OU, root: OU) -> None:
    stranger = make_ou(parent=root, title="Stranger")
    client.force_login(make_person("owner", stranger))
    for term in ("ann", "acme", "af-77", "SYN", "990077", "c3000000-aaaa-4000-8000-000000000003"):
        assert found(client, term) == {}


def test_each_role_finds_only_the_kinds_that_it_sees(client: Client, world: OU) -> None:
    client.force_login(make_person("company_admin", world))
    assert set(found(client, "acme")) == set()
    assert set(found(client, "ann")) == {"Mailboxes"}
    client.force_login(make_person("finance", world))
    assert set(found(client, "acme")) == {"Companies"}
    assert found(client, "ann") == {}


@pytest.mark.parametrize(
    "term",
    [
        "",
        "a",
        "  ",
        "\x00\x00",
        "'",
        "a' & b",
        "!:* |",
        "<b>x</b>",
        "%%",
        "\\\\",
        "9" * 30,
        "é" * 300,
        "\u202eann",
        "@@",
    ],
)
def test_odd_terms_break_nothing(client: Client, world: OU, term: str) -> None:
    body = client.get("/search/", {"q": term}).content.decode()
    assert "<b>x</b>" not in body


def test_under_the_box_come_five_and_the_way_to_all(client: Client, world: OU) -> None:
    domain = make_domain(world, "many.example")
    for number in range(7):
        make_mailbox(domain, f"zoe{number}")
    answer = client.get("/search/", {"q": "zoe"}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert "<html" not in body
    assert body.count('class="found-row"') == 5
    assert "/mailboxes/?q=zoe" in body
    assert "5+ Mailboxes" in answer["HX-Trigger"]


def test_what_is_gone_is_found_only_in_the_lists(client: Client, world: OU) -> None:
    make_mailbox(make_domain(world), "gone", gone_at=world.as_at)
    assert found(client, "gone") == {}


def test_nothing_found_says_what_can_be_typed(client: Client, world: OU) -> None:
    assert "Try the beginning" in client.get("/search/", {"q": "nobody"}).content.decode()
    assert "at least two letters" in client.get("/search/").content.decode()


def test_every_page_has_the_box(client: Client, world: OU) -> None:
    for path in ("/attention/", "/companies/", "/bell/?since=1", "/activity/"):
        assert 'action="/search/"' in client.get(path).content.decode()
