"""What each end of a conversation with the API leads to. The server counts: nothing is sent twice blindly."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import doubts
from provisioning.models import Action, Domain, Mailbox
from provisioning.services import mailboxes, ous
from tests.integration.engine.asking import Rounds, fresh, kinds, new_domain, new_mailbox, suspend, work
from tests.integration.engine.conftest import World
from tests.integration.engine.fake_api import FakeApi, hangs, resets, says
from tests.integration.factories import make_ou

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1><hr>nginx</body></html>"
FINISHED = says(200, {"id": 7, "action": "suspend", "state": "finished", "errors": [], "exclusions": []})
PENDING = says(200, {"state": "pending"})


def queued_at(world: World) -> Any:
    return says(202, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/7")


def shows(state: str, **facts: Any) -> Any:
    return says(200, {"mailbox": {"guid": "g", "state": state, **facts}})


def one_round() -> int:
    return Rounds().take()


# --- the good end


def test_a_suspension_is_sent_polled_read_and_finished(api: FakeApi, world: World) -> None:
    api.on("POST", "/actions.json", queued_at(world))
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", PENDING, FINISHED)
    action = suspend(world.mailbox)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(pk=world.mailbox.pk).state == "suspended"
    assert kinds(action) == ["asked", "sending", "accepted", "answered", "finished"]
    assert [str(request) for request in api.requests] == [
        f"POST /api/v1/mailboxes/{world.mailbox.guid}/actions.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}/actions/7.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}/actions/7.json",
        f"GET /api/v1/mailboxes/{world.mailbox.guid}.json",
    ]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_what_names_an_action_is_followed_whatever_its_status(
    api: FakeApi, world: World, status: int
) -> None:
    api.on(
        "POST", "/actions.json", says(status, location=f"/api/v1/mailboxes/{world.mailbox.guid}/actions/7")
    )
    api.on("GET", "/mailboxes/", shows("pending"), shows("suspended"))
    api.on("GET", "/actions/7", PENDING, says(200, {"state": "error", "errors": ["The store is away."]}))
    action = suspend(world.mailbox)
    work()
    assert (fresh(action).state, fresh(action).words) == ("failed", "The store is away.")


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        (["archive"], ["archive"]),
        ([{"service": "archive", "message": "It waits for a person."}], ["It waits for a person."]),
        ({"archive": "It waits for a person."}, ["archive: It waits for a person."]),
    ],
)
def test_what_synaq_left_out_is_told(api: FakeApi, world: World, left_out: Any, told: list[str]) -> None:
    api.on("POST", "/actions.json", queued_at(world))
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", says(200, {"state": "finished", "exclusions": left_out}))
    action = suspend(world.mailbox)
    work()
    assert action.events.get(kind="finished").data["exclusions"] == told


# --- the answer is lost


def lose_by_reset_after(api: FakeApi) -> None:
    api.on("POST", "/", resets)


def lose_by_time_out(api: FakeApi) -> None:
    api.on("POST", "/", hangs)


def lose_by_fault(api: FakeApi) -> None:
    api.on("POST", "/", says(502, PAGE))


def lose_by_missing_location(api: FakeApi) -> None:
    api.on("POST", "/", says(202))


LOST = [lose_by_reset_after, lose_by_time_out, lose_by_fault, lose_by_missing_location]


def test_a_connection_reset_before_it_was_read_from_is_sent_or_looked_up_and_never_doubled(
    api: FakeApi, world: World
) -> None:
    # The client may learn of it before it has written a byte, which is certain, or after, which is not.
    api.on("POST", "/actions.json", queued_at(world))
    api.on("GET", "/mailboxes/", shows("suspended"))
    api.on("GET", "/actions/7", FINISHED)
    api.reset_before = 1
    action = suspend(world.mailbox)
    one_round()
    assert fresh(action).state in ("queued", "unconfirmed")
    work()
    assert fresh(action).state == "finished"
    assert api.count("POST") <= 1


@pytest.mark.parametrize("lose", LOST)
def test_a_lost_answer_is_looked_up_and_not_sent_again(api: FakeApi, world: World, lose: Any) -> None:
    api.on("GET", "/mailboxes/", shows("pending"), shows("pending"), shows("suspended"))
    lose(api)
    action = suspend(world.mailbox)
    one_round()
    assert fresh(action).state == "unconfirmed"
    work()
    assert fresh(action).state == "finished"
    assert api.count("POST") <= 1


def test_a_lost_unlock_is_told_by_the_flag_however_it_is_spelled(api: FakeApi, world: World) -> None:
    lose_by_fault(api)
    api.on("GET", "/mailboxes/", shows("active", account_locked="false"))
    world.mailbox.state, world.mailbox.account_locked = "suspended", True
    world.mailbox.save()
    unlocking = mailboxes.change_state(world.mailbox, "mailbox.unlock", by=None, submission=uuid.uuid4())
    work()
    assert (fresh(unlocking).state, api.count("POST")) == ("finished", 1)


@pytest.mark.parametrize("lose", LOST)
def test_a_lost_answer_that_cannot_be_told_waits_for_a_person(api: FakeApi, world: World, lose: Any) -> None:
    api.on("GET", "/mailboxes/", shows("active"))
    lose(api)
    action = suspend(world.mailbox)
    work()
    row = fresh(action)
    assert (row.state, row.next_at) == ("unconfirmed", None)
    assert api.count("POST") == 1
    assert api.count("GET") == 1 + len(doubts.LOOK_UPS)
    seen = set(action.events.filter(kind="looked_up").values_list("text", flat=True))
    assert seen == {"Looked it up: SYNAQ shows it active, from which it cannot be told."}


@pytest.mark.parametrize("lose", LOST)
def test_on_legacy_a_lost_creation_is_unconfirmed_and_nothing_is_asked(
    api: FakeApi, world: World, lose: Any
) -> None:
    lose(api)
    action = new_domain(world.company)
    work()
    row = fresh(action)
    assert (row.state, row.next_at) == ("unconfirmed", None)
    assert api.count("POST") <= 1
    assert api.count("GET") == 0


@pytest.mark.parametrize("lose", LOST)
def test_on_current_a_lost_creation_is_found_by_its_name(
    api: FakeApi, current_world: World, lose: Any
) -> None:
    found = {"guid": "made", "domain_name": "NEW.example", "state": "inactive"}
    api.on("GET", "/domains/made", says(200, {"domain": found}))
    api.on("GET", "/domains.json", listed("domains", []), listed("domains", [found]))
    lose(api)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")
    assert Domain.objects.get(guid="made").ou == current_world.company
    assert api.count("POST") <= 1
    asked = next(request.path for request in api.requests if "/domains.json?" in request.path)
    assert f"ou_guid={current_world.company.guid}" in asked
    assert "exact_match=1" in asked


def listed(name: str, items: list[dict[str, Any]]) -> Any:
    return says(200, {"page": 1, "limit": 50, "pages": 1, "total": len(items), "_embedded": {name: items}})


@pytest.mark.parametrize(
    "items",
    [
        [{"guid": "a", "domain_name": "new.example"}, {"guid": "b", "domain_name": "new.example"}],
        [{"guid": "a", "domain_name": "renew.example"}],
        [{"domain_name": "new.example"}],
        [{"guid": "a", "domain_name": "new.example", "ou_guid": "another"}],
    ],
    ids=["two of that name", "another name", "no GUID", "another company"],
)
def test_on_current_what_is_not_the_one_thing_of_that_name_is_not_adopted(
    api: FakeApi, current_world: World, items: list[dict[str, Any]]
) -> None:
    api.on("GET", "/domains.json", listed("domains", items))
    lose_by_reset_after(api)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)
    assert api.count("POST") == 1


MADE = says(201, location="/api/v1/domains/made")
NEW = says(200, {"domain_name": "new.example", "state": "inactive"})


def test_on_current_what_exact_lists_do_not_have_is_sent_again_after_several_look_ups(
    api: FakeApi, current_world: World
) -> None:
    api.on("GET", "/domains.json", listed("domains", []))
    api.on("GET", "/domains/made", NEW)
    api.on("POST", "/domains.json", resets, MADE)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")
    asked = [str(request).partition("?")[0].rpartition("/")[2] for request in api.requests]
    assert asked[:6] == ["domains.json"] * 6, "once sent, looked for four times, sent again"
    assert [request.method for request in api.requests[:6]] == ["POST", *["GET"] * 4, "POST"]
    assert "SYNAQ does not have it" in action.events.get(kind="put_off").text


def test_one_that_arrived_after_all_is_adopted_when_its_second_sending_is_refused(
    api: FakeApi, current_world: World
) -> None:
    there = listed("domains", [{"guid": "made", "domain_name": "new.example"}])
    api.on("GET", "/domains.json", *[listed("domains", [])] * 4, there)
    api.on("GET", "/domains/made", NEW)
    api.on("POST", "/domains.json", resets, says(400, {"code": 400, "message": "Already used."}))
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")
    assert api.count("POST") == 2
    told = list(action.events.filter(kind="accepted").values_list("text", flat=True))
    assert told == ["Looked it up: SYNAQ has it."]


def test_one_that_is_refused_when_it_is_sent_again_and_is_not_there_has_failed(
    api: FakeApi, current_world: World
) -> None:
    api.on("GET", "/domains.json", listed("domains", []))
    api.on("POST", "/domains.json", resets, says(400, {"code": 400, "message": "No such ending."}))
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).words) == ("failed", "No such ending.")
    assert api.count("POST") == 2


def test_a_company_of_which_there_may_be_two_is_never_sent_again_by_itself(
    api: FakeApi, current_world: World
) -> None:
    api.on("GET", "/ous.json", listed("ous", []))
    lose_by_reset_after(api)
    action = ous.create_company(
        current_world.root, by=None, details={"title": "Acme Ltd"}, submission=uuid.uuid4()
    )
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)
    assert api.count("POST") == 1


def lost_company(world: World) -> Action:
    details = {"title": "Acme Ltd"}
    return ous.create_company(world.root, by=None, details=details, submission=uuid.uuid4())


def test_a_company_of_that_name_that_was_known_before_is_not_taken_for_the_new_one(
    api: FakeApi, current_world: World
) -> None:
    old = make_ou(parent=current_world.root, title="Acme Ltd", guid="old")
    api.on("GET", "/ous.json", listed("ous", [{"guid": old.guid, "title": "Acme Ltd"}]))
    lose_by_reset_after(api)
    action = lost_company(current_world)
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)
    assert api.count("POST") == 1


def test_nor_is_one_that_another_action_made(api: FakeApi, current_world: World) -> None:
    made = says(201, location="/api/v1/ous/first")
    api.on("POST", "/companies", made, resets)
    api.on("GET", "/ous/first", says(200, {"guid": "first", "title": "Acme Ltd"}))
    api.on("GET", "/ous.json", listed("ous", [{"guid": "first", "title": "Acme Ltd"}]))
    first = lost_company(current_world)
    work()
    second = lost_company(current_world)
    work()
    assert (fresh(first).state, fresh(second).state) == ("finished", "unconfirmed")


def test_the_new_one_beside_it_is_found(api: FakeApi, current_world: World) -> None:
    make_ou(parent=current_world.root, title="Acme Ltd", guid="old")
    both = [{"guid": guid, "title": "Acme Ltd", "state": "active"} for guid in ("old", "new")]
    api.on("GET", "/ous.json", listed("ous", both))
    api.on("GET", "/ous/new", says(200, both[1]))
    lose_by_reset_after(api)
    action = lost_company(current_world)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "new")


def test_one_that_a_list_showed_meanwhile_is_still_its_own(api: FakeApi, current_world: World) -> None:
    api.on("GET", "/ous.json", says(503, PAGE))
    lose_by_reset_after(api)
    action = lost_company(current_world)
    one_round()
    make_ou(parent=current_world.root, title="Acme Ltd", guid="new")
    shown = {"guid": "new", "title": "Acme Ltd", "state": "active"}
    api.on("GET", "/ous.json", listed("ous", [shown]))
    api.on("GET", "/ous/new", says(200, shown))
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "new")


def test_a_list_that_shows_more_than_was_asked_for_is_gone_through(
    api: FakeApi, current_world: World
) -> None:
    wanted = {"guid": "made", "domain_name": "new.example", "state": "inactive"}
    pages = [
        {"page": page, "limit": 1, "pages": 3, "total": 3, "_embedded": {"domains": [item]}}
        for page, item in enumerate(({"guid": "a", "domain_name": "a.example"}, {"guid": "b"}, wanted), 1)
    ]
    api.on("GET", "/domains.json", *(says(200, page) for page in pages))
    api.on("GET", "/domains/made", says(200, wanted))
    lose_by_reset_after(api)
    action = new_domain(current_world.company)
    work()
    assert (fresh(action).state, fresh(action).result_guid) == ("finished", "made")
    assert api.count("POST") == 1


def test_a_mailbox_found_on_its_way_is_followed_until_it_is_there(api: FakeApi, current_world: World) -> None:
    email = f"thandi@{current_world.domain.name}"
    api.on("GET", "/mailboxes/made", shows("pending", email=email), shows("active", email=email))
    api.on("GET", "/mailboxes.json", listed("mailboxes", [{"guid": "made", "email": email}]))
    lose_by_time_out(api)
    action = new_mailbox(current_world.domain, at_once=True)
    work()
    assert fresh(action).state == "finished"
    assert Mailbox.objects.get(guid="made").state == "active"


def test_a_look_up_is_repeated_for_as_long_as_the_api_is_away(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", *[says(503, PAGE)] * 8, shows("suspended"))
    lose_by_reset_after(api)
    action = suspend(world.mailbox)
    work()
    assert fresh(action).state == "finished"
    assert api.count("POST") == 1


def test_what_synaq_was_not_there_to_answer_does_not_count_as_looked_up(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", *[says(503, PAGE)] * 8, *[shows("active")] * 3, shows("suspended"))
    lose_by_reset_after(api)
    action = suspend(world.mailbox)
    work()
    assert fresh(action).state == "finished", "its effect showed after three answers that could not tell"
    assert api.count("POST") == 1


def test_a_look_up_that_is_refused_ends_with_a_person(api: FakeApi, world: World) -> None:
    api.on("GET", "/mailboxes/", says(403, {"code": 403, "message": "Not yours.", "errors": None}))
    lose_by_reset_after(api)
    action = suspend(world.mailbox)
    work()
    assert (fresh(action).state, fresh(action).next_at) == ("unconfirmed", None)


# --- certain that nothing was applied


def test_a_refused_port_is_tried_again_and_nothing_is_unconfirmed(world: World) -> None:
    type(world.connection).objects.update(base_url="http://127.0.0.1:9")
    action = suspend(world.mailbox)
    one_round()
    row = fresh(action)
    assert (row.state, row.meaning, row.tries) == ("queued", "unreachable", 1)
    assert row.next_at is not None
    assert row.next_at > timezone.now()


def test_a_signature_that_is_refused_waits_for_the_owner(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(401, {"code": 401, "message": "Bad salt."}), queued_at(world))
    action = suspend(world.mailbox)
    one_round()
    assert (fresh(action).state, fresh(action).meaning) == ("queued", "unauthenticated")
    assert "Bad salt." in fresh(action).words


def test_a_throttled_request_is_sent_once_more_and_not_before_it_may(api: FakeApi, world: World) -> None:
    api.on("POST", "/", says(429, {"code": 429, "message": "Slowly."}, retry_after="37"), queued_at(world))
    action = suspend(world.mailbox)
    one_round()
    world.connection.refresh_from_db()
    assert world.connection.retry_at is not None
    pause = world.connection.retry_at - timezone.now()
    assert timedelta(seconds=30) < pause < timedelta(seconds=38)
    Action.objects.update(next_at=timezone.now())
    assert one_round() == 0
    assert (fresh(action).state, api.count("POST")) == ("queued", 1)
    type(world.connection).objects.update(retry_at=timezone.now())
    one_round()
    assert (fresh(action).state, api.count("POST")) == ("waiting", 2)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(400, "refused"), (422, "refused"), (409, "conflict"), (403, "forbidden"), (404, "missing")],
)
def test_a_refusal_ends_it_in_synaqs_words(api: FakeApi, world: World, status: int, meaning: str) -> None:
    body = {"code": status, "message": "No good.", "errors": ["email_local: This value should not be blank."]}
    api.on("POST", "/", says(status, body))
    action = new_mailbox(world.domain)
    work()
    row = fresh(action)
    assert (row.state, row.meaning, row.words, row.sealed) == ("failed", meaning, "No good.", "")
    assert row.errors == [{"field": "email_local", "message": "This value should not be blank."}]
    assert api.count("POST") == 1
