"""What survives a restart: everything that was answered."""

from pathlib import Path

import pytest

from tests.unit.sandbox.driver import Driver


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "folder" / "state.sqlite3")


def restarted(sandbox: Driver) -> Driver:
    """A second process on the file of one that was killed: nothing is closed, nothing is flushed."""
    again = Driver(sandbox.settings.dialect, state=sandbox.settings.state)
    again.now, again._salt = sandbox.now, sandbox._salt
    return again


def test_objects_states_and_open_actions_survive(path: str) -> None:
    before = Driver(state=path)
    package = before.cloudmail()
    domain = before.live_domain(package)
    mailbox = before.mailbox(domain)
    location = before.act(f"mailboxes/{mailbox}", "Provision").location

    after = restarted(before)
    assert after.state("domain", domain) == "active"
    assert after.state("mailbox", mailbox) == "pending"
    assert after.act(f"mailboxes/{mailbox}", "Provision").status == 409
    after.wait()
    assert after.get(location).json["state"] == "finished"
    assert after.state("mailbox", mailbox) == "active"
    assert after.state("package", package) == "active"


def test_used_salts_survive(path: str) -> None:
    before = Driver(state=path)
    headers = before.signed()
    before.call("GET", f"ous/{before.reseller}.json", headers=headers)
    after = restarted(before)
    assert after.call("GET", f"ous/{after.reseller}.json", headers=headers).status == 401


def test_books_plans_and_knobs_survive(path: str) -> None:
    before = Driver(state=path)
    domain = before.live_domain()
    before.control("speed", seconds="7")
    before.control("fail-next", errors=["No"])
    after = restarted(before)
    assert after.look("books")["objects"][domain]["applied"]["Provision"] == 1
    location = after.act(f"domains/{domain}", "Close").location
    after.wait(6.9)
    assert after.get(location).json["state"] == "pending"
    after.wait()
    assert after.get(location).json["errors"] == ["No"]


def test_deletions_survive(path: str) -> None:
    before = Driver(state=path)
    domain = before.live_domain()
    mailbox = before.mailbox(domain, live=True)
    location = before.delete(f"mailboxes/{mailbox}.json").location
    before.wait()
    before.get(location)
    after = restarted(before)
    assert after.get(f"mailboxes/{mailbox}.json").status == 404
    assert after.get(location).status == 404
    assert after.look("actions")[-1]["action"] == "Delete"
    after.mailbox(domain)  # the address is free


def test_a_lock_that_comes_back_survives(path: str) -> None:
    before = Driver(state=path)
    mailbox = before.mailbox(before.live_domain(), live=True)
    before.control("lock", mailbox=mailbox)
    before.control("relock", seconds=30)
    before.done(f"mailboxes/{mailbox}", "Unlock")
    after = restarted(before)
    after.wait(31)
    assert after.shown("mailbox", mailbox)["account_locked"] is True


def test_the_order_of_creation_survives(path: str) -> None:
    before = Driver(state=path)
    package = before.cloudmail()
    names = [f"{letter}.example" for letter in "zmax"]
    first, *_ = [before.domain(package, name) for name in names]
    before.done(f"domains/{first}", "Provision")
    found = [domain["name"] for domain in restarted(before).look("inventory")["domains"]]
    assert found == names
