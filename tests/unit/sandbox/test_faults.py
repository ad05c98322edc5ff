"""What is planned to go wrong: which request or action it meets, when, how often."""

import pytest

from tests.unit.sandbox.driver import START, Driver

PATH = "ous/{}.json"


def statuses(driver: Driver, times: int) -> list[int]:
    return [driver.get(PATH.format(driver.reseller)).status for _ in range(times)]


def test_a_fault_begins_and_ends_at_its_times(legacy: Driver) -> None:
    legacy.control("faults", faults=[{"fault": "status", "status": 503, "after": 5, "lasts": 10}])
    assert statuses(legacy, 1) == [200]
    legacy.wait(6)
    assert statuses(legacy, 2) == [503, 503]
    legacy.wait(10)
    assert statuses(legacy, 1) == [200]


def test_a_fault_without_window_or_chance_happens_once(legacy: Driver) -> None:
    legacy.control("faults", fault="html")
    page = legacy.get(PATH.format(legacy.reseller))
    assert (page.status, page.raw[:6]) == (502, b"<html>")
    assert statuses(legacy, 1) == [200]


def test_a_fault_meets_only_the_method_and_path_it_is_meant_for(legacy: Driver) -> None:
    legacy.control("faults", fault="status", method="POST", path="/companies")
    assert statuses(legacy, 2) == [200, 200]
    assert legacy.post(f"ous/{legacy.reseller}/companies.json", {}).status == 503


def test_the_same_seed_gives_the_same_faults(legacy: Driver) -> None:
    seen = []
    for _ in range(2):
        legacy.control("faults", seed=7, faults=[{"fault": "status", "chance": 0.4}])
        seen.append(statuses(legacy, 30))
    assert seen[0] == seen[1]
    assert 4 < seen[0].count(503) < 20


def test_a_new_schedule_takes_the_place_of_the_old_one(legacy: Driver) -> None:
    legacy.control("faults", fault="status", lasts=1000)
    assert [row["fault"] for row in legacy.look("faults")] == ["status"]
    legacy.control("faults", faults=[])
    assert legacy.look("faults") == []
    assert statuses(legacy, 1) == [200]


def test_an_answer_that_is_replaced_after_it_was_applied_is_in_the_books(legacy: Driver) -> None:
    domain = legacy.live_domain()
    legacy.control("faults", fault="status", status=502, when="after", method="POST", path="/mailboxes")
    given = {"mailbox": {"email_local": "a", "password": "Sample123$", "last_name": "A"}}
    assert legacy.post(f"domains/{domain}/mailboxes.json", given).status == 502
    (guid,) = [row["guid"] for row in legacy.look("inventory")["mailboxes"]]
    assert legacy.look("books")["objects"][guid]["applied"] == {"Create": 1}
    assert legacy.look("books")["faults"] == {"status after": 1}


def test_a_garbled_answer_ends_early_and_says_no_location(legacy: Driver) -> None:
    legacy.control("faults", fault="garbled", times=2)
    body = legacy.get(PATH.format(legacy.reseller))
    assert body.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = body.json
    created = legacy.post(
        f"ous/{legacy.reseller}/companies.json",
        {
            "ou": {
                "title": "A",
                "physical_address": {"line_1": "1", "city": "C", "postal_code": "8", "country": "ZA"},
            }
        },
    )
    assert created.status == 201
    with pytest.raises(StopIteration):
        _ = created.location
    assert len(legacy.look("inventory")["ous"]) == 2


def test_a_clock_that_is_off_refuses_every_signature(legacy: Driver) -> None:
    legacy.control("faults", fault="skew", lasts=10)
    assert statuses(legacy, 2) == [401, 401]
    legacy.wait(11)
    assert statuses(legacy, 1) == [200]
    assert legacy.look("books")["salts_out_of_time"] == 2


def test_too_many_requests_say_for_how_long(legacy: Driver) -> None:
    legacy.control("faults", fault="throttle", seconds=3)
    reply = legacy.get(PATH.format(legacy.reseller))
    assert (reply.status, ("retry-after", "3") in reply.headers) == (429, True)


def test_an_action_that_is_stuck_ends_when_it_is_told_to(legacy: Driver) -> None:
    domain = legacy.domain(legacy.cloudmail())
    legacy.control("faults", fault="stuck", kind="domain")
    location = legacy.act(f"domains/{domain}", "Provision").location
    legacy.wait(3000)
    assert legacy.get(location).json["state"] == "pending"
    legacy.control("finish", guid=domain)
    assert legacy.get(location).json["state"] == "finished"


def test_some_actions_end_in_error(legacy: Driver) -> None:
    domain = legacy.live_domain()
    box = legacy.mailbox(domain, live=True)
    legacy.control(
        "faults", seed=1, faults=[{"fault": "error", "action": "Suspend", "chance": 1, "lasts": 60}]
    )
    assert legacy.done(f"mailboxes/{box}", "Suspend")["state"] == "error"
    assert legacy.done(f"mailboxes/{box}", "Close")["state"] == "finished"


@pytest.mark.parametrize(
    "wish",
    [
        {"fault": "explosion"},
        {"fault": "throttle", "when": "after"},
        {"fault": "cut", "when": "before"},
        {"fault": "slow", "seconds": "long"},
        {"fault": "status", "status": 42},
        {"fault": "error", "errors": "words"},
        {"fault": "status", "headers": "none"},
        {"fault": "status", "lasts": -1},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_changes_nothing(
    legacy: Driver, wish: dict[str, object]
) -> None:
    assert legacy.control("faults", **wish).status == 400
    assert legacy.control("faults", faults=[wish]).status == 400
    assert legacy.look("faults") == []


def test_requests_are_remembered_with_their_time_and_status(legacy: Driver) -> None:
    legacy.control("faults", fault="status", status=500)
    statuses(legacy, 2)
    assert legacy.look("requests") == [
        {"at": START, "method": "GET", "call": "/api/v1/ous/{guid}.json", "status": status}
        for status in (500, 200)
    ]


def test_a_mailbox_that_vanishes_takes_its_action_with_it(legacy: Driver) -> None:
    box = legacy.mailbox(legacy.live_domain(), live=True)
    location = legacy.act(f"mailboxes/{box}", "Suspend").location
    assert legacy.control("vanish", guid="sample@acme.example").json == {"guid": box}
    legacy.wait()
    assert legacy.get(location).status == legacy.get(f"mailboxes/{box}.json").status == 404
    assert "Suspend" not in legacy.look("books")["objects"][box]["applied"]


def test_a_company_vanishes_with_all_that_it_has(legacy: Driver) -> None:
    company = legacy.company()
    legacy.mailbox(legacy.live_domain(legacy.cloudmail(company)), live=True)
    legacy.control("vanish", guid=company)
    truth = legacy.look("truth")
    assert {kind: len(found) for kind, found in truth.items()} == {
        "ou": 1, "package": 0, "domain": 0, "mailbox": 0,
    }  # fmt: skip
    assert legacy.control("vanish", guid=legacy.reseller).status == 404


def test_things_change_behind_ones_back(legacy: Driver) -> None:
    company = legacy.company()
    domain = legacy.live_domain(legacy.cloudmail(company))
    box = legacy.mailbox(domain, live=True)
    legacy.control("alter", guid=box, state="closed", name="Other")
    legacy.control("alter", guid=domain, state="suspended")
    legacy.control("alter", guid=company, name="Renamed")
    truth = legacy.look("truth")
    assert (truth["mailbox"][box]["state"], truth["mailbox"][box]["display_name"]) == ("closed", "Other")
    assert truth["domain"][domain]["state"] == "suspended"
    assert truth["ou"][company]["title"] == "Renamed"
    assert legacy.control("alter", guid=box, state="strange").status == 400
    assert legacy.control("alter", guid=company, state="closed").status == 400


def test_each_kind_of_change_has_a_line_in_the_books(either: Driver) -> None:
    package = either.cloudmail()
    domain = either.live_domain(package)
    either.done(f"domains/{domain}", "Usage")
    box = either.mailbox(domain, live=True)
    either.patch(f"mailboxes/{box}.json", {"mailbox": {"last_name": "Other"}})
    either.wait()
    codes = [edition["code"] for edition in either.shown("package", package)["editions"]]
    edition = f"mailboxes/{box}/packages/{package}/edition.json"
    assert either.patch(edition, {"edition": {"code": codes[-1]}}).status == 202
    either.wait()
    either.done(f"mailboxes/{box}", "Suspend")
    either.delete(f"mailboxes/{box}.json")
    either.wait()
    objects = either.look("books")["objects"]
    assert {"Create": 1, "Link": 1, "Provision": 1, "Usage": 1}.items() <= objects[domain]["applied"].items()
    assert objects[box]["applied"] == objects[box]["accepted"] == {
        "Create": 1, "Provision": 1, "Update": 1, "Edition": 1, "Suspend": 1, "Delete": 1,
    }  # fmt: skip


def test_nothing_can_shut_a_port_that_is_not_there(legacy: Driver) -> None:
    assert legacy.control("shut", seconds=1).status == 409
    assert legacy.control("shut", seconds=10_000).status == 400


def made(driver: Driver) -> str:
    """A mailbox that is there."""
    domain = driver.live_domain()
    given = {"mailbox": {"email_local": "a", "password": "Sample123$", "last_name": "A"}}
    assert driver.post(f"domains/{domain}/mailboxes.json", given).status == 201
    (guid,) = [row["guid"] for row in driver.look("inventory")["mailboxes"]]
    return str(guid)


@pytest.mark.parametrize(("when", "first"), [("before", 404), ("after", 200)])
def test_a_thing_vanishes_behind_ones_back_as_planned(legacy: Driver, when: str, first: int) -> None:
    guid = made(legacy)
    legacy.control("faults", fault="vanish", when=when, path="/mailboxes/", after=5, times=1)
    assert legacy.get(f"mailboxes/{guid}.json").status == 200
    legacy.wait(6)
    assert [legacy.get(f"mailboxes/{guid}.json").status for _ in range(2)] == [first, 404]
    assert legacy.look("books")["faults"] == {f"vanish {when}": 1}


def test_a_thing_changes_behind_ones_back_as_planned(legacy: Driver) -> None:
    guid = made(legacy)
    legacy.control("faults", fault="alter", state="suspended", path=f"/mailboxes/{guid}")
    shown = legacy.get(f"mailboxes/{guid}.json").json
    assert shown.get("mailbox", shown)["state"] == "suspended"


def test_where_nothing_is_named_that_could_change_the_answer_is_the_right_one(legacy: Driver) -> None:
    legacy.control("faults", faults=[{"fault": "vanish", "lasts": 60}, {"fault": "alter", "lasts": 60}])
    assert statuses(legacy, 2) == [200, 200]
