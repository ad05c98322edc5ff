"""The bell: my actions, what failed, what ended since I looked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.bell import counts
from provisioning.models import OU, Connection
from tests.integration.factories import make_person
from tests.integration.finding.rows import action

pytestmark = pytest.mark.django_db

LIVE = {"HX-Request": "true"}


def bell(client: Client) -> str:
    """What the bell says on a page without a live part."""
    return str(client.get("/search/").context["bell"].said)


def test_it_counts_what_i_asked_for_and_nobody_elses(
    client: Client, root: OU, acme: OU, support: Any
) -> None:
    other = make_person("support", root)
    for state in ("waiting", "failed", "finished", "unconfirmed", "cancelled"):
        action(acme, state, by=support)
        action(acme, state, by=other)
    assert bell(client) == "My actions: 1 failed, 1 unconfirmed, 1 in progress, 1 finished"


def test_of_very_many_it_says_so_and_none_that_went_wrong_is_hidden_by_them(
    client: Client, acme: OU, support: Any
) -> None:
    action(acme, "failed", by=support)
    for _ in range(counts.MOST + 5):
        action(acme, "finished", by=support)
    assert bell(client) == "My actions: 1 failed, 99+ finished"
    assert 'class="bell-count bell-bad">1<' in client.get("/search/").content.decode()


def test_having_looked_takes_what_ended_away_and_keeps_what_moves(
    client: Client, acme: OU, support: Any
) -> None:
    action(acme, "waiting", by=support)
    failed = action(acme, "failed", by=support)
    page = client.get("/bell/", follow=True)
    assert [row["id"] for row in page.context["failed"]] == [failed.pk]
    assert bell(client) == "My actions: 1 in progress"
    again = client.get(page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"])
    assert [row["id"] for row in again.context["failed"]] == [failed.pk]
    anew = client.get("/bell/?since=" + str(int((timezone.now() + timedelta(seconds=5)).timestamp())))
    assert [row["id"] for row in anew.context["before"]] == [failed.pk]


def test_asking_for_the_page_by_itself_is_not_looking(client: Client, acme: OU, support: Any) -> None:
    action(acme, "failed", by=support)
    client.get("/bell/?since=1", headers=LIVE)
    assert bell(client) == "My actions: 1 failed"


def test_it_rides_on_the_live_part_of_a_page(client: Client, acme: OU, support: Any) -> None:
    moving = action(acme, "waiting", by=support)
    page = client.get("/activity/")
    body = page.content.decode()
    assert body.count("hx-get") == 1
    assert 'class="bell-count bell-busy">1<' in body
    moving.state, moving.ended_at = "failed", timezone.now()
    moving.save()
    part = client.get("/activity/", {"v": "old"}, headers=LIVE).content.decode()
    assert 'id="bell" hx-swap-oob="true"' in part
    assert 'class="bell-count bell-bad">1<' in part
    assert "hx-get" not in part


def test_a_page_without_a_live_part_asks_slowly_and_only_while_mine_moves(
    client: Client, acme: OU, support: Any
) -> None:
    assert "hx-get" not in client.get("/search/").content.decode()
    row = action(acme, "queued", by=support)
    assert 'hx-get="/bell/count/" hx-trigger="every 10s"' in client.get("/search/").content.decode()
    assert "every 10s" in client.get("/bell/count/", headers=LIVE).content.decode()
    row.state, row.ended_at = "cancelled", timezone.now()
    row.save()
    assert "every" not in client.get("/bell/count/", headers=LIVE).content.decode()


def test_the_banner_of_a_broken_connection_rides_along_and_is_taken_back(
    client: Client, acme: OU, support: Any
) -> None:
    rides, words = 'hx-swap-oob="innerHTML:#connection-banner"', "does not answer as it should"
    action(acme, "queued", by=support)
    pages = ("/bell/count/", "/bell/?since=0")
    for since, told in ((timezone.now(), True), (None, False)):
        Connection.objects.filter(pk=acme.connection_id).update(broken_since=since)
        for page in pages:
            answer = client.get(page, headers=LIVE).content.decode()
            assert rides in answer
            assert (words in answer) is told


def test_what_i_can_no_longer_see_is_not_counted(client: Client, acme: OU, support: Any) -> None:
    action(acme, "failed", by=support)
    support.memberships.all().delete()
    make = make_person("finance", acme)
    client.force_login(make)
    assert client.get("/companies/").context["bell"] is None
    assert client.get("/bell/").status_code == 404


def test_a_since_that_is_no_time_is_taken_as_a_first_visit(client: Client, support: Any) -> None:
    for since in ("x", "-1", "9" * 40, "", "٣"):
        assert client.get("/bell/", {"since": since}).status_code == 302
