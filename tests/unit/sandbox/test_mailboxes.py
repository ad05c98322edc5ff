"""Mailboxes: making, changing, suspending, locks, deleting."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.sandbox.driver import Driver

GOOD = {"email_local": "sample", "password": "Sample123$", "last_name": "Sample"}


def create(sandbox: Driver, domain: str, **given: Any) -> Any:
    mailbox = {name: value for name, value in {**GOOD, **given}.items() if value is not ...}
    return sandbox.post(f"domains/{domain}/mailboxes.json", {"mailbox": mailbox})


def test_a_mailbox_is_created_inactive(legacy: Driver) -> None:
    reply = create(legacy, legacy.live_domain(), first_name="Sam")
    assert (reply.status, reply.headers[-1]) == (201, ("Location", f"/api/v1/mailboxes/{reply.guid}"))
    shown = legacy.get(f"mailboxes/{reply.guid}.json").json
    assert (shown["email"], shown["state"], shown["first_name"]) == ("sample@acme.example", "inactive", "Sam")
    assert (shown["account_locked"], shown["lock_reason"]) == (False, None)
    assert shown["packages"][0]["edition_code"] == "SYN-CMS-BASIC-02"
    assert "password" not in shown


def test_a_mailbox_is_provisioned_at_once(legacy: Driver) -> None:
    reply = create(legacy, legacy.live_domain(), provision_immediately=True)
    assert reply.status == 202
    assert reply.location.startswith(f"/api/v1/mailboxes/{reply.guid}/actions/")
    assert legacy.state("mailbox", reply.guid) == "pending"
    legacy.wait()
    assert legacy.state("mailbox", reply.guid) == "active"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"email_local": ""}, "email_local: This value should not be blank."),
        (
            {"email_local": "a b"},
            "email_local: This value is not a valid local part of an email address.",
        ),
        ({"last_name": ...}, "last_name: This value should not be blank."),
        ({"password": ...}, "password: This value should not be blank."),
        ({"password": "short"}, "password: This value is too short. It should have 8 characters or more."),
        ({"ssha_password": "{SSHA256}x"}, "ssha_password: This field was not expected."),
        (
            {"package_edition_code": "SYN-PIN-BRD"},
            "package_edition_code: The value you selected is not a valid choice.",
        ),
        ({"provision_immediately": "yes"}, "provision_immediately: This value is not valid."),
        ({"nickname": "Sammy"}, "nickname: This field was not expected."),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_named(legacy: Driver, given: dict[str, Any], error: str) -> None:
    reply = create(legacy, legacy.live_domain(), **given)
    assert (reply.status, reply.errors) == (400, [error])


def test_an_address_exists_once(legacy: Driver) -> None:
    domain = legacy.live_domain()
    create(legacy, domain)
    assert create(legacy, domain, email_local="SAMPLE").errors == ["email_local: This value is already used."]


def test_a_mailbox_needs_a_live_domain_with_mailboxes(legacy: Driver) -> None:
    package = legacy.cloudmail()
    assert create(legacy, legacy.domain(package)).status == 409
    brand = legacy.package(legacy.company(), "SYN-PIN-BRD", "SYN-PIN-BRD")
    assert create(legacy, legacy.live_domain(brand, "brand.example")).status == 409
    closed = legacy.live_domain(package, "closed.example")
    mailbox = legacy.mailbox(closed)
    legacy.done(f"domains/{closed}", "Close")
    assert create(legacy, closed, email_local="late").status == 409
    assert legacy.act(f"mailboxes/{mailbox}", "Provision").status == 409


def test_the_current_generation_takes_hashed_passwords(current: Driver) -> None:
    domain = current.live_domain()
    hashed = "{SSHA256}" + b64encode(sha256(b"Sample123$salt").digest() + b"salt").decode()
    assert create(current, domain, password=..., ssha_password=hashed).status == 201
    both = create(current, domain, email_local="b", ssha_password=hashed)
    assert both.errors == ["ssha_password: Only one of password and ssha_password may be given."]
    plain = create(current, domain, email_local="c", password=..., ssha_password="Sample123$")
    assert plain.errors == ["ssha_password: This value is not valid."]
    none = create(current, domain, email_local="d", password=...)
    assert none.errors == ["password: This value should not be blank."]


def test_an_inactive_mailbox_is_changed_at_once(legacy: Driver) -> None:
    mailbox = legacy.mailbox(legacy.live_domain())
    reply = legacy.patch(f"mailboxes/{mailbox}.json", {"mailbox": {"display_name": "Sam S."}})
    assert reply.status == 204
    assert legacy.shown("mailbox", mailbox)["display_name"] == "Sam S."


def test_a_provisioned_mailbox_is_changed_by_an_update_action(legacy: Driver) -> None:
    mailbox = legacy.mailbox(legacy.live_domain(), live=True)
    reply = legacy.patch(f"mailboxes/{mailbox}.json", {"mailbox": {"display_name": "Sam S."}})
    assert (reply.status, reply.headers[-1][0]) == (202, "Location")
    assert legacy.shown("mailbox", mailbox)["display_name"] is None
    assert legacy.state("mailbox", mailbox) == "pending"
    legacy.wait()
    assert legacy.get(reply.location).json["action"] == "update"
    assert legacy.shown("mailbox", mailbox)["display_name"] == "Sam S."
    assert legacy.state("mailbox", mailbox) == "active"


@pytest.mark.parametrize("change", [{}, {"email_local": "other"}, {"last_name": ""}, {"password": "short"}])
def test_changes_against_the_rules_are_refused(legacy: Driver, change: dict[str, str]) -> None:
    mailbox = legacy.mailbox(legacy.live_domain())
    assert legacy.patch(f"mailboxes/{mailbox}.json", {"mailbox": change}).status == 400


def test_no_password_is_kept(legacy: Driver) -> None:
    domain = legacy.live_domain()
    mailbox = legacy.mailbox(domain, live=True, password="Very-Secret-1")
    legacy.patch(f"mailboxes/{mailbox}.json", {"mailbox": {"password": "Very-Secret-2"}})
    kept = [str(thing.__dict__) for thing in legacy.store.things()]
    assert not any("Very-Secret" in text for text in kept)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["Suspend"], "suspended"),
        (["Close"], "closed"),
        (["Suspend", "Close"], "closed"),
        (["Suspend", "Activate"], "active"),
        (["Close", "Activate"], "active"),
    ],
)
def test_a_mailbox_goes_through_its_states(legacy: Driver, steps: list[str], state: str) -> None:
    mailbox = legacy.mailbox(legacy.live_domain(), live=True)
    for step in steps:
        assert legacy.done(f"mailboxes/{mailbox}", step)["state"] == "finished"
    assert legacy.state("mailbox", mailbox) == state


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ([], ["Suspend", "Close", "Activate", "Unlock"]),
        (["Provision"], ["Provision", "Activate", "Unlock"]),
        (["Provision", "Suspend"], ["Provision", "Suspend", "Unlock"]),
        (["Provision", "Close"], ["Provision", "Suspend", "Close", "Unlock"]),
    ],
)
def test_actions_that_a_state_forbids_are_refused(
    legacy: Driver, steps: list[str], refused: list[str]
) -> None:
    mailbox = legacy.mailbox(legacy.live_domain())
    for step in steps:
        legacy.done(f"mailboxes/{mailbox}", step)
    for name in refused:
        assert legacy.act(f"mailboxes/{mailbox}", name).status == 409
    assert legacy.act(f"mailboxes/{mailbox}", "Delete").status == 400


def test_a_mailbox_has_one_action_at_a_time(legacy: Driver) -> None:
    mailbox = legacy.mailbox(legacy.live_domain())
    legacy.act(f"mailboxes/{mailbox}", "Provision")
    assert legacy.act(f"mailboxes/{mailbox}", "Provision").status == 409
    assert legacy.patch(f"mailboxes/{mailbox}.json", {"mailbox": {"last_name": "X"}}).status == 409
    assert legacy.delete(f"mailboxes/{mailbox}.json").status == 409


def test_the_edition_is_changed_at_once_or_by_an_action(legacy: Driver) -> None:
    package = legacy.cloudmail()
    mailbox = legacy.mailbox(legacy.live_domain(package))
    path = f"mailboxes/{mailbox}/packages/{package}/edition.json"

    def edition() -> str:
        return str(legacy.shown("mailbox", mailbox)["packages"][0]["edition_code"])

    assert legacy.patch(path, {"edition": {"code": "SYN-CM-PREM-25-ARCH"}}).status == 204
    assert edition() == "SYN-CM-PREM-25-ARCH"
    legacy.done(f"mailboxes/{mailbox}", "Provision")
    assert legacy.patch(path, {"edition": {"code": "SYN-CM-PREM-100-ARCH"}}).status == 202
    assert edition() == "SYN-CM-PREM-25-ARCH"
    legacy.wait()
    assert edition() == "SYN-CM-PREM-100-ARCH"


def test_an_edition_that_the_package_lacks_is_refused(legacy: Driver) -> None:
    company = legacy.company()
    package = legacy.package(company, "SYN-CMS", "SYN-CMS-BASIC-02")
    mailbox = legacy.mailbox(legacy.live_domain(package))
    wanted = {"edition": {"code": "SYN-CM-PREM-100-ARCH"}}
    refused = legacy.patch(f"mailboxes/{mailbox}/packages/{package}/edition.json", wanted)
    assert refused.errors == ["code: The value you selected is not a valid choice."]
    other = legacy.cloudmail(company)
    assert legacy.patch(f"mailboxes/{mailbox}/packages/{other}/edition.json", wanted).status == 404


def test_an_inactive_mailbox_is_deleted_at_once(legacy: Driver) -> None:
    domain = legacy.live_domain()
    mailbox = legacy.mailbox(domain)
    assert legacy.delete(f"mailboxes/{mailbox}.json").status == 204
    assert legacy.get(f"mailboxes/{mailbox}.json").status == 404
    legacy.mailbox(domain)  # the address is free again


def test_deleting_a_provisioned_mailbox_ends_with_both_gone(legacy: Driver) -> None:
    mailbox = legacy.mailbox(legacy.live_domain(), live=True)
    reply = legacy.delete(f"mailboxes/{mailbox}.json")
    assert (reply.status, reply.headers[-1][0]) == (202, "Location")
    assert legacy.get(reply.location).json["action"] == "delete"
    legacy.wait()
    assert legacy.get(reply.location).status == 404
    assert legacy.get(f"mailboxes/{mailbox}.json").status == 404
    assert legacy.look("books")["objects"][mailbox]["applied"]["Delete"] == 1


@pytest.fixture
def locked(legacy: Driver) -> str:
    mailbox = legacy.mailbox(legacy.live_domain(), live=True)
    reply = legacy.control("lock", mailbox="Sample@acme.example", reason="Sent spam", code="ABC123")
    assert reply.status == 200
    return mailbox


def test_a_locked_mailbox_shows_why(legacy: Driver, locked: str) -> None:
    shown = legacy.shown("mailbox", locked)
    assert (shown["state"], shown["account_locked"], shown["lock_type"]) == ("suspended", True, "full")
    assert (shown["lock_reason_code"], shown["lock_reason"]) == ("ABC123", "Sent spam")


def test_only_unlock_revives_a_locked_mailbox(legacy: Driver, locked: str) -> None:
    for name in ("Activate", "Close", "Suspend"):
        assert legacy.act(f"mailboxes/{locked}", name).status == 409
    assert legacy.done(f"mailboxes/{locked}", "Unlock")["state"] == "finished"
    shown = legacy.shown("mailbox", locked)
    assert (shown["state"], shown["account_locked"], shown["lock_reason"]) == ("active", False, None)


def test_without_a_new_password_it_is_locked_again(legacy: Driver, locked: str) -> None:
    legacy.control("relock", seconds=30)
    legacy.done(f"mailboxes/{locked}", "Unlock")
    legacy.wait(31)
    assert legacy.shown("mailbox", locked)["account_locked"] is True


def test_with_a_new_password_it_stays_unlocked(legacy: Driver, locked: str) -> None:
    legacy.control("relock", seconds=30)
    legacy.wait(1)
    legacy.patch(f"mailboxes/{locked}.json", {"mailbox": {"password": "another-one"}})
    legacy.wait()
    assert legacy.shown("mailbox", locked)["account_locked"] is True
    legacy.done(f"mailboxes/{locked}", "Unlock")
    legacy.wait(31)
    assert legacy.shown("mailbox", locked)["account_locked"] is False


def test_a_password_that_is_changed_after_the_unlock_is_in_time_too(legacy: Driver, locked: str) -> None:
    legacy.control("relock", seconds=30)
    legacy.done(f"mailboxes/{locked}", "Unlock")
    legacy.patch(f"mailboxes/{locked}.json", {"mailbox": {"password": "another-one"}})
    legacy.wait(31)
    assert legacy.shown("mailbox", locked)["account_locked"] is False
