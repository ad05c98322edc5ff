"""Domains: making, service fields, actions, usage, deleting."""

import pytest

from tests.unit.sandbox.driver import Driver

BOTH_WAYS = ("mail_delivery_location", "mail_delivery_alternative", "auth_method", "username", "password")


def securemail(sandbox: Driver, name: str = "acme.example") -> str:
    return sandbox.domain(sandbox.package(sandbox.company(), "SYN-PIN-SEC", "SYN-PIN-SEC-BOTH"), name)


def test_a_domain_stands_alone_until_it_is_linked(legacy: Driver) -> None:
    company = legacy.company()
    reply = legacy.post(f"ous/{company}/domains.json", {"domain": {"domain_name": "acme.example"}})
    assert (reply.status, reply.headers[-1]) == (201, ("location", f"/api/v1/domains/{reply.guid}"))
    shown = legacy.shown("domain", reply.guid)
    assert (shown["domain_name"], shown["state"], shown["fields"]) == ("acme.example", "inactive", {})
    assert legacy.act(f"domains/{reply.guid}", "Provision").status == 409
    assert legacy.patch(f"domains/{reply.guid}/servicefields.json", {"fields": {"a": "b"}}).status == 409


@pytest.mark.parametrize("name", ["", "acme", "acme..example", "-a.example", "a b.example", "a.example/", 5])
def test_a_name_that_no_domain_can_have_is_refused(legacy: Driver, name: object) -> None:
    reply = legacy.post(f"ous/{legacy.company()}/domains.json", {"domain": {"domain_name": name}})
    assert reply.status == 400
    assert reply.errors[0].startswith("domain_name: ")


def test_a_domain_exists_once(legacy: Driver) -> None:
    legacy.domain(legacy.cloudmail(), "acme.example")
    path = f"ous/{legacy.company()}/domains.json"
    reply = legacy.post(path, {"domain": {"domain_name": "ACME.example"}})
    assert reply.errors == ["domain_name: This value is already used."]


def test_a_cloudmail_domain_is_provisioned_at_once_in_the_legacy_generation(legacy: Driver) -> None:
    path = f"packages/{legacy.cloudmail()}/domains.json"
    given = {"domain_name": "acme.example", "provision_immediately": True}
    reply = legacy.post(path, {"domain": given})
    assert reply.status == 202
    assert reply.headers[-1] == ("location", f"/api/v1/domains/{reply.guid}/actions/1001")
    assert legacy.state("domain", reply.guid) == "pending"
    legacy.wait()
    assert legacy.state("domain", reply.guid) == "active"


def test_nothing_else_is_provisioned_at_once(legacy: Driver, current: Driver) -> None:
    given = {"domain": {"domain_name": "acme.example", "provision_immediately": True}}
    plan = legacy.package(legacy.company(), "SYN-PIN-BRD", "SYN-PIN-BRD")
    refused = legacy.post(f"packages/{plan}/domains.json", given)
    assert refused.errors == ["provision_immediately: Only CloudMail domains can be provisioned immediately."]
    unknown = current.post(f"packages/{current.cloudmail()}/domains.json", given)
    assert unknown.errors == ["provision_immediately: This field was not expected."]


def test_the_fields_are_those_of_the_linked_packages(legacy: Driver) -> None:
    company = legacy.company()
    domain = legacy.domain(legacy.cloudmail(company))
    assert legacy.shown("domain", domain)["fields"] == {}
    secure = legacy.package(company, "SYN-PIN-SEC", "SYN-PIN-SEC-BOTH")
    legacy.call("LINK", f"packages/{secure}/domains/{domain}.json")
    shown = legacy.shown("domain", domain)
    assert tuple(shown["fields"]) == BOTH_WAYS
    assert shown["fields"]["auth_method"] == "smtp"
    assert shown["fields"]["username"] is None
    assert set(shown["service_fields"]) != set(shown["fields"])  # the old object is something else


def test_every_product_of_the_current_generation_needs_fields(current: Driver) -> None:
    company = current.company()
    products = current.call("OPTIONS", f"ous/{company}/packages.json").json["packages"]
    for number, product in enumerate(products):
        domain = current.domain(current.package(company, product["code"]), f"d{number}.example")
        assert current.shown("domain", domain)["fields"]


def test_fields_are_changed_and_passwords_come_back_masked(legacy: Driver) -> None:
    domain = securemail(legacy)
    fields = {"mail_delivery_location": "mx.acme.example", "username": "relay", "password": "s3cret-word"}
    assert legacy.patch(f"domains/{domain}/servicefields.json", {"fields": fields}).status == 204
    shown = legacy.shown("domain", domain)["fields"]
    assert shown == {
        "mail_delivery_location": "mx.acme.example",
        "mail_delivery_alternative": None,
        "auth_method": "smtp",
        "username": "relay",
        "password": "********",
    }


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"colour": "red"}, "colour: This field was not expected."),
        ({"username": 5}, "username: This value is not valid."),
        ({"password": "********"}, "password: This value is not valid."),
        (
            {"mail_delivery_location": "mx acme"},
            "mail_delivery_location: This value is not a valid host name.",
        ),
        ({}, "fields: This value should not be blank."),
    ],
)
def test_what_is_wrong_with_fields_is_named(legacy: Driver, fields: dict[str, object], error: str) -> None:
    domain = securemail(legacy)
    reply = legacy.patch(f"domains/{domain}/servicefields.json", {"fields": fields})
    assert (reply.status, reply.errors) == (400, [error])


def test_both_pairs_of_logins_are_sent_alike_where_both_are_exposed(current: Driver) -> None:
    domain = current.domain(current.package(current.company(), "SM-STD"))
    path = f"domains/{domain}/servicefields.json"
    refused = current.patch(path, {"fields": {"username": "relay", "password": "long enough"}})
    assert refused.errors == [
        "smtp_username: This value should be the same as username.",
        "smtp_password: This value should be the same as password.",
    ]
    alike = {"username": "relay", "smtp_username": "relay", "password": "word", "smtp_password": "word"}
    assert current.patch(path, {"fields": alike}).status == 204


def test_provisioning_without_fields_ends_in_error_and_can_be_mended(legacy: Driver) -> None:
    domain = securemail(legacy)
    ended = legacy.done(f"domains/{domain}", "Provision")
    assert ended["state"] == "error"
    assert ended["errors"] == [
        "mail_delivery_location: This value should not be blank.",
        "username: This value should not be blank.",
        "password: This value should not be blank.",
    ]
    assert legacy.state("domain", domain) == "error"
    assert legacy.delete(f"domains/{domain}.json").status == 409
    assert legacy.fill_fields(domain).status == 204
    assert legacy.done(f"domains/{domain}", "Provision")["state"] == "finished"
    assert legacy.state("domain", domain) == "active"


def test_fields_of_a_live_domain_are_fixed_in_the_legacy_generation(legacy: Driver) -> None:
    domain = legacy.live_domain(legacy.package(legacy.company(), "SYN-PIN-SEC", "SYN-PIN-SEC-BOTH"))
    assert legacy.fill_fields(domain).status == 409


def test_fields_of_a_live_domain_make_it_stale_in_the_current_generation(current: Driver) -> None:
    domain = current.live_domain()
    assert current.fill_fields(domain).status == 204
    assert current.state("domain", domain) == "stale"
    assert current.act(f"domains/{domain}", "Refresh").status == 202
    assert current.state("domain", domain) == "pending"
    current.wait()
    assert current.state("domain", domain) == "active"


def test_a_refresh_stands_in_both_books_once_it_has_ended(current: Driver) -> None:
    domain = current.live_domain()
    current.fill_fields(domain)
    current.act(f"domains/{domain}", "Refresh")
    books = current.look("books")["objects"][domain]
    assert (books["accepted"]["Refresh"], books["applied"].get("Refresh")) == (1, None)
    current.wait()
    assert current.look("books")["objects"][domain]["applied"]["Refresh"] == 1


def test_a_domain_that_is_not_stale_has_nothing_to_refresh(current: Driver) -> None:
    domain = current.live_domain()
    assert current.act(f"domains/{domain}", "Refresh").status == 409
    current.fill_fields(domain)
    current.done(f"domains/{domain}", "Refresh")
    assert current.act(f"domains/{domain}", "Refresh").status == 409


def test_a_refresh_that_is_planned_to_fail_leaves_the_domain_stale(current: Driver) -> None:
    domain = current.live_domain()
    current.fill_fields(domain)
    current.control("faults", fault="error", action="Refresh", kind="domain", errors=["Not today."])
    ended = current.done(f"domains/{domain}", "Refresh")
    assert (ended["state"], ended["errors"]) == ("error", ["Not today."])
    assert current.state("domain", domain) == "stale"
    assert current.done(f"domains/{domain}", "Refresh")["state"] == "finished"


def test_a_closed_domain_that_is_refreshed_stays_closed(current: Driver) -> None:
    domain = current.live_domain()
    current.done(f"domains/{domain}", "Close")
    current.fill_fields(domain)
    assert current.state("domain", domain) == "stale"
    current.done(f"domains/{domain}", "Refresh")
    assert current.state("domain", domain) == "closed"


def test_a_package_that_is_added_to_a_live_domain_waits_to_be_provisioned(legacy: Driver) -> None:
    company = legacy.company()
    domain = legacy.live_domain(legacy.cloudmail(company))
    brand = legacy.package(company, "SYN-PIN-BRD", "SYN-PIN-BRD")
    legacy.call("LINK", f"packages/{brand}/domains/{domain}.json")
    assert legacy.state("domain", domain) == "inactive"
    assert legacy.delete(f"domains/{domain}.json").status == 409  # its other service lives
    assert legacy.fill_fields(domain).status == 204
    legacy.done(f"packages/{brand}", "Provision")
    assert legacy.state("domain", domain) == "active"


def test_an_action_goes_from_new_over_pending_to_finished(legacy: Driver) -> None:
    domain = legacy.domain(legacy.cloudmail())
    reply = legacy.act(f"domains/{domain}", "Provision")
    assert reply.headers[-1] == ("location", f"/api/v1/domains/{domain}/actions/1001")
    assert legacy.get(f"{reply.location}.json").json == {
        "id": 1001,
        "action": "provision",
        "state": "new",
        "errors": [],
        "exclusions": [],
    }
    legacy.wait(1)
    assert legacy.get(reply.location).json == {"state": "pending"}
    assert legacy.state("domain", domain) == "pending"
    legacy.wait(1)
    assert legacy.get(reply.location).json["state"] == "finished"


def test_one_action_at_a_time(legacy: Driver) -> None:
    domain = legacy.domain(legacy.cloudmail())
    legacy.act(f"domains/{domain}", "Provision")
    for reply in (
        legacy.act(f"domains/{domain}", "Provision"),
        legacy.act(f"domains/{domain}", "Usage"),
        legacy.delete(f"domains/{domain}.json"),
        legacy.patch(f"domains/{domain}/servicefields.json", {"fields": {}}),
    ):
        assert (reply.status, reply.errors) == (409, None)


def test_a_domain_is_closed_and_activated_again(either: Driver) -> None:
    domain = either.live_domain()
    assert either.act(f"domains/{domain}", "Activate").status == 409
    either.done(f"domains/{domain}", "Close")
    assert either.state("domain", domain) == "closed"
    assert either.act(f"domains/{domain}", "Close").status == 409
    either.done(f"domains/{domain}", "Activate")
    assert either.state("domain", domain) == "active"


def test_actions_of_the_current_generation_are_unknown_to_the_legacy_one(
    legacy: Driver, current: Driver
) -> None:
    domain = legacy.live_domain()
    for name in ("Suspend", "Refresh", "Move", "close", ""):
        assert legacy.act(f"domains/{domain}", name).status == 400
    domain = current.live_domain()
    assert current.act(f"domains/{domain}", "Move").status == 501
    current.done(f"domains/{domain}", "Suspend")
    assert current.state("domain", domain) == "suspended"


def test_a_domain_is_deleted_in_two_steps_after_its_mailboxes(either: Driver) -> None:
    domain = either.live_domain()
    mailbox = either.mailbox(domain, live=True)
    spare = either.mailbox(domain, "spare")
    assert either.delete(f"domains/{domain}.json").status == 409
    assert either.act(f"domains/{domain}", "Delete").status == 409
    either.delete(f"mailboxes/{mailbox}.json")
    assert either.act(f"domains/{domain}", "Delete").status == 409  # the mailbox is on its way out
    either.wait()
    assert either.done(f"domains/{domain}", "Delete")["state"] == "finished"
    assert either.state("domain", domain) == "deleted"
    assert either.act(f"domains/{domain}", "Provision").status == 409
    assert either.delete(f"domains/{domain}.json").status == 204
    assert either.get(f"domains/{domain}.json").status == 404
    assert either.get(f"mailboxes/{spare}.json").status == 404


def test_an_inactive_domain_is_deleted_at_once_and_its_name_is_free_again(legacy: Driver) -> None:
    package = legacy.cloudmail()
    assert legacy.delete(f"domains/{legacy.domain(package)}.json").status == 204
    legacy.domain(package)


def test_usage_is_counted_by_edition_over_all_packages(legacy: Driver) -> None:
    company = legacy.company()
    package = legacy.cloudmail(company)
    domain = legacy.live_domain(package)
    brand = legacy.package(company, "SYN-PIN-BRD", "SYN-PIN-BRD")
    legacy.call("LINK", f"packages/{brand}/domains/{domain}.json")
    legacy.fill_fields(domain)
    legacy.done(f"packages/{brand}", "Provision")
    for local in ("a", "b"):
        legacy.mailbox(domain, local, live=True, package_edition_code="SYN-CM-PREM-25-ARCH")
    legacy.mailbox(domain, "c", live=True)
    legacy.mailbox(domain, "not-provisioned")

    reply = legacy.act(f"domains/{domain}", "Usage")
    assert reply.headers[-1][0] == "Location"
    body = legacy.get(f"domains/{domain}.json").json
    assert body["domain"]["domain_usage_report"] == {"state": "PENDING"}
    assert body["domain"]["state"] == "active"
    legacy.wait()
    report = legacy.get(f"domains/{domain}.json").json["domain"]["domain_usage_report"]
    assert report == {
        "state": "FINISHED",
        "data_as_at": "2027-01-15 10:00:12+0200",
        "edition_usage_reports": [
            {"edition_code": "SYN-CM-PREM-25-ARCH", "count": 2},
            {"edition_code": "SYN-CMS-BASIC-02", "count": 1},
            {"edition_code": "SYN-PIN-BRD", "count": 3},
        ],
    }


def test_a_domain_is_shown_bare_until_it_has_a_usage_report(legacy: Driver) -> None:
    assert "guid" in legacy.get(f"domains/{legacy.live_domain()}.json").json


def test_an_action_belongs_to_its_object(legacy: Driver) -> None:
    package = legacy.cloudmail()
    location = legacy.act(f"domains/{legacy.domain(package)}", "Provision").location
    number = location.rsplit("/", 1)[1]
    other = legacy.domain(package, "other.example")
    assert legacy.get(f"domains/{other}/actions/{number}.json").status == 404
    assert legacy.get(f"packages/{package}/actions/{number}.json").status == 404
    assert legacy.get(f"domains/{other}/actions/abc.json").status == 404


def test_archive_takes_longer_than_the_rest(legacy: Driver) -> None:
    domain = legacy.domain(legacy.package(legacy.company(), "SYN-PIN-ARC", "SYN-PIN-ARC-07"))
    legacy.fill_fields(domain)
    location = legacy.act(f"domains/{domain}", "Provision").location
    legacy.wait()
    assert legacy.get(location).json["state"] == "pending"
    legacy.wait(4)
    assert legacy.get(location).json["state"] == "finished"
