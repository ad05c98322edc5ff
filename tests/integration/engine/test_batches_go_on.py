"""Batches whose steps do not need each other: a failure is counted, the rest goes on, and what failed is tried again."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import batches, imports, runner, secrets
from provisioning.ledger import Refused
from provisioning.models import Action, Batch, Import, Mailbox, Step
from provisioning.operations import OPERATIONS
from provisioning.services import batches as services
from provisioning.services import imports as files
from provisioning.services.mailboxes import wish_for_mailbox
from provisioning.services.selection import common_ou, start_selection
from tests.integration.engine.asking import PASSWORD, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, says
from tests.integration.factories import make_connection, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db(transaction=True)

SUSPEND = OPERATIONS["mailbox.suspend"]
CONFLICT = says(409, {"code": 409, "message": "Not now."})


def some(world: World, number: int) -> list[Mailbox]:
    return [make_mailbox(world.domain, f"m{n}") for n in range(number)]


def suspend_all(chosen: list[Mailbox]) -> Batch:
    [batch] = start_selection(SUSPEND, [chosen], by=None, submission=uuid.uuid4())
    return batch


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def takes(api: FakeApi, mailbox: Mailbox) -> None:
    """SYNAQ takes the suspension on, and ends it well."""
    path = f"/api/v1/mailboxes/{mailbox.guid}/actions/7"
    shown = {"guid": mailbox.guid, "email": mailbox.email, "state": "suspended"}
    api.on("GET", f"/mailboxes/{mailbox.guid}.json", says(200, shown))
    api.on("POST", f"/mailboxes/{mailbox.guid}/actions", says(202, None, location=path))
    api.on(
        "GET", f"/mailboxes/{mailbox.guid}/actions/7", says(200, {"id": 7, "state": "finished", "errors": []})
    )


def refuses(api: FakeApi, mailbox: Mailbox) -> None:
    shown = {"guid": mailbox.guid, "email": mailbox.email, "state": "active"}
    api.on("GET", f"/mailboxes/{mailbox.guid}.json", says(200, shown))
    api.on("POST", f"/mailboxes/{mailbox.guid}/actions", CONFLICT)


def test_a_failure_leaves_the_others_alone_and_is_tried_again(api: FakeApi, world: World) -> None:
    ann, ben, cat = some(world, 3)
    for mailbox in (ann, cat):
        takes(api, mailbox)
    refuses(api, ben)
    batch = suspend_all([ann, ben, cat])
    work()
    found = fresh(batch)
    assert (found.state, found.words, found.standing) == ("stopped", "1 of 3 failed.", "partly")
    assert {row.title: row.state for row in Action.objects.all()} == {
        ann.email: "finished", ben.email: "failed", cat.email: "finished",
    }  # fmt: skip
    takes(api, ben)
    services.resume(found, by=None)
    work()
    assert (fresh(batch).state, fresh(batch).words) == ("finished", "")
    assert Action.objects.count() == 4


def test_what_our_rules_refuse_when_its_turn_comes_is_counted_and_passed_by(
    api: FakeApi, world: World
) -> None:
    ann, ben = some(world, 2)
    takes(api, ann)
    Mailbox.objects.filter(pk=ben.pk).update(state="closed")
    batch = suspend_all([ben, ann])
    work()
    assert fresh(batch).words == "1 of 2 failed."
    assert "it is closed now" in Step.objects.get(guid=ben.guid).words
    Mailbox.objects.filter(pk=ben.pk).update(state="active")
    takes(api, ben)
    services.resume(fresh(batch), by=None)
    work()
    assert fresh(batch).state == "finished"


def test_all_of_them_fail_and_are_left(api: FakeApi, world: World) -> None:
    chosen = some(world, 3)
    for mailbox in chosen:
        refuses(api, mailbox)
    batch = suspend_all(chosen)
    work()
    assert fresh(batch).words == "3 of 3 failed."
    services.abandon(fresh(batch), by=None)
    assert fresh(batch).state == "abandoned"


def test_more_than_are_open_at_a_time_are_all_done(
    api: FakeApi, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "WINDOW", 2)
    chosen = some(world, 7)
    for number, mailbox in enumerate(chosen):
        (refuses if number % 3 == 0 else takes)(api, mailbox)
    batch = suspend_all(chosen)
    assert Action.objects.count() == 2
    work(rounds=60)
    assert fresh(batch).words == "3 of 7 failed."
    assert Action.objects.filter(state="finished").count() == 4


def test_one_that_something_is_under_way_on_keeps_nobody_waiting(api: FakeApi, world: World) -> None:
    ann, ben = some(world, 2)
    takes(api, ann)
    takes(api, ben)
    before = suspend(ben)
    Mailbox.objects.filter(pk=ben.pk).update(state="pending")
    batch = suspend_all([ben, ann])
    assert list(batch.actions.values_list("title", flat=True)) == [ann.email]
    Action.objects.filter(pk=before.pk).update(state="cancelled", ended_at=timezone.now())
    Mailbox.objects.filter(pk=ben.pk).update(state="active")
    work()
    batches.sweep()
    work()
    assert fresh(batch).state == "finished", fresh(batch).words


def test_the_same_selection_sent_twice_is_one_batch(world: World) -> None:
    mark = uuid.uuid4()
    first, second = (start_selection(SUSPEND, [[world.mailbox]], by=None, submission=mark) for _ in range(2))
    assert first == second
    assert Action.objects.count() == 1


def test_the_ou_of_a_batch_is_the_lowest_above_all(db: None) -> None:
    root = make_ou(make_connection())
    left, right = make_ou(parent=root), make_ou(parent=root)
    below = [make_ou(parent=left) for _ in range(12)]
    assert common_ou([left]) == left
    assert common_ou(below) == left
    assert common_ou([below[0], right]) == root
    assert common_ou([left, below[3]]) == left


# --- imports ------------------------------------------------------------------------------------------------------------


def imported(world: World, *locals_: str) -> tuple[Import, Batch]:
    person = make_person("support", world.root)
    draft = files.keep([{"email": "x"}], by=person, submission=uuid.uuid4())
    wishes = [
        (
            world.domain,
            wish_for_mailbox(
                world.domain,
                details={"email_local": local, "last_name": "Nkosi", "first_name": ""},
                password=PASSWORD,
                at_once=False,
            ),
        )
        for local in locals_
    ]
    [batch] = files.run(draft, [wishes], issued={"a@b.example": "Made-1-secret"}, by=person)
    return draft, batch


def test_an_imported_mailbox_that_fails_needs_its_form_and_no_password_is_left(
    api: FakeApi, world: World
) -> None:
    api.on("POST", f"/domains/{world.domain.guid}/mailboxes", CONFLICT)
    _, batch = imported(world, "ann", "ben")
    work()
    assert fresh(batch).words == "2 of 2 failed."
    assert not Action.objects.exclude(sealed="").exists()
    assert not Step.objects.exclude(sealed="").exists()
    with pytest.raises(Refused, match="the password is not kept"):
        services.resume(fresh(batch), by=None)


def test_an_imported_mailbox_whose_domain_is_closed_meanwhile_keeps_no_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "WINDOW", 1)
    _, batch = imported(world, "ann", "ben")
    type(world.domain).objects.update(state="closed")
    first = batch.actions.get()
    Action.objects.filter(pk=first.pk).update(state="cancelled", ended_at=timezone.now(), sealed="")
    batches.sweep()
    assert fresh(batch).words == "2 of 2 failed."
    assert not Step.objects.exclude(sealed="").exists()
    with pytest.raises(Refused, match="the password is not kept"):
        services.resume(fresh(batch), by=None)


def test_a_file_and_its_passwords_are_wiped_when_they_have_expired(world: World) -> None:
    ran, _ = imported(world, "ann")
    waits = files.keep([{"email": "y"}], by=ran.by, submission=uuid.uuid4())
    young = files.keep([{"email": "z"}], by=ran.by, submission=uuid.uuid4())
    assert imports.sweep() == 0
    past = timezone.now() - timedelta(seconds=1)
    Import.objects.filter(pk__in=[ran.pk, waits.pk]).update(expires_at=past)
    runner.Driver(lambda: False)._sweep()
    assert set(Import.objects.filter(sealed="", issued="")) == {ran, waits}
    assert secrets.unseal(Import.objects.get(pk=young.pk).sealed)["rows"] == [{"email": "z"}]
    assert files.fetch(ran) == {}
