"""Several answers that were lost are settled with one look at SYNAQ."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning import ledger
from provisioning.models import OU, Action
from provisioning.services import mailboxes, ous
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db

SEEN = "Looked it up: SYNAQ shows it active, from which it cannot be told."


@pytest.fixture
def root() -> OU:
    return make_ou()


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    return person


def lost(action: Action, words: str = SEEN) -> Action:
    """Sent, and nobody knows."""
    (row,) = (row for row in ledger.claim_submits(action.connection_id, 50) if row.pk == action.pk)
    ledger.unconfirmed(row, "broken", "Oops.")
    ledger.not_told(row, None, words)
    return row


def suspension(company: OU) -> Action:
    box = make_mailbox(make_domain(company))
    return mailboxes.change_state(box, "mailbox.suspend", by=None, submission=uuid.uuid4())


def settle(client: Client, rows: list[Action], applied: str) -> str:
    url = reverse("activity:settle_several")
    answer = client.post(url, {"action": [row.pk for row in rows], "applied": applied}, follow=True)
    return " ".join(answer.content.decode().split())


def states(rows: list[Action]) -> list[str]:
    return [Action.objects.get(pk=row.pk).state for row in rows]


def page(client: Client) -> str:
    return " ".join(client.get(reverse("activity:settle_several")).content.decode().split())


@pytest.mark.parametrize(("applied", "state"), [("yes", "waiting"), ("no", "queued")])
def test_those_that_are_ticked_are_settled_alike_in_the_persons_name(
    client: Client, root: OU, support: Any, applied: str, state: str
) -> None:
    rows = [lost(suspension(make_ou(parent=root))) for _ in range(3)]
    assert page(client).count("SYNAQ shows it active") == 3
    text = settle(client, rows[:2], applied)
    assert states(rows) == [state, state, "unconfirmed"]
    assert "2 actions settled" in text
    assert {row.events.get(kind="settled").by for row in rows[:2]} == {support}


def test_what_was_to_be_made_is_not_taken_for_there_without_its_guid(
    client: Client, root: OU, support: Any
) -> None:
    company = ous.create_company(root, by=None, details={"title": "Acme"}, submission=uuid.uuid4())
    rows = [lost(company), lost(suspension(make_ou(parent=root)))]
    text = settle(client, rows, "yes")
    assert states(rows) == ["unconfirmed", "waiting"]
    assert "1 action left as before. Type the GUID of what exists." in text
    settle(client, rows[:1], "no")
    assert states(rows) == ["queued", "waiting"]


def test_nothing_ticked_changes_nothing(client: Client, root: OU, support: Any) -> None:
    row = lost(suspension(make_ou(parent=root)))
    assert "Tick those that you know of." in settle(client, [], "no")
    assert states([row]) == ["unconfirmed"]


def test_a_second_click_says_that_it_is_done(client: Client, root: OU, support: Any) -> None:
    row = lost(suspension(make_ou(parent=root)))
    settle(client, [row], "no")
    assert "They have been settled already." in settle(client, [row], "no")
    assert row.events.filter(kind="settled").count() == 1


def test_others_actions_are_neither_shown_nor_settled(client: Client, root: OU, support: Any) -> None:
    foreign = lost(suspension(make_ou(parent=make_ou())))
    still = suspension(make_ou(parent=root))
    assert "Nothing waits for you" in page(client)
    settle(client, [foreign, still], "no")
    assert states([foreign, still]) == ["unconfirmed", "queued"]
    assert not foreign.events.filter(kind="settled").exists()


def test_who_may_only_look_has_nothing_to_settle(client: Client, root: OU) -> None:
    row = lost(suspension(make_ou(parent=root)))
    client.force_login(make_person("auditor", root))
    assert "Nothing waits for you" in page(client)
    settle(client, [row], "no")
    assert states([row]) == ["unconfirmed"]


def test_the_ways_there(client: Client, root: OU, support: Any) -> None:
    first, _ = lost(suspension(make_ou(parent=root))), lost(suspension(make_ou(parent=root)))
    url = reverse("activity:settle_several")
    assert "1 more waits" in client.get(reverse("activity:detail", args=[first.pk])).content.decode()
    assert url in client.get(reverse("activity:list"), {"state": "unconfirmed"}).content.decode()
    assert url not in client.get(reverse("activity:list")).content.decode()
    assert client.get(url, {"tick": "all"}).content.decode().count(" checked") == 2


def test_it_costs_as_many_queries_for_many_as_for_few(
    client: Client, root: OU, support: Any, django_assert_max_num_queries: Any
) -> None:
    lost(suspension(make_ou(parent=root)))
    with django_assert_max_num_queries(40) as few:
        page(client)
    for _ in range(10):
        lost(suspension(make_ou(parent=root)))
    with django_assert_max_num_queries(len(few)):
        page(client)
