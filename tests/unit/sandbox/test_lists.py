"""The lists of the current generation."""

from typing import Any

import pytest

from tests.unit.sandbox.driver import Driver


@pytest.fixture
def full(current: Driver) -> Driver:
    domain = current.live_domain()
    for number in range(7):
        current.mailbox(domain, f"user{number}", first_name="Zoë" if number == 3 else "Sam")
    current.mailbox(current.live_domain(name="other.example"), "user1")
    return current


def emails(reply: Any) -> list[str]:
    return [row["email"].split("@")[0] for row in reply.json["_embedded"]["mailboxes"]]


def test_the_legacy_generation_has_no_lists(legacy: Driver) -> None:
    for name in ("ous", "domains", "mailboxes", "dls", "resources"):
        assert legacy.get(f"{name}.json").status == 404


def test_a_list_comes_in_an_envelope_of_five(full: Driver) -> None:
    reply = full.get("mailboxes.json")
    envelope = reply.json
    assert (envelope["page"], envelope["limit"], envelope["pages"], envelope["total"]) == (1, 5, 2, 8)
    assert len(emails(reply)) == 5
    assert len(emails(full.get("mailboxes.json", page=2))) == 3
    assert emails(full.get("mailboxes.json", page=9)) == []


def test_pages_hold_everything_once(full: Driver) -> None:
    found = [guid for page in range(1, 5) for guid in emails(full.get("mailboxes.json", page=page, limit=2))]
    assert len(found) == 8


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"email_local": "user1", "exact_match": 1, "domain_name": "acme.example"}, ["user1"]),
        ({"email_local": "USER1", "exact_match": 1}, ["user1", "user1"]),
        ({"email_local": "ser6"}, ["user6"]),
        ({"email_local": "ser6", "exact_match": 1}, []),
        ({"search": "zoë"}, ["user3"]),
        ({"domain_name": "other.example"}, ["user1"]),
        (
            {"sort": "desc", "order_by": "email", "limit": 2, "domain_name": "acme.example"},
            ["user6", "user5"],
        ),
    ],
)
def test_mailboxes_are_found(full: Driver, query: dict[str, Any], expected: list[str]) -> None:
    assert emails(full.get("mailboxes.json", **query)) == expected


def test_mailboxes_of_one_domain_are_found_by_its_guid(full: Driver) -> None:
    domain = full.get("domains.json", domain_name="other.example", exact_match=1).json
    guid = domain["_embedded"]["domains"][0]["guid"]
    reply = full.get("mailboxes.json", domain_guid=guid)
    assert emails(reply) == ["user1"]
    assert set(reply.json["_embedded"]["mailboxes"][0]) >= {
        *("guid", "email", "first_name", "last_name", "display_name", "description", "admin"),
        *("hide_in_gal", "state", "type", "packages", "aliases"),
        *("account_locked", "auth_locked", "spam_locked"),
    }


def test_the_reseller_is_looked_up(full: Driver) -> None:
    envelope = full.get("ous.json", type="reseller", limit=1).json
    assert [ou["guid"] for ou in envelope["_embedded"]["ous"]] == [full.reseller]
    assert envelope["total"] == 1


def test_ous_and_domains_are_found_by_their_parents(full: Driver) -> None:
    ous = full.get("ous.json", parent_guid=full.reseller).json["_embedded"]["ous"]
    assert len(ous) == 2
    found = [full.get("domains.json", ou_guid=ou["guid"]).json["total"] for ou in ous]
    assert found == [1, 1]


def test_lists_hold_nothing_of_other_resellers(full: Driver) -> None:
    assert full.get("domains.json", domain_name="somebody").json["total"] == 0
    assert full.get("ous.json", type="reseller").json["total"] == 1


@pytest.mark.parametrize("query", [{"colour": "red"}, {"page": 0}, {"limit": "all"}, {"page": -1}])
def test_a_query_against_the_rules_is_refused(full: Driver, query: dict[str, Any]) -> None:
    assert full.get("mailboxes.json", **query).status == 400


def test_there_are_no_distribution_lists_yet(full: Driver) -> None:
    assert full.get("dls.json").json["_embedded"] == {"dls": []}
