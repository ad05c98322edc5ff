"""Workers are killed (-9) in every moment of their work; afterwards all three books agree, and nothing was done twice."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.faults.scene import Place, Scene, Wish

Moment = Callable[[Scene], None]


def rows_in(state: str, count: int) -> Moment:
    """Until so many rows are in that state, or have gone through it."""

    def reached(scene: Scene) -> bool:
        later = {"sending": "sent_at", "waiting": "accepted_at"}[state]
        found = scene.rows(
            f"SELECT count(*) AS n FROM provisioning_action WHERE {later} > now() - interval '20 s'"
        )
        return bool(found[0]["n"] >= count)

    return lambda scene: scene.stack.wait_until(lambda: reached(scene), 30, f"{count} rows {state}")


def at_once(_: Scene) -> None:
    """Before anything is sent, or as it begins."""


def applied_unanswered(scene: Scene) -> None:
    """The sandbox has carried something out, and says nothing yet."""
    happened = "silence after"
    before = scene.look("books")["faults"].get(happened, 0)
    scene.stack.wait_until(
        lambda: scene.look("books")["faults"].get(happened, 0) > before, 30, "something to be applied"
    )


SLOW = {"fault": "slow", "when": "before", "seconds": 1.5, "lasts": 600}
MUTE = {"fault": "silence", "when": "after", "seconds": 4, "lasts": 600}
MOMENTS: dict[str, tuple[list[Wish], str, Moment]] = {
    "before sending": ([], "0.2", at_once),
    "while sending": (
        [{**SLOW, "method": "POST"}, {**SLOW, "method": "PATCH"}],
        "0.2",
        rows_in("sending", 2),
    ),
    "applied and not answered": (
        [{**MUTE, "method": "POST"}, {**MUTE, "method": "PATCH"}, {**MUTE, "method": "DELETE"}],
        "0.2",
        applied_unanswered,
    ),
    "after the answer": ([], "0.5", rows_in("waiting", 1)),
    "while polling": ([], "2-3", rows_in("waiting", 3)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    scene: Scene, place: Place, moment: str, round_: int
) -> None:
    faults, seconds, come = MOMENTS[moment]
    boxes = scene.active_mailboxes(place, 3)
    scene.control("speed", seconds=seconds)
    scene.faults(*faults)
    title = f"Company {scene.dice.random()}"
    scene.ask(*scene.mailboxes(place, 5), *scene.changes(boxes), {"what": "company", "title": title})
    come(scene)
    time.sleep(scene.dice.uniform(0, 0.3))
    scene.kill_drivers()
    scene.move_the_clock_on()
    scene.faults()
    settle_and_compare(scene)


def test_the_whole_worker_killed_at_random_moments(scene: Scene, place: Place, round_: int) -> None:
    boxes = scene.active_mailboxes(place, 3)
    scene.ask(*scene.mailboxes(place, 12), *scene.changes(boxes))
    for _ in range(2):
        time.sleep(scene.dice.uniform(0.1, 1.0))
        scene.kill_worker()
        scene.move_the_clock_on()
        scene.stack.start_again("worker")
    settle_and_compare(scene)


def settle_and_compare(scene: Scene) -> None:
    """What can be looked up is; what cannot is settled by somebody who looks at SYNAQ; then nothing is left to say."""
    scene.wait_until_settled()
    scene.must_agree()
    scene.somebody_settles()
    scene.wait_until_settled()
    verdict = scene.must_agree()
    assert verdict.unconfirmed == 0, verdict.line
