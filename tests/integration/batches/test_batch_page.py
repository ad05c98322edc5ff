"""The page of a batch: how far it is, what failed, going on and giving up; and the list of them."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning import batches as engine
from provisioning import ledger, mirror
from provisioning.models import OU, Action, Batch, Domain, Mailbox
from provisioning.services import mailboxes, teardown
from tests.integration.factories import make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def batch(acme: OU, support: Any, domain: Domain) -> Batch:
    return teardown.start(acme, by=support, submission=uuid.uuid4(), reason="Left <us>")


def page(client: Client, batch: Batch, **extra: Any) -> Any:
    return client.get(reverse("batches:detail", args=[batch.pk]), **extra)


def body_of(client: Client, batch: Batch) -> str:
    answer = page(client, batch)
    assert answer.status_code == 200
    body: str = answer.content.decode()
    return re.sub(r"\s+", " ", body)


def finish(action: Action) -> None:
    """What it was on is gone, as after a deletion."""
    claimed = ledger.claim_submits(action.connection_id, 100)
    for row in claimed:
        if row.pk == action.pk:
            ledger.accepted(row, path="", remote_id="", guid=row.guid, done=True, status=204)
            thing = mirror.find(row.connection_id, row.kind, row.guid)
            assert thing is not None
            type(thing).objects.filter(pk=thing.pk).update(gone_at=timezone.now())
            ledger.finish(row)
            engine.moved(row)
        else:
            ledger.put_off(row, timezone.now(), "", "")


def fail(action: Action, words: str = "The present state <forbids> it.") -> None:
    action.refresh_from_db()
    ledger.fail(action, "conflict", words, [])
    engine.moved(action)


def opened(batch: Batch) -> list[Action]:
    return list(Action.objects.filter(batch=batch, state__in=Action.OPEN).order_by("pk"))


def test_it_shows_counts_first_and_each_rank_in_its_order(client: Client, batch: Batch) -> None:
    answer = page(client, batch)
    assert [rank["title"] for rank in answer.context["ranks"]] == [
        "Mailbox: delete",
        "Domain: delete services",
        "Domain: remove the record",
        "Package: delete",
        "Company: delete",
    ]
    body = body_of(client, batch)
    assert "0 of 6 done</strong>, 2 in progress, 4 ahead" in body
    assert '<progress class="progress" max="6" value="0"' in body
    assert "Left &lt;us&gt;" in body
    assert 'hx-trigger="every 1s"' in body


def test_a_step_that_ends_is_counted_and_the_next_rank_begins(client: Client, batch: Batch) -> None:
    for action in opened(batch):
        finish(action)
    body = body_of(client, batch)
    assert "2 of 6 done</strong>, 1 in progress, 3 ahead" in body
    assert [action.operation for action in opened(batch)] == ["domain.delete"]


def test_a_fragment_that_is_as_it_was_is_not_sent_again(client: Client, batch: Batch) -> None:
    vals = re.search(r'"v": "(\w+)"', page(client, batch).content.decode().replace("&quot;", '"'))
    assert vals
    url = reverse("batches:detail", args=[batch.pk])
    assert client.get(url, {"v": vals[1]}, **HTMX).status_code == 204
    finish(opened(batch)[0])
    assert "1 of 6 done" in client.get(url, {"v": vals[1]}, **HTMX).content.decode()


def test_a_failure_stops_it_and_stands_above_the_steps_in_synaq_s_words(client: Client, batch: Batch) -> None:
    first, second = opened(batch)
    finish(second)
    fail(first)
    body = body_of(client, batch)
    assert "It stopped." in body
    assert "The present state &lt;forbids&gt; it." in body
    assert "1 failed" in body
    assert body.index("Failures") < body.index("Mailbox: delete")
    assert "every 1s" not in body


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "\u202egnorw", "x" * 10_000, "502 Bad Gateway <html>"]
)
def test_hostile_words_of_a_failure_are_text(client: Client, batch: Batch, words: str) -> None:
    fail(opened(batch)[0], words)
    assert "<script>alert" not in body_of(client, batch)


def test_resumed_by_another_person_it_asks_anew_for_what_failed_alone(
    client: Client, root: OU, batch: Batch
) -> None:
    first, second = opened(batch)
    finish(second)
    fail(first)
    other = Client()
    other.force_login(make_person("support", root))
    answer = other.post(reverse("batches:resume", args=[batch.pk]))
    assert answer["Location"] == reverse("batches:detail", args=[batch.pk])
    (again,) = opened(batch)
    assert (again.guid, again.pk != first.pk) == (first.guid, True)
    assert "resumed by Support" in body_of(other, batch)


def test_resuming_twice_asks_once_and_the_second_is_told(client: Client, batch: Batch) -> None:
    first, second = opened(batch)
    finish(second)
    fail(first)
    url = reverse("batches:resume", args=[batch.pk])
    client.post(url)
    assert "somebody has resumed or ended it meanwhile" in client.post(url, follow=True).content.decode()
    assert len(opened(batch)) == 1


def test_resuming_what_runs_is_refused_in_a_sentence(client: Client, batch: Batch) -> None:
    answer = client.post(reverse("batches:resume", args=[batch.pk]), follow=True)
    assert "It is not stopped" in answer.content.decode()


def test_abandoned_it_leaves_the_rest_and_says_so(client: Client, batch: Batch) -> None:
    fail(opened(batch)[0])
    answer = client.post(reverse("batches:abandon", args=[batch.pk]), follow=True)
    assert "It was abandoned: the rest stays as it is." in answer.content.decode()
    body = body_of(client, batch)
    assert "left undone" in body
    assert "Resume" not in body
    assert not opened(batch)
    assert (
        "It has ended already."
        in client.post(reverse("batches:abandon", args=[batch.pk]), follow=True).content.decode()
    )


def test_what_somebody_else_removed_meanwhile_counts_as_done(client: Client, batch: Batch) -> None:
    first, second = opened(batch)
    finish(second)
    fail(first)
    Mailbox.objects.filter(guid=first.guid).update(gone_at=timezone.now())
    client.post(reverse("batches:resume", args=[batch.pk]))
    body = body_of(client, batch)
    assert "Nothing to do" in body
    assert "2 of 6 done" in body


def test_a_mailbox_made_meanwhile_is_taken_in_when_it_is_resumed(
    client: Client, batch: Batch, domain: Domain
) -> None:
    first, second = opened(batch)
    finish(second)
    fail(first)
    make_mailbox(domain, "late")
    client.post(reverse("batches:resume", args=[batch.pk]))
    assert "late@acme.example" in body_of(client, batch)


def test_all_done_it_ends_and_polls_no_more(client: Client, acme: OU, batch: Batch) -> None:
    while actions := opened(batch):
        for action in actions:
            if action.operation == "domain.delete":
                Domain.objects.filter(guid=action.guid).update(state="deleted")
            finish(action)
        Domain.objects.filter(state="deleted", gone_at__isnull=False).exclude(
            guid__in=[row.guid for row in Action.objects.filter(operation="domain.remove", state="finished")]
        ).update(gone_at=None)
    batch.refresh_from_db()
    assert batch.state == Batch.State.FINISHED
    body = body_of(client, batch)
    assert "All of it is done." in body
    assert "every 1s" not in body


@pytest.mark.parametrize("verb", ["resume", "abandon"])
def test_resuming_and_abandoning_are_posts(client: Client, batch: Batch, verb: str) -> None:
    assert client.get(reverse(f"batches:{verb}", args=[batch.pk])).status_code == 405


def test_an_auditor_sees_it_and_tells_it_nothing(client: Client, root: OU, batch: Batch) -> None:
    fail(opened(batch)[0])
    client.force_login(make_person("auditor", root))
    body = body_of(client, batch)
    assert "It stopped." in body
    assert "Resume" not in body
    for verb in ("resume", "abandon"):
        assert client.post(reverse(f"batches:{verb}", args=[batch.pk])).status_code == 404


def test_a_stranger_and_a_company_admin_do_not_see_it(client: Client, acme: OU, batch: Batch) -> None:
    for person in (
        make_person("owner", make_ou()),
        make_person("company_admin", acme),
        make_person("finance", acme),
    ):
        client.force_login(person)
        assert page(client, batch).status_code == 404
        answer = client.get(reverse("batches:list"))
        assert answer.status_code == 404 or batch.title not in answer.content.decode()


def test_a_company_helpdesk_sees_the_unlock_that_it_began(client: Client, acme: OU, domain: Domain) -> None:
    person = make_person("company_helpdesk", acme)
    client.force_login(person)
    locked = make_mailbox(domain, "locked", state="suspended", account_locked=True)
    batch = mailboxes.unlock(locked, by=person, password="A-new-Passw0rd!", submission=uuid.uuid4())
    body = body_of(client, batch)
    assert "Mailbox: unlock" in body
    assert "A-new-Passw0rd!" not in body


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 18])
def test_a_batch_that_is_none_is_not_there(client: Client, support: Any, pk: str) -> None:
    assert client.get(f"/batches/{pk}/").status_code == 404


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_a_batch_of_a_thousand_steps_takes_no_more_queries_than_a_small_one(
    client: Client, support: Any, acme: OU, domain: Domain, root: OU
) -> None:
    small = teardown.start(domain, by=support, submission=uuid.uuid4())
    other = make_ou(parent=root, title="Big Ltd")
    big_domain = Domain.objects.create(
        connection=acme.connection,
        ou=other,
        name="big.example",
        guid="big",
        state="active",
        as_at=timezone.now(),
    )
    Mailbox.objects.bulk_create(
        Mailbox(
            connection=acme.connection, ou=other, domain=big_domain, email=f"m{n:04}@big.example", guid=f"m-{n}",
            state="active", as_at=timezone.now(),
        )
        for n in range(1000)
    )  # fmt: skip
    big = teardown.start(other, by=support, submission=uuid.uuid4())
    for batch in (small, big):
        fail(opened(batch)[0])
    few = queries(client, reverse("batches:detail", args=[small.pk]))
    assert queries(client, reverse("batches:detail", args=[big.pk])) == few
    assert "and 975 more" in body_of(client, big)


def test_the_list_shows_each_with_its_counts_and_filters_by_state(client: Client, batch: Batch) -> None:
    answer = client.get(reverse("batches:list"))
    (row,) = answer.context["rows"]
    assert (row["batch"], row["counts"]["total"]) == (batch, 6)
    assert 'hx-trigger="every 1s"' in answer.content.decode()
    assert client.get(reverse("batches:list"), {"state": "stopped"}).context["rows"] == []
    fail(opened(batch)[0])
    assert len(client.get(reverse("batches:list"), {"state": "stopped"}).context["rows"]) == 1
    assert client.get(reverse("batches:list"), {"state": "<b>"}).status_code == 200


def test_a_thousand_batches_take_no_more_queries_than_ten(client: Client, support: Any, acme: OU) -> None:
    def fill(first: int, number: int) -> None:
        Batch.objects.bulk_create(
            Batch(
                kind="teardown", title=f"Delete {n}", ou=acme, by=support, submission=uuid.uuid4(),
                state="finished", target_kind="ou", target_guid=f"g-{n}", ended_at=timezone.now(),
            )
            for n in range(first, first + number)
        )  # fmt: skip

    fill(0, 10)
    few = queries(client, reverse("batches:list"))
    fill(10, 1000)
    assert queries(client, reverse("batches:list")) == few
