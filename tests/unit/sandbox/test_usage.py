"""Usage: the report of an action, compiled for a while, and the detailed answer of the current generation."""

from __future__ import annotations

from tests.unit.sandbox.driver import Driver


def usage_of(sandbox: Driver, domain: str) -> object:
    return sandbox.shown("domain", domain)["domain_usage_report"]


def test_a_report_is_compiled_for_as_long_as_the_control_page_says(legacy: Driver) -> None:
    domain = legacy.live_domain()
    legacy.mailbox(domain, "a", live=True)
    assert legacy.control("usage", lag=5).json == {"lag": 5.0, "report": None}
    assert legacy.done(f"domains/{domain}", "Usage")["state"] == "finished"
    assert usage_of(legacy, domain) == {"state": "PENDING"}
    legacy.wait(5)
    assert usage_of(legacy, domain) == usage_of(legacy, domain)
    assert legacy.shown("domain", domain)["domain_usage_report"]["state"] == "FINISHED"


def test_a_report_says_what_the_control_page_wants(legacy: Driver) -> None:
    domain = legacy.live_domain()
    legacy.control("usage", report={"state": "FINISHED", "edition_usage_reports": "none"})
    legacy.done(f"domains/{domain}", "Usage")
    assert usage_of(legacy, domain) == {"state": "FINISHED", "edition_usage_reports": "none"}
    assert legacy.control("usage", lag="soon").status == 400
    assert legacy.control("usage", report="none").status == 400


def test_the_mailboxes_behind_a_count_are_listed(current: Driver) -> None:
    domain = current.live_domain()
    box = current.mailbox(domain, "a", live=True)
    current.mailbox(domain, "b", live=True)
    current.done(f"mailboxes/{box}", "Close")
    current.mailbox(domain, "not-provisioned")
    (row,) = current.get(f"domains/{domain}/usage.json").json["edition_usage_reports"]
    assert (row["count"], sorted(row["billable_mailboxes"])) == (2, ["a@acme.example", "b@acme.example"])
    assert row["warning"] == "1 of them closed, and counted all the same."
    current.control("stale", domain=domain)
    (row,) = current.get(f"domains/{domain}/usage.json", mailbox_metadata=1).json["edition_usage_reports"]
    assert "stale" in row["problem"]
    assert {one["guid"]: one["state"] for one in row["billable_mailboxes"]}[box] == "closed"
    assert current.get(f"domains/{domain}/usage.json", colour="red").status == 400


def test_the_legacy_generation_has_no_detailed_usage(legacy: Driver) -> None:
    assert legacy.get(f"domains/{legacy.live_domain()}/usage.json").status == 404
