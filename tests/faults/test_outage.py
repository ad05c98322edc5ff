"""The API is away as a whole with many actions queued: the breaker, what the page says, the order, and no stampede.

A few are queued; `QUEUED=5000 RATE=300 pytest -m faults tests/faults/test_outage.py` has as many as a bad day.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise

from tests.faults.person import Person
from tests.faults.scene import Place, Scene

DIALECTS = ("current",)
BANNER = "What you ask for is kept and sent in order once it answers again."
QUEUED = int(os.environ.get("QUEUED") or 25)
RATE = int(os.environ.get("RATE") or 12)  # calls a second
WINDOW, BURST = (
    3.0,
    1.2,
)  # the gate counts when calls leave, the sandbox when they arrive: some may catch up with others


def test_a_whole_outage_ends_in_order_without_a_stampede(scene: Scene, place: Place) -> None:
    boxes = scene.active_mailboxes(place, 8)
    scene.tell_database(f"UPDATE provisioning_connection SET rate = {RATE}")
    scene.faults({"fault": "status", "status": 503, "lasts": 600})
    try:
        ids = scene.ask(
            *({"what": "edit", "guid": guid, "name": f"Before {guid[:4]}"} for guid in boxes),
            *({"what": "on mailbox", "guid": guid, "operation": "mailbox.suspend"} for guid in boxes),
            *scene.mailboxes(place, QUEUED),
        )
        scene.wait_until(lambda: _broken(scene), 60, "the breaker to open")
        assert BANNER in Person(scene.stack).get("/activity/").text
        scene.wait_until(
            lambda: not _in_hand(scene), 30, "the end of what was under way when the breaker opened"
        )
        before = len(scene.look("requests"))
        scene.wait_until(lambda: len(scene.look("requests")) > before, 30, "a probe")
        assert len(scene.look("requests")) - before <= 3, "only probes are sent"
        _an_hour_goes_by(scene)
        scene.wait_until(lambda: _probed(scene) > 30, 60, "a long pause, as after an hour")
        scene.faults()
        began = scene.look("requests")[-1]["at"]
        scene.wait_until_settled(180 + QUEUED / 10)
        _kept_to_the_rate([row["at"] for row in scene.look("requests") if row["at"] > began])
    finally:
        scene.tell_database("UPDATE provisioning_connection SET rate = 300")
    assert not _broken(scene)
    assert BANNER not in Person(scene.stack).get("/activity/").text
    scene.must_agree()
    scene.somebody_settles()
    scene.wait_until_settled()
    _in_order(scene, ids)
    assert set(scene.states(ids)) == {"finished"}
    scene.must_agree()


def _broken(scene: Scene) -> bool:
    return bool(scene.rows("SELECT 1 FROM provisioning_connection WHERE broken_since IS NOT NULL"))


def _an_hour_goes_by(scene: Scene) -> None:
    scene.tell_database(
        "UPDATE provisioning_connection SET broken_since = broken_since - interval '1 hour', retry_at = now()"
    )


def _probed(scene: Scene) -> float:
    """Seconds until the next probe."""
    (row,) = scene.rows("SELECT extract(epoch FROM retry_at - now()) AS wait FROM provisioning_connection")
    return float(row["wait"])


def _in_hand(scene: Scene) -> bool:
    return bool(scene.rows("SELECT 1 FROM provisioning_action WHERE lease_until > now() LIMIT 1"))


def _kept_to_the_rate(times: list[float]) -> None:
    times = sorted(times)
    assert len(times) > RATE
    for place, at in enumerate(times):
        within = bisect_left(times, at + WINDOW) - place
        assert within <= RATE * WINDOW * BURST, f"{within} calls within {WINDOW:.0f} s"


def _in_order(scene: Scene, ids: list[int | None]) -> None:
    """On each object, what was asked for first was sent first, and had ended before the next was sent."""
    of: defaultdict[str, list[int]] = defaultdict(list)
    rows = {row["id"]: row for row in scene.ledger()}
    for pk in ids:
        if pk is not None and not rows[pk]["result_kind"]:
            of[rows[pk]["guid"]].append(pk)
    for line in of.values():
        for first, second in pairwise(line):
            assert rows[first]["ended_at"] <= rows[second]["sent_at"]
