"""Deletions and changes: 204 and 202 both end in a true mirror, a lost answer is looked up, what changed is not sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import Action, Domain, Mailbox, Reading
from provisioning.services import domains, mailboxes, ous, packages, timing
from provisioning.services.common import Refused
from tests.integration.engine.asking import PASSWORD, fresh, state_of, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, breaks_off, resets, says
from tests.integration.factories import make_mailbox

pytestmark = pytest.mark.django_db(transaction=True)

GONE = says(404, {"code": 404, "message": "Not Found"})


def delete(world: World) -> Action:
    return mailboxes.delete_mailbox(world.mailbox, by=None, submission=uuid.uuid4())


def shown(world: World, **facts: object) -> dict[str, object]:
    return {"guid": world.mailbox.guid, "email": world.mailbox.email, "state": "active", **facts}


def is_gone(world: World) -> bool:
    return Mailbox.objects.get(pk=world.mailbox.pk).gone_at is not None


# --- deletions ---


def test_an_inactive_mailbox_is_gone_at_once(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", says(204))
    action = delete(world)
    work()
    assert (state_of(action), is_gone(world), api.count("DELETE")) == ("finished", True, 1)


def test_a_mailbox_in_service_is_gone_when_its_action_is(api: FakeApi, world: World) -> None:
    api.on(
        "DELETE", "/mailboxes", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/9")
    )
    api.on("GET", "/actions/9", says(200, {"state": "pending"}), GONE)
    action = delete(world)
    work()
    assert (state_of(action), is_gone(world), api.count("GET", "/actions/9")) == ("finished", True, 2)


def test_one_whose_action_is_gone_and_that_is_still_shown_is_watched(api: FakeApi, world: World) -> None:
    api.on(
        "DELETE", "/mailboxes", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/9")
    )
    api.on("GET", f"/mailboxes/{world.mailbox.guid}.json", says(200, shown(world)), GONE)
    action = delete(world)
    work()
    assert (state_of(action), is_gone(world)) == ("finished", True)


def test_one_that_is_gone_is_deleted_also_where_its_action_stays(api: FakeApi, world: World) -> None:
    api.on(
        "DELETE", "/mailboxes", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/9")
    )
    api.on("GET", "/actions/9", says(200, {"state": "pending"}))
    api.on("GET", f"/mailboxes/{world.mailbox.guid}.json", GONE)
    action = delete(world)
    work(rounds=3)
    Action.objects.filter(pk=action.pk).update(accepted_at=timezone.now() - timedelta(minutes=3))
    work(rounds=2)
    assert (state_of(action), is_gone(world)) == ("finished", True)


def test_one_that_never_goes_is_in_doubt(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", says(204))
    api.on("GET", "/mailboxes", says(200, shown(world)))
    action = delete(world)
    work(rounds=3)
    assert state_of(action) == "waiting"
    Action.objects.filter(pk=action.pk).update(accepted_at=timezone.now() - timedelta(minutes=3))
    work(rounds=2)
    assert (state_of(action), is_gone(world)) == ("unconfirmed", False)


def test_one_of_which_synaq_keeps_a_record_as_deleted_is_done(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", says(204))
    api.on("GET", "/mailboxes", says(200, shown(world, state="deleted")))
    action = delete(world)
    work(rounds=3)
    assert state_of(action) == "waiting", "it may be gone in a moment"
    Action.objects.filter(pk=action.pk).update(accepted_at=timezone.now() - timedelta(minutes=3))
    work(rounds=2)
    world.mailbox.refresh_from_db()
    assert (state_of(action), world.mailbox.state, api.count("DELETE")) == ("finished", "deleted", 1)


def test_what_somebody_else_deleted_first_is_deleted(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", GONE)
    action = delete(world)
    work()
    assert (state_of(action), is_gone(world)) == ("finished", True)


def test_a_delete_that_was_cut_off_is_looked_up_and_not_sent_again(api: FakeApi, world: World) -> None:
    api.on("DELETE", "/mailboxes", resets)
    action = delete(world)
    work()
    assert (state_of(action), is_gone(world), api.count("DELETE")) == ("finished", True, 1)


def test_one_that_ends_in_error_stays_with_synaqs_words(api: FakeApi, world: World) -> None:
    api.on(
        "DELETE", "/mailboxes", says(202, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/9")
    )
    api.on("GET", "/actions/9", says(200, {"state": "error", "errors": ["The store is away."]}))
    api.on("GET", f"/mailboxes/{world.mailbox.guid}.json", says(200, shown(world)))
    action = delete(world)
    work()
    assert (state_of(action), fresh(action).words, is_gone(world)) == ("failed", "The store is away.", False)


def test_what_hangs_on_a_domain_goes_with_its_record(api: FakeApi, world: World) -> None:
    Domain.objects.filter(pk=world.domain.pk).update(state="inactive")
    Mailbox.objects.filter(pk=world.mailbox.pk).update(state="inactive")
    world.domain.refresh_from_db()
    api.on("DELETE", "/domains", says(204))
    api.on(
        "GET", "/packages", says(200, {"guid": world.package.guid, "code": "SYN-CMS", "state": "inactive"})
    )
    batch = domains.delete_domain(world.domain, by=None, submission=uuid.uuid4())
    work()
    batch.refresh_from_db()
    assert (batch.state, is_gone(world), world.package.links.count()) == ("finished", True, 0)
    assert [action.operation for action in batch.actions.all()] == ["domain.remove"]


def test_a_domain_with_provisioned_mailboxes_says_which(world: World) -> None:
    for _ in range(6):
        make_mailbox(world.domain)
    with pytest.raises(Refused, match=r"provisioned mailboxes: .*@.* and 2 more"):
        domains.delete_domain(world.domain, by=None, submission=uuid.uuid4())


def test_a_company_and_a_package_in_use_say_what_stands_in_the_way(world: World) -> None:
    with pytest.raises(Refused, match=world.domain.name):
        packages.delete_package(world.package, by=None, submission=uuid.uuid4())
    with pytest.raises(Refused, match=world.domain.name):
        ous.delete_ou(world.company, by=None, submission=uuid.uuid4())
    with pytest.raises(Refused, match="reseller itself"):
        ous.delete_ou(world.root, by=None, submission=uuid.uuid4())


# --- changes ---


def rename(world: World, password: str = "") -> Action:
    changes = {"last_name": "Mokoena"}
    return mailboxes.update_mailbox(
        world.mailbox, by=None, changes=changes, password=password, submission=uuid.uuid4()
    )


@pytest.mark.parametrize("status", [204, 202])
def test_a_change_ends_in_a_true_mirror(api: FakeApi, world: World, status: int) -> None:
    api.on("PATCH", "/", says(status, None, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/3"))
    api.on("GET", "/actions/3", says(200, {"state": "finished"}))
    api.on("GET", f"/mailboxes/{world.mailbox.guid}.json", says(200, shown(world, last_name="Mokoena")))
    action = rename(world, PASSWORD)
    work()
    world.mailbox.refresh_from_db()
    assert (state_of(action), world.mailbox.last_name) == ("finished", "Mokoena")
    assert api.requests[0].body == {"mailbox": {"last_name": "Mokoena", "password": PASSWORD}}
    assert fresh(action).sealed == ""


def test_a_change_that_was_cut_off_is_told_by_what_the_mailbox_shows(api: FakeApi, world: World) -> None:
    api.on("PATCH", "/", resets)
    api.on("GET", "/mailboxes", says(200, shown(world, last_name="Mokoena")))
    action = rename(world)
    work()
    assert (state_of(action), api.count("PATCH")) == ("finished", 1)


def test_a_password_that_was_cut_off_is_for_a_person_to_settle(api: FakeApi, world: World) -> None:
    api.on("PATCH", "/", breaks_off(204, None))
    api.on("PATCH", "/", resets)
    api.on("GET", "/mailboxes", says(200, shown(world)))
    action = mailboxes.update_mailbox(
        world.mailbox, by=None, changes={}, password=PASSWORD, submission=uuid.uuid4()
    )
    work()
    assert (state_of(action), fresh(action).next_at, api.count("PATCH")) == ("unconfirmed", None, 1)


def test_only_fields_that_the_answer_shows_or_a_document_names_are_sent(world: World) -> None:
    world.mailbox.raw = {
        "forwarding_address": None,
        "title": "Ms",
        "email": "x",
        "lock_type": "full",
        "id": "7",
    }
    fields = mailboxes.editable_fields(world.mailbox)
    assert set(fields) == {"first_name", "last_name", "display_name", "forwarding_address", "title"}
    with pytest.raises(Refused, match="admin"):
        mailboxes.update_mailbox(world.mailbox, by=None, changes={"admin": True}, submission=uuid.uuid4())
    with pytest.raises(Refused, match="Nothing"):
        mailboxes.update_mailbox(world.mailbox, by=None, changes={"title": "Ms"}, submission=uuid.uuid4())


@pytest.mark.parametrize(
    ("said", "flag"), [(1, True), ("1", True), ("false", False), (0, False), (None, False)]
)
def test_a_flag_is_a_flag_however_it_is_spelled(current_world: World, said: object, flag: bool) -> None:
    current_world.mailbox.raw = {"admin": said}
    assert mailboxes.editable_fields(current_world.mailbox)["admin"] is flag


def test_an_edition_that_the_answer_does_not_show_is_known_all_the_same(api: FakeApi, world: World) -> None:
    world.package.editions.create(code="SYN-CM-PREM-25-ARCH")
    api.on("PATCH", "/edition", says(204))
    api.on("GET", "/mailboxes", says(200, shown(world)))
    code = "SYN-CM-PREM-25-ARCH"
    action = mailboxes.change_edition(world.mailbox, world.package, code, by=None, submission=uuid.uuid4())
    work()
    world.mailbox.refresh_from_db()
    assert (state_of(action), world.mailbox.edition_code) == ("finished", code)


@pytest.mark.parametrize(
    ("write", "state"),
    [
        (lambda guid: {"guid": guid}, "finished"),
        (lambda guid: {"guid": guid.upper()}, "finished"),
        (lambda _: {}, "finished"),
        (lambda _: {"guid": "another"}, "unconfirmed"),
    ],
    ids=["as it was", "in other letters", "without the package", "of another package"],
)
def test_an_edition_whose_answer_was_lost_is_told_by_what_the_mailbox_shows(
    api: FakeApi, current_world: World, write: Callable[[str], dict[str, str]], state: str
) -> None:
    world, code = current_world, "CLM-STD-50"
    world.package.editions.create(code=code)
    api.on("PATCH", "/edition", says(502, "<html>Bad Gateway</html>"))
    on = [{**write(world.package.guid), "edition_code": code}]
    api.on("GET", "/mailboxes", says(200, shown(world, packages=on)))
    action = mailboxes.change_edition(world.mailbox, world.package, code, by=None, submission=uuid.uuid4())
    work()
    assert state_of(action) == state


@pytest.mark.parametrize(
    "end", [{"state": "finished"}, {"state": "error", "errors": ["Busy."]}], ids=["well", "in error"]
)
def test_the_edition_that_a_mailbox_was_made_with_is_known_where_the_answer_does_not_show_it(
    api: FakeApi, world: World, end: dict[str, object]
) -> None:
    api.on("POST", "/mailboxes", says(202, None, location="/api/v1/mailboxes/made/actions/9"))
    api.on("GET", "/actions/9", says(200, end))
    api.on("GET", "/mailboxes/made.json", says(200, {"guid": "made", "state": "active"}))
    code = "SYN-CM-PREM-25-ARCH"
    details = {"email_local": "zoe", "last_name": "Nkosi", "package_edition_code": code}
    mailboxes.create_mailbox(
        world.domain, by=None, details=details, password=PASSWORD, at_once=True, submission=uuid.uuid4()
    )
    work()
    assert Mailbox.objects.get(guid="made").edition_code == code


@pytest.mark.parametrize(("shown", "state"), [("mx.a.example", "finished"), (None, "unconfirmed")])
def test_fields_whose_answer_was_lost_are_told_by_what_the_domain_shows(
    api: FakeApi, world: World, shown: str | None, state: str
) -> None:
    Domain.objects.update(state="inactive")
    world.domain.refresh_from_db()
    api.on("PATCH", "/servicefields", says(502, "<html>Bad Gateway</html>"))
    body = {"domain_name": world.domain.name, "fields": {"mail_delivery_location": shown, "password": None}}
    api.on("GET", "/domains", says(200, {"domain": body}))
    fields = {"mail_delivery_location": "mx.a.example"}
    secrets = {"password": PASSWORD}
    action = domains.fill_fields(
        world.domain, by=None, fields=fields, secrets=secrets, submission=uuid.uuid4()
    )
    work()
    assert (state_of(action), api.count("PATCH")) == (state, 1)


# --- when the turn comes ------------------------------------------------------------------------------------------------


def test_what_is_no_longer_possible_when_its_turn_comes_is_not_sent(api: FakeApi, world: World) -> None:
    action = suspend(world.mailbox)
    Mailbox.objects.filter(pk=world.mailbox.pk).update(state="closed")
    work()
    assert (state_of(action), api.requests) == ("failed", [])
    assert fresh(action).words == "Suspend is possible while active; it is closed now. Nothing was sent."


def test_while_it_is_pending_synaq_decides(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(409, {"code": 409, "message": "Busy."}))
    action = suspend(world.mailbox)
    Mailbox.objects.filter(pk=world.mailbox.pk).update(state="pending")
    work(until=lambda: state_of(action) == "failed")
    assert (fresh(action).words, api.count("POST")) == ("Busy.", 1)
    assert Reading.objects.filter(guid=world.mailbox.guid).exists()  # the mirror showed something else


def test_a_package_waits_for_what_is_under_way_on_its_domains(api: FakeApi, world: World) -> None:
    world.package.state = "active"
    world.package.save()
    first = domains.change_state(world.domain, "domain.close", by=None, submission=uuid.uuid4())
    Action.objects.filter(pk=first.pk).update(state="sending", next_at=timezone.now() + timedelta(minutes=5))
    Action.objects.filter(pk=first.pk).update(state="waiting", next_at=None)
    action = packages.change_state(world.package, "package.close", by=None, submission=uuid.uuid4())
    work(rounds=3)
    assert (state_of(action), fresh(action).meaning, api.requests) == ("queued", "held", [])
    assert fresh(action).events.filter(kind="put_off").count() == 1


# --- how long it takes --------------------------------------------------------------------------------------------------


def test_the_usual_time_is_measured_over_what_finished(world: World) -> None:
    assert timing.usual("mailbox.suspend", world.connection) == (None, None, 0)
    assert timing.stuck_after(timing.usual("mailbox.suspend", world.connection)) == timing.STUCK
    now = timezone.now()
    for seconds in (*[2] * 19, 900):
        Action.objects.create(
            connection=world.connection, operation="mailbox.suspend", state="finished", ou=world.company,
            kind="mailbox", guid="g", title="x", lock_key="x", submission=uuid.uuid4(),
            accepted_at=now - timedelta(seconds=seconds), ended_at=now,
        )  # fmt: skip
    found = timing.usual("mailbox.suspend", world.connection)
    assert (found.median, found.count) == (2.0, 20)
    assert (
        timing.stuck_after(timing.usual("mailbox.suspend", world.connection), archive=True)
        == timing.ARCHIVE_STUCK
    )
