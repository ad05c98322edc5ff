"""The Health page: for owners, what is not well first, and nothing of other resellers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from portal.health.advice import ADVICE
from provisioning import health, heartbeats, tallies
from provisioning.models import OU, Batch, Connection, Heartbeat
from tests.integration.factories import make_connection, make_ou, make_person
from tests.integration.finding.rows import action

URL = "/portal-health/"


@pytest.fixture
def root() -> OU:
    return make_ou(make_connection(name="Our account"))


@pytest.fixture
def owner(client: Client, root: OU) -> Client:
    for kind in ("worker", "driver", "beat"):
        heartbeats.give(kind, f"{kind}@here")
    client.force_login(make_person("owner", root))
    return client


def shown(owner: Client, **headers: Any) -> str:
    answer = owner.get(URL, **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_all_is_well_at_a_glance(owner: Client) -> None:
    page = shown(owner)
    assert "All is well." in page
    assert "Our account" in page
    assert 'href="/portal-health/"' in page


def test_what_is_not_well_comes_first_and_says_what_to_do(owner: Client) -> None:
    Heartbeat.objects.filter(kind="beat").update(at=Now() - timedelta(minutes=2))
    page = shown(owner)
    assert "1 thing to look at." in page
    assert page.index("Beat gives no sign of life") < page.index("Answers.")
    assert "Restart beat." in page
    assert "BeatDead" in page


def test_another_resellers_connection_is_not_named_and_spoils_nothing(owner: Client) -> None:
    other = make_ou(make_connection(name="Their account"))
    Connection.objects.filter(pk=other.connection_id).update(
        broken_since=timezone.now(), trouble="their words"
    )
    page = shown(owner)
    assert "Their account" not in page
    assert "their words" not in page
    assert "All is well." in page
    assert "held back, or" not in page


def test_a_broken_connection_of_ours_shows_synaqs_words_escaped(owner: Client, root: OU) -> None:
    Connection.objects.filter(pk=root.connection_id).update(
        broken_since=timezone.now(), trouble="<b>no</b> key"
    )
    page = shown(owner)
    assert "Held back" in page
    assert "&lt;b&gt;no&lt;/b&gt; key" in page


@pytest.mark.parametrize("role", ["support", "auditor", "company_admin"])
def test_only_who_may_see_it_does(client: Client, root: OU, role: str) -> None:
    client.force_login(make_person(role, root))
    assert client.get(URL).status_code == 404


def test_it_is_live_and_says_nothing_while_nothing_changes(owner: Client) -> None:
    first = owner.get(URL, HTTP_HX_REQUEST="true")
    mark = first.content.decode().split("&quot;v&quot;: &quot;")[1].split("&quot;")[0]
    assert owner.get(URL, {"v": mark}, HTTP_HX_REQUEST="true").status_code == 204


def test_refused_mail_is_told_until_one_is_taken(owner: Client) -> None:
    tallies.add("mailroom_mails", mail="invitation", outcome="refused")
    tallies.flush()
    assert "Last refused" in shown(owner)
    assert shown(owner).count("Look at it") == 1


def test_what_waits_for_a_person_is_marked_and_leads_to_it(owner: Client, root: OU) -> None:
    assert "Look at it" not in shown(owner)
    action(root, "unconfirmed", next_at=None)
    Batch.objects.create(ou=root, submission=uuid4(), kind="many", title="Many", state="stopped")
    page = shown(owner)
    assert page.count("Look at it") == 2
    assert 'href="/activity/?state=unconfirmed"' in page
    assert 'href="/batches/?state=stopped"' in page


def test_every_component_has_its_advice(db: None) -> None:
    assert {line.name for line in health.check()} == set(ADVICE)
