"""The control page and its endpoints."""

import pytest

from tests.unit.sandbox.driver import START, Driver


def test_control_is_for_this_machine_only(legacy: Driver) -> None:
    assert legacy.call("GET", "/control/", client="10.0.0.7").status == 403
    assert legacy.call("GET", "/control/", client="::1").status == 200


@pytest.mark.parametrize(
    "headers", [{"host": "sandbox.attacker.example"}, {"origin": "https://attacker.example"}]
)
def test_pages_of_other_origins_cannot_control(legacy: Driver, headers: dict[str, str]) -> None:
    assert legacy.call("POST", "/control/reset", {}, headers).status == 403


def test_the_page_names_every_endpoint(legacy: Driver) -> None:
    legacy.domain(legacy.cloudmail())
    legacy.act(f"domains/{legacy.look('inventory')['domains'][0]['guid']}", "Provision")
    page = legacy.get("/control/").raw.decode()
    for name in ("books", "inventory", "actions", "lock", "fail-next", "refuse-next", "speed", "reset"):
        assert f"/control/{name}" in page
    assert "<script" not in page
    assert "Provision" in page


def test_a_form_leads_back_to_the_page(legacy: Driver) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": "http://127.0.0.1:8900"}
    reply = legacy.call("POST", "/control/speed", b"seconds=4-5", headers)
    assert (reply.status, reply.location) == (303, "/control/")
    assert "4 to 5 s" in legacy.get("/control/").raw.decode()


def test_the_speed_goes_back_to_what_was_set_at_the_start(legacy: Driver) -> None:
    legacy.control("speed", seconds="600")
    assert legacy.control("speed", seconds="default").json == {"seconds": [2.0, 2.0]}
    domain = legacy.live_domain()
    assert legacy.state("domain", domain) == "active"


def test_bad_requests_are_named(legacy: Driver) -> None:
    assert legacy.call("POST", "/control/speed", b"{").status == 400
    assert legacy.call("POST", "/control/speed", b"[]").status == 400
    assert legacy.control("speed", seconds="fast").status == 400
    assert legacy.control("refuse-next", status="many").status == 400
    assert legacy.control("refuse-next", status=99).status == 400
    assert legacy.control("fail-next", errors="words").status == 400
    assert legacy.control("lock", mailbox="nobody@acme.example").status == 404
    assert legacy.control("stale", domain="nowhere.example").status == 404
    assert legacy.control("reset", seed="full").status == 400


def test_the_next_action_fails_with_the_given_words_once(legacy: Driver) -> None:
    package = legacy.cloudmail()
    one, two = legacy.domain(package, "one.example"), legacy.domain(package, "two.example")
    legacy.control("fail-next", action="Provision", kind="domain", errors=["The MX record is missing"])
    ended = legacy.done(f"domains/{one}", "Provision")
    assert (ended["state"], ended["errors"]) == ("error", ["The MX record is missing"])
    assert legacy.state("domain", one) == "error"
    assert legacy.done(f"domains/{two}", "Provision")["state"] == "finished"
    assert legacy.done(f"domains/{one}", "Provision")["state"] == "finished"
    assert legacy.look("books")["objects"][one]["accepted"]["Provision"] == 2
    assert legacy.look("books")["objects"][one]["applied"]["Provision"] == 1


def test_a_failure_that_is_meant_for_another_kind_waits(legacy: Driver) -> None:
    domain = legacy.live_domain()
    legacy.control("fail-next", kind="mailbox", errors=["Out of space"])
    assert legacy.done(f"domains/{domain}", "Usage")["state"] == "finished"
    mailbox = legacy.mailbox(domain)
    assert legacy.done(f"mailboxes/{mailbox}", "Provision")["state"] == "error"
    assert legacy.state("mailbox", mailbox) == "error"
    assert legacy.done(f"mailboxes/{mailbox}", "Provision")["state"] == "finished"


def test_a_failed_change_leaves_things_as_they_were(legacy: Driver) -> None:
    domain = legacy.live_domain()
    mailbox = legacy.mailbox(domain, live=True)
    for path in (f"mailboxes/{mailbox}", f"domains/{domain}"):
        legacy.control("fail-next", errors=["No"])
        assert legacy.done(path, "Close")["state"] == "error"
    assert (legacy.state("mailbox", mailbox), legacy.state("domain", domain)) == ("active", "active")
    legacy.control("fail-next", errors=["No"])
    legacy.done(f"domains/{domain}", "Usage")
    assert legacy.shown("domain", domain)["domain_usage_report"] is None


def test_the_next_request_is_refused_and_not_applied(legacy: Driver) -> None:
    legacy.control("refuse-next", status=503, body="<h1>Bad gateway</h1>", method="POST", path="/companies")
    assert legacy.get(f"ous/{legacy.reseller}.json").status == 200
    reply = legacy.post(f"ous/{legacy.reseller}/companies.json", {})
    assert (reply.status, reply.raw) == (503, b"<h1>Bad gateway</h1>")
    legacy.company()
    assert len(legacy.look("inventory")["ous"]) == 2


def test_a_refusal_may_hold_headers_and_last_several_times(legacy: Driver) -> None:
    legacy.control("refuse-next", status=429, times=2, headers={"Retry-After": "3"})
    path = f"ous/{legacy.reseller}.json"
    first = legacy.get(path)
    assert (first.status, first.json["code"]) == (429, 429)
    assert ("retry-after", "3") in first.headers
    assert [legacy.get(path).status for _ in range(2)] == [429, 200]


def test_open_actions_are_ended_at_wish(legacy: Driver) -> None:
    legacy.control("speed", seconds="600")
    domain = legacy.domain(legacy.cloudmail())
    location = legacy.act(f"domains/{domain}", "Provision").location
    legacy.wait(10)
    assert legacy.get(location).json["state"] == "new"
    assert legacy.control("finish").json == {"finished": [1001]}
    assert legacy.get(location).json["state"] == "finished"
    assert legacy.look("actions")[0]["finished_at"] == START + 10
    legacy.wait(600)
    assert legacy.look("books")["objects"][domain]["applied"]["Provision"] == 1


def test_a_stale_domain_is_refreshed_by_provisioning_in_the_legacy_generation(legacy: Driver) -> None:
    domain = legacy.live_domain()
    legacy.control("stale", domain="acme.example")
    assert legacy.state("domain", domain) == "stale"
    legacy.done(f"domains/{domain}", "Provision")
    assert legacy.state("domain", domain) == "active"


def test_the_books_tell_how_often_each_change_was_applied(legacy: Driver) -> None:
    mailbox = legacy.mailbox(legacy.live_domain(), live=True)
    legacy.act(f"mailboxes/{mailbox}", "Suspend")
    books = legacy.look("books")
    assert books["objects"][mailbox] == {
        "kind": "mailbox",
        "name": "sample@acme.example",
        "accepted": {"Create": 1, "Provision": 1, "Suspend": 1},
        "applied": {"Create": 1, "Provision": 1},
    }
    assert books["applied"]["mailbox.Create"] == books["applied"]["ou.Create"] == 1
    assert books["requests"]["by_call"]["POST /api/v1/domains/{guid}/mailboxes.json"] == 1
    assert books["requests"]["by_call"]["GET /api/v1/mailboxes/{guid}/actions/{id}"] == 1
    assert books["requests"]["total"] == sum(books["requests"]["by_status"].values())


def test_the_actions_tell_their_times(legacy: Driver) -> None:
    legacy.live_domain()
    (action,) = legacy.look("actions")
    assert (action["submitted_at"], action["finished_at"]) == (START, START + 2)
    assert (action["kind"], action["action"], action["state"]) == ("domain", "Provision", "finished")


def test_the_inventory_names_what_is_there(legacy: Driver) -> None:
    package = legacy.cloudmail()
    domain = legacy.live_domain(package)
    mailbox = legacy.mailbox(domain)
    found = legacy.look("inventory")
    assert found["reseller"] == legacy.reseller
    assert found["links"] == [{"package": package, "domain": domain}]
    assert found["mailboxes"] == [{"guid": mailbox, "domain": domain, "email": "sample@acme.example"}]
    company = found["ous"][1]
    assert company == {
        "guid": company["guid"],
        "parent": legacy.reseller,
        "kind": "company",
        "title": "Acme Ltd",
    }
    assert found["packages"] == [{"guid": package, "ou": company["guid"]}]


def test_a_reset_starts_afresh(legacy: Driver) -> None:
    legacy.company()
    assert legacy.control("reset", seed="demo").status == 200
    assert len(legacy.look("inventory")["mailboxes"]) >= 300
    legacy.control("reset", seed="empty")
    assert len(legacy.look("inventory")["ous"]) == 1


def test_health_is_told_to_anyone(legacy: Driver) -> None:
    assert legacy.call("GET", "/health", client="10.0.0.7").raw == b"ok\n"
