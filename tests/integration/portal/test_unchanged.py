"""A page that asks whether something has changed is not made anew while the actions that it shows stand still."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import unchanged
from portal.accounts.models import Membership, Person
from provisioning.models import Action
from tests.integration.engine.asking import suspend
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def never_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "ANEW_EVERY", 10**12)


@pytest.fixture
def action() -> Action:
    return suspend(make_mailbox(make_domain(make_ou(parent=make_ou()))))


def signed_in(action: Action) -> Client:
    root = action.ou.parent
    assert root is not None
    client = Client()
    client.force_login(make_person("owner", root))
    return client


def asks(client: Client, action: Action) -> tuple[str, dict[str, str]]:
    """What the page's live part sends each second."""
    text = client.get(reverse("activity:detail", args=[action.pk])).content.decode()
    found = re.search(r'id="live" hx-get="([^"]*)"[^>]*hx-vals="([^"]*)"', text)
    assert found
    vals: dict[str, str] = json.loads(html.unescape(found[2]))
    return html.unescape(found[1]), vals


def test_a_page_that_stands_still_is_not_made(action: Action) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, vals, headers=LIVE).status_code == 204
    assert len(queries) <= 4, [query["sql"] for query in queries]


def test_a_page_whose_action_moved_is_made(action: Action) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    Action.objects.filter(pk=action.pk).update(state="sending")
    assert client.get(url, vals, headers=LIVE).status_code == 200


def test_now_and_then_the_page_is_made_all_the_same(action: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    monkeypatch.setattr(unchanged, "ANEW_EVERY", 1)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, vals, headers=LIVE).status_code == 204
    assert len(queries) > 4


def test_a_strangers_question_with_the_pages_own_mark_is_a_strangers(action: Action) -> None:
    url, vals = asks(signed_in(action), action)
    stranger = Client()
    stranger.force_login(make_person("owner", make_ou()))
    assert stranger.get(url, vals, headers=LIVE).status_code == 404
    assert Client().get(url, vals, headers=LIVE).status_code != 204


def test_whoever_has_lost_access_is_told_so_at_the_next_question(action: Action) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    Membership.objects.update(role="finance")  # stays a member, and sees no activity there
    assert client.get(url, vals, headers=LIVE).status_code == 404
    Membership.objects.all().delete()
    assert client.get(url, vals, headers=LIVE).status_code == 404


def test_whoever_is_signed_out_or_has_left_is_not_answered(action: Action) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    Person.objects.update(is_active=False)
    assert client.get(url, vals, headers=LIVE)["HX-Redirect"].startswith(reverse("account_login"))
    Person.objects.update(is_active=True)
    assert client.get(url, vals, headers=LIVE).status_code == 204
    Session.objects.all().delete()  # as whoever ends a session elsewhere does
    assert client.get(url, vals, headers=LIVE)["HX-Redirect"].startswith(reverse("account_login"))


def test_others_actions_put_beside_ones_own_are_nothing_to_tell_of(action: Action) -> None:
    """The mark is a person's own, but the numbers beside it are what somebody types."""
    client = signed_in(action)
    url, vals = asks(client, action)
    other = suspend(make_mailbox(make_domain(make_ou())))
    sent = vals | {"open": f"{action.pk},{other.pk}"}
    before = client.get(url, sent, headers=LIVE)
    Action.objects.filter(pk=other.pk).update(state="sending")
    after = client.get(url, sent, headers=LIVE)
    assert (after.status_code, after.content) == (before.status_code, before.content)


@pytest.mark.parametrize(
    "given", [{"v": "x_"}, {"v": "x_y"}, {"open": "1,x"}, {"open": "9" * 30}, {"open": ""}]
)
def test_made_up_marks_are_no_marks(action: Action, given: dict[str, Any]) -> None:
    client = signed_in(action)
    url, vals = asks(client, action)
    sent = vals | given
    answer = client.get(url, sent, headers=LIVE)
    assert answer.status_code == (200 if "v" in given else 204)
    if "v" not in given:
        assert answer.content == b""
