"""What the demo holds."""

import time
from collections import Counter

import pytest

from tests.unit.sandbox.driver import Driver


@pytest.fixture(scope="module")
def demo() -> Driver:
    return Driver(seed="demo")


def test_the_demo_is_large_enough_to_look_around(demo: Driver) -> None:
    found = demo.look("inventory")
    assert sum(ou["kind"] == "company" for ou in found["ous"]) >= 8
    assert len(found["packages"]) >= 12
    assert len(found["domains"]) >= 15
    assert len(found["mailboxes"]) >= 300


def test_a_company_stands_below_a_subreseller(demo: Driver) -> None:
    ous = demo.look("inventory")["ous"]
    (sub,) = [ou["guid"] for ou in ous if ou["kind"] == "subreseller"]
    assert any(ou["parent"] == sub and ou["kind"] == "company" for ou in ous)


def test_every_product_was_sold(demo: Driver) -> None:
    sold = {demo.shown("package", package["guid"])["name"] for package in demo.look("inventory")["packages"]}
    assert sold == {
        "CloudMail",
        "Securemail",
        "Branding",
        "Archive",
        "Continuity",
        "Mail Management Suite",
    }


def test_mailboxes_are_in_every_state(demo: Driver) -> None:
    boxes = [demo.shown("mailbox", mailbox["guid"]) for mailbox in demo.look("inventory")["mailboxes"]]
    states = Counter(box["state"] for box in boxes)
    assert set(states) == {"active", "inactive", "suspended", "closed", "pending", "error", "failed"}
    assert states["active"] > len(boxes) / 2
    assert states["pending"] == 1
    assert [bool(box["lock_reason"]) for box in boxes if box["account_locked"]] == [True]
    assert any(not box["display_name"].isascii() for box in boxes)
    assert all(box["email"].isascii() for box in boxes)


def test_domains_are_in_every_state(demo: Driver) -> None:
    domains = [demo.shown("domain", domain["guid"]) for domain in demo.look("inventory")["domains"]]
    states = Counter(domain["state"] for domain in domains)
    assert set(states) == {"active", "inactive", "closed", "deleted", "stale", "error"}
    assert states["stale"] == 1
    assert any(d["state"] == "inactive" and None in d["fields"].values() for d in domains)


def test_live_domains_have_their_fields(demo: Driver) -> None:
    for domain in demo.look("inventory")["domains"]:
        shown = demo.shown("domain", domain["guid"])
        if shown["state"] in ("active", "closed"):
            fields = {name: value for name, value in shown["fields"].items() if "alternative" not in name}
            assert all(fields.values())


def test_the_demo_is_the_same_every_time(demo: Driver) -> None:
    assert Driver(seed="demo").look("inventory") == demo.look("inventory")


def test_the_demo_is_there_for_the_current_generation_too() -> None:
    found = Driver("current", seed="demo").look("inventory")
    assert len(found["mailboxes"]) >= 300
    assert not any(ou["kind"] == "subreseller" for ou in found["ous"])


def test_seeding_is_quick() -> None:
    before = time.process_time()
    Driver(seed="demo")
    assert time.process_time() - before < 2


def test_the_stuck_mailbox_has_no_open_action(demo: Driver) -> None:
    stuck = next(box.guid for box in demo.world.mailboxes.values() if box.state == "pending")
    assert demo.act(f"mailboxes/{stuck}", "Provision").status == 409
    assert demo.delete(f"mailboxes/{stuck}.json").status == 409
    assert demo.look("actions") == []
