"""What SYNAQ does to an action or an object, and what two people do to one."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from tests.faults.person import Person
from tests.faults.scene import Place, Scene

DIALECTS = ("current",)
WORDS = "The store node is being moved <b>now</b>."


def on(guid: str, operation: str) -> dict[str, str]:
    return {"what": "on mailbox", "guid": guid, "operation": operation}


def test_an_action_that_ends_in_error_is_shown_with_synaqs_words_and_a_next_step(
    scene: Scene, place: Place
) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    scene.faults({"fault": "error", "kind": "mailbox", "action": "Suspend", "errors": [WORDS]})
    (pk,) = scene.ask(on(box, "mailbox.suspend"))
    scene.wait_until_settled()
    assert scene.row(pk)["state"] == "failed"
    page = Person(scene.stack).get(f"/activity/{pk}/").text
    assert "The store node is being moved" in page
    assert "<b>now" not in page
    assert "Submit again" in page
    scene.must_agree()
    (again,) = scene.ask(on(box, "mailbox.suspend"))
    scene.wait_until_settled()
    assert scene.row(again)["state"] == "finished"
    scene.must_agree()


def test_an_action_that_is_stuck_is_polled_ever_less_and_ends_when_it_ends(
    scene: Scene, place: Place
) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    scene.faults({"fault": "stuck", "action": "Close"})
    pk, behind = scene.ask(on(box, "mailbox.close"), {"what": "edit", "guid": box, "name": "After it"})
    scene.wait_until(lambda: scene.row(pk)["state"] == "waiting", 20, "SYNAQ to take it on")
    # An hour later: it waits, still, and is asked about once a minute.
    scene.tell_database(
        "UPDATE provisioning_action SET accepted_at = accepted_at - interval '1 hour', next_at = now()"
        f" WHERE id = {pk}"
    )
    polls = "SELECT polls, next_at - now() > interval '40 s' AS rare FROM provisioning_action WHERE id = {}"
    scene.wait_until(lambda: scene.rows(polls.format(pk))[0]["rare"], 20, "the next poll to be far away")
    assert scene.states([pk, behind]) == ["waiting", "queued"]
    page = Person(scene.stack).get("/attention/").text
    assert f"/activity/{pk}/" in page
    scene.control("finish", guid=box)
    scene.tell_database(f"UPDATE provisioning_action SET next_at = now() WHERE id = {pk}")
    scene.wait_until_settled()
    assert scene.states([pk, behind]) == ["finished", "finished"]
    scene.must_agree()


def test_an_object_that_vanishes_under_an_action_is_told_so(scene: Scene, place: Place) -> None:
    boxes = scene.active_mailboxes(place, 2)
    scene.control("speed", seconds="3")
    ids = scene.ask(
        on(boxes[0], "mailbox.suspend"), on(boxes[0], "mailbox.close"), on(boxes[1], "mailbox.suspend")
    )
    scene.wait_until(lambda: scene.states(ids[:1]) == ["waiting"], 20, "the first to be under way")
    scene.vanish(boxes[0])
    scene.wait_until_settled()
    assert scene.states(ids) == ["failed", "failed", "finished"]
    assert "removed" in scene.row(ids[0])["words"]
    scene.must_agree()


def test_what_changed_behind_our_back_is_noticed_on_the_next_reading(scene: Scene, place: Place) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    scene.control("alter", guid=box, state="closed", name="Somebody Else")
    person = Person(scene.stack)
    path = f"/mailboxes/{box}/"
    person.send(f"{path}refresh/", person.form(path))
    scene.wait_until_settled()
    scene.must_agree()
    assert "Somebody Else" in person.get(path).text


def test_what_was_asked_for_upon_an_old_picture_is_refused_by_synaq_and_shown(
    scene: Scene, place: Place
) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    scene.control("alter", guid=box, state="closed")
    (pk,) = scene.ask(on(box, "mailbox.suspend"))
    scene.wait_until_settled()
    assert scene.row(pk)["state"] == "failed"
    scene.must_agree()


def test_the_same_form_sent_many_times_at_once_is_one_action(scene: Scene, place: Place) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    person = Person(scene.stack)
    path = f"/mailboxes/{box}/do/suspend/"
    form = person.form(path)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: person.send(path, form), range(6)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    scene.wait_until_settled()
    assert (
        len([row for row in scene.ledger() if row["guid"] == box and row["operation"] == "mailbox.suspend"])
        == 1
    )
    scene.must_agree()


def test_two_people_at_once_on_one_object_are_served_in_order(
    scene: Scene, place: Place, round_: int
) -> None:
    (box,) = scene.active_mailboxes(place, 1)
    support, owner = Person(scene.stack), Person(scene.stack, "owner")
    sent = []
    for person, operation in ((support, "suspend"), (owner, "close"), (support, "close"), (owner, "suspend")):
        path = f"/mailboxes/{box}/do/{operation}/"
        sent.append((person, path, person.form(path) | {"reason": f"Ticket {uuid.uuid4()}"}))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one[0].send(one[1], one[2]), sent))
    assert {answer.status_code for answer in answers} == {303}
    scene.wait_until_settled()
    rows = [row for row in scene.ledger() if row["guid"] == box and not row["result_kind"] and row["sent_at"]]
    times = sorted((row["sent_at"], row["ended_at"]) for row in rows)
    assert all(first[1] <= second[0] for first, second in pairwise(times)), "one at a time"
    scene.must_agree()
