"""Each fault of the network, met by one request: what is certain is done again, what is not is looked up or asked about."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults.scene import Place, Scene, Wish
from tests.faults.test_workers_killed import settle_and_compare


@dataclass(frozen=True)
class Met:
    """A fault, and what becomes of a creation (where lists can tell, and where not) and of a suspension that meet it."""

    fault: Wish
    legacy: str
    current: str
    action: str


MET: dict[str, Met] = {
    "reset before": Met({"fault": "reset"}, "unconfirmed", "finished", "unconfirmed"),
    "reset after": Met({"fault": "reset", "when": "after"}, "unconfirmed", "finished", "finished"),
    "time-out before": Met({"fault": "silence", "seconds": 12}, "unconfirmed", "finished", "unconfirmed"),
    "time-out after": Met(
        {"fault": "silence", "when": "after", "seconds": 12}, "unconfirmed", "finished", "finished"
    ),
    "slow": Met({"fault": "slow", "seconds": 2}, "finished", "finished", "finished"),
    "truncated JSON": Met({"fault": "garbled"}, "unconfirmed", "finished", "finished"),
    "cut in the middle": Met({"fault": "cut"}, "unconfirmed", "finished", "finished"),
    "a proxy's page before": Met({"fault": "html"}, "unconfirmed", "finished", "unconfirmed"),
    "a proxy's page after": Met({"fault": "html", "when": "after"}, "unconfirmed", "finished", "finished"),
    "500 before": Met({"fault": "status", "status": 500}, "unconfirmed", "finished", "unconfirmed"),
    "500 after": Met(
        {"fault": "status", "status": 500, "when": "after"}, "unconfirmed", "finished", "finished"
    ),
    "503 before": Met({"fault": "status", "status": 503}, "unconfirmed", "finished", "unconfirmed"),
    "429": Met({"fault": "throttle", "seconds": 1}, "finished", "finished", "finished"),
    "401": Met({"fault": "status", "status": 401}, "finished", "finished", "finished"),
}


QUICK = {name: met for name, met in MET.items() if not name.startswith("time-out")}


@pytest.fixture(scope="module")
def domains(running: Scene, place: Place) -> list[str]:
    """One for each fault: the path of a creation holds its domain alone."""
    wishes = [
        {"what": "domain", "guid": place.package, "name": f"wire{number}.example"}
        for number in range(len(MET))
    ]
    found = running.make(*wishes)
    if running.dialect == "current":
        running.make(*({"what": "fields", "guid": guid} for guid in found))
    running.make(*({"what": "on domain", "guid": guid, "operation": "domain.provision"} for guid in found))
    return found


def test_a_creation_that_meets_a_fault_ends_in_a_true_state(scene: Scene, domains: list[str]) -> None:
    scene.faults(
        *(
            {**met.fault, "method": "POST", "path": guid}
            for met, guid in zip(MET.values(), domains, strict=True)
        )
    )
    ids = scene.ask(*({"what": "mailbox", "guid": guid, "local": "box"} for guid in domains))
    scene.wait_until_settled()
    found = dict(zip(MET, scene.states(ids), strict=True))
    assert found == {name: getattr(met, scene.dialect) for name, met in MET.items()}
    assert not scene.look("faults"), "each was met"
    settle_and_compare(scene)


def test_an_action_that_meets_a_fault_ends_in_a_true_state(scene: Scene, place: Place) -> None:
    boxes = scene.active_mailboxes(place, len(MET))
    scene.faults(
        *(
            {**met.fault, "method": "POST", "path": guid}
            for met, guid in zip(MET.values(), boxes, strict=True)
        )
    )
    suspend = {"what": "on mailbox", "operation": "mailbox.suspend"}
    ids = scene.ask(*({**suspend, "guid": guid} for guid in boxes))
    scene.wait_until_settled()
    assert dict(zip(MET, scene.states(ids), strict=True)) == {name: met.action for name, met in MET.items()}
    assert not scene.look("faults"), "each was met"
    settle_and_compare(scene)


def test_a_poll_that_meets_a_fault_is_only_late(scene: Scene, place: Place) -> None:
    boxes = scene.active_mailboxes(place, len(QUICK))
    scene.control("speed", seconds="1-2")
    scene.faults(
        *(
            {**met.fault, "method": "GET", "path": guid}
            for met, guid in zip(QUICK.values(), boxes, strict=True)
        )
    )
    suspend = {"what": "on mailbox", "operation": "mailbox.suspend"}
    ids = scene.ask(*({**suspend, "guid": guid} for guid in boxes))
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    assert not scene.look("faults"), "each was met"
    scene.must_agree()


def test_a_clock_that_is_off_stops_nothing_for_good(scene: Scene, place: Place) -> None:
    scene.faults({"fault": "skew", "lasts": 2})
    ids = scene.ask(*scene.mailboxes(place, 4))
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}
    assert scene.look("books")["salts_out_of_time"] > 0
    scene.must_agree()


def test_a_port_that_refuses_is_tried_again_and_nothing_is_in_doubt(scene: Scene, place: Place) -> None:
    scene.control("shut", seconds=3)
    ids = scene.ask(*scene.mailboxes(place, 6))
    scene.wait_until_settled()
    assert set(scene.states(ids)) == {"finished"}, [scene.row(pk)["words"] for pk in ids]
    scene.must_agree()


def test_everything_goes_wrong_now_and_then(scene: Scene, place: Place, round_: int) -> None:
    boxes = scene.active_mailboxes(place, 6)
    scene.faults(*({**met.fault, "chance": 0.02, "lasts": 600, "path": "/api/"} for met in QUICK.values()))
    scene.ask(*scene.mailboxes(place, 15), *scene.changes(boxes))
    scene.wait_until_settled(150)
    scene.faults()
    settle_and_compare(scene)
