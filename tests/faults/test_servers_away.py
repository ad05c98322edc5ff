"""Redis, Postgres, beat and the web server go away in the middle of work, and come back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import redis
import requests

from tests.acceptance.stack import CHECKOUT
from tests.faults.person import Person
from tests.faults.scene import METRICS_TOKEN, Place, Scene

DIALECTS = ("current",)
SWEPT_WITHIN = 5.0
BACK_WITHIN = 10.0
BEAT_DEAD = "Beat gives no sign of life"


@pytest.fixture
def person(scene: Scene) -> Person:
    return Person(scene.stack)


def suspended_by(person: Person, guid: str) -> requests.Response:
    """Ask for a suspension through the pages, as a click would."""
    path = f"/mailboxes/{guid}/do/suspend/"
    return person.send(path, person.form(path))


def test_with_redis_away_every_click_is_taken_and_all_goes_on_after_its_return(
    scene: Scene, place: Place, person: Person
) -> None:
    boxes = scene.active_mailboxes(place, 3)
    scene.stack.kill("redis")
    began = time.monotonic()
    answers = [suspended_by(person, guid) for guid in boxes]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert time.monotonic() - began < 10, "a click does not wait for Redis"
    ids = [row["id"] for row in scene.ledger() if row["guid"] in boxes and not row["result_kind"]]
    assert len(ids) >= 3
    scene.stack.start_again("redis")
    took = scene.wait_until(lambda: set(scene.states(ids)) == {"finished"}, 30, "the end of all three")
    assert took < BACK_WITHIN + 2, "the last bit is the action's own time"
    scene.wait_until_settled()
    scene.must_agree()


def test_redis_is_wiped_and_restarted_during_work(scene: Scene, place: Place, round_: int) -> None:
    ids = scene.ask(*scene.mailboxes(place, 12))
    time.sleep(scene.dice.uniform(0, 0.4))
    with redis.from_url(scene.stack.redis_url) as server:
        server.flushall()
    time.sleep(scene.dice.uniform(0, 0.4))
    scene.stack.kill("redis", hold=False)
    ids += scene.ask(*scene.mailboxes(place, 6))
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    scene.must_agree()


def test_postgres_is_restarted_during_work(scene: Scene, place: Place, person: Person) -> None:
    boxes = scene.active_mailboxes(place, 2)
    path = f"/mailboxes/{boxes[0]}/do/suspend/"
    form = person.form(path)
    scene.control("speed", seconds="1-2")
    ids = scene.ask(*scene.mailboxes(place, 8))
    time.sleep(scene.dice.uniform(0, 1.0))
    scene.stack.kill("postgres", signal.SIGINT)  # its own "fast" stop: every connection is cut
    for answer in (person.get("/mailboxes/"), person.send(path, form)):
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert "Traceback" not in answer.text
    scene.stack.start_again("postgres")
    scene.wait_until(lambda: person.get("/mailboxes/").status_code == 200, 30, "the pages to open again")
    assert person.send(path, form).status_code == 303, "the very same form may be sent again"
    scene.wait_until_settled(120)
    scene.must_agree()
    scene.somebody_settles()
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    scene.must_agree()


def test_the_web_server_killed_after_a_click_leaves_it_to_the_sweep(
    scene: Scene, place: Place, round_: int
) -> None:
    boxes = scene.active_mailboxes(place, 4)
    person = Person(scene.stack)
    ways = {guid: f"/mailboxes/{guid}/do/suspend/" for guid in boxes}
    forms = {guid: person.form(path) for guid, path in ways.items()}
    with ThreadPoolExecutor(len(boxes)) as pool:
        for guid, path in ways.items():
            pool.submit(_send_into_the_dark, person, path, forms[guid])
        time.sleep(scene.dice.uniform(0.02, 0.15))
        scene.stack.kill("web", hold=False)
    scene.wait_until(lambda: _opens(scene), 40, "the web server's return")
    scene.wait_until_settled()
    marks = {form["submission"] for form in forms.values()}
    rows = [row for row in scene.ledger() if row["submission"] in marks]
    assert {row["state"] for row in rows} <= {"finished"}
    assert all((row["sent_at"] - row["asked_at"]).total_seconds() < SWEPT_WITHIN for row in rows), rows
    for guid, path in ways.items():  # whoever saw no answer sends the same form again: it is taken once
        answer = Person(scene.stack).send(path, {**Person(scene.stack).form("/mailboxes/"), **forms[guid]})
        assert answer.status_code in (303, 403), answer.status_code
    scene.wait_until_settled()
    scene.must_agree()


def test_a_click_that_was_written_down_and_never_announced_is_taken_up(scene: Scene, place: Place) -> None:
    boxes = scene.active_mailboxes(place, 2)
    ids = [
        scene.ask_and_die({"what": "on mailbox", "guid": guid, "operation": "mailbox.suspend"})
        for guid in boxes
    ]
    scene.wait_until_settled()
    rows = [scene.row(pk) for pk in ids]
    assert [row["state"] for row in rows] == ["finished"] * 2
    assert all((row["sent_at"] - row["asked_at"]).total_seconds() < SWEPT_WITHIN for row in rows), rows
    scene.must_agree()


def _send_into_the_dark(person: Person, path: str, form: dict[str, str]) -> None:
    with suppress(requests.RequestException):
        person.send(path, form)


def _opens(scene: Scene) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{scene.stack.web_url}/accounts/login/", timeout=5).status_code == 200
    return False


@contextmanager
def second_beat(scene: Scene) -> Iterator[None]:
    """One more beat than there should be."""
    words = ["-m", "celery", "--quiet", "-A", "portal.celery:app", "beat", "--pidfile=", "-l", "WARNING"]
    schedule = scene.stack.state / "second-beat"
    beat = subprocess.Popen(
        [sys.executable, *words, "--schedule", str(schedule)], cwd=CHECKOUT, env=scene.environment("beat")
    )
    try:
        scene.wait_until(lambda: list(scene.stack.state.glob("second-beat*")), 30, "the second beat")
        yield
    finally:
        beat.terminate()
        beat.wait(20)


def test_beat_doubled_does_nothing_twice(scene: Scene, place: Place) -> None:
    with second_beat(scene):
        boxes = scene.active_mailboxes(place, 2)
        ids = scene.ask(*scene.mailboxes(place, 6), *scene.changes(boxes))
        scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    scene.must_agree()


def test_beat_dead_is_said_within_a_minute_and_a_click_is_carried_out_all_the_same(
    scene: Scene, place: Place
) -> None:
    owner = Person(scene.stack, "owner")
    # Another one on the same machine that ended a moment ago has taken this one's last sign of life along
    scene.wait_until(lambda: beats_alive(scene) == 1, 30, "a sign of life of the beat that there is")
    scene.wait_until(lambda: BEAT_DEAD not in owner.get("/portal-health/").text, 10, "the page to say so")
    scene.stack.kill("beat")
    scene.make(*scene.mailboxes(place, 3))
    scene.must_agree()
    scene.wait_until(lambda: BEAT_DEAD in owner.get("/portal-health/").text, 60, "the page to say it")
    assert beats_alive(scene) == 0
    assert requests.get(f"{scene.stack.web_url}/health", timeout=5).status_code == 200, "the web answers"
    scene.stack.start_again("beat")
    scene.wait_until(lambda: beats_alive(scene) == 1, 30, "the metric to say that it is back")
    scene.wait_until(lambda: BEAT_DEAD not in owner.get("/portal-health/").text, 10, "the page to say so too")


def beats_alive(scene: Scene) -> float:
    """What Prometheus would be told."""
    answer = requests.get(
        f"{scene.stack.web_url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=5
    )
    assert answer.status_code == 200, answer.text
    (line,) = re.findall(r'^mailroom_processes\{kind="beat"\} (\S+)$', answer.text, re.MULTILINE)
    return float(line)


def test_a_worker_that_is_told_to_stop_ends_its_calls_and_the_next_goes_on(
    scene: Scene, place: Place, round_: int
) -> None:
    boxes = scene.active_mailboxes(place, 3)
    scene.faults({"fault": "slow", "seconds": 0.5, "chance": 0.5, "lasts": 600, "method": "POST"})
    scene.control("speed", seconds="0.5-1.5")
    ids = scene.ask(*scene.mailboxes(place, 8), *scene.changes(boxes))
    time.sleep(scene.dice.uniform(0.1, 1.0))
    scene.stack.kill("worker", signal.SIGTERM, hold=False)
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    doubts = [line for pk in ids for line in scene.events(pk) if line.startswith("unconfirmed")]
    assert not doubts, "calls under way were seen to their end"
    scene.must_agree()
