from __future__ import annotations

from typing import Any

import pytest
import responses

from provisioning.synaq import Client, Location, Meaning, RemoteAction, Sent, SynaqError
from provisioning.synaq.transport import api_path

BASE = "https://api.example.test"
ACTION = "/api/v1/mailboxes/M/actions/12"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://h.example/x",
        "https://h.example/x/",
        " https://h.example/x/api/v1/ ",
        "https://h.example/x/api/v1",
    ],
)
def test_address_may_hold_a_prefix_and_a_trailing_slash(
    base_url: str, make_client: Any, wire: responses.RequestsMock
) -> None:
    wire.get("https://h.example/x/api/v1/ous/O.json", json={"guid": "O"})
    assert make_client(base_url=base_url).ous.get("O").body == {"guid": "O"}


@pytest.mark.parametrize(
    "base_url",
    ["", "h.example", "ftp://h.example", "https://", "https://u:p@h.example", "https://h.example/?x=1"],
)
def test_address_of_another_kind_is_refused(base_url: str, make_client: Any) -> None:
    with pytest.raises(ValueError):
        make_client(base_url=base_url)


@pytest.mark.parametrize("guid", ["", ".", ".."])
def test_guid_that_would_lead_elsewhere_is_refused(guid: str, legacy: Client) -> None:
    with pytest.raises(ValueError):
        legacy.ous.get(guid)


def test_guid_is_quoted() -> None:
    assert api_path("ous", "a/../b?c") == "/api/v1/ous/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": 12, "action": "provision", "state": "FINISHED", "errors": [], "exclusions": []},
         RemoteAction("12", "provision", "finished")),
        ({"action": {"id": "12", "state": "error", "errors": ["smtp: No route.", "Again."], "exclusions": ["a"]}},
         RemoteAction("12", None, "error", ["smtp: No route.", "Again."], ["a"])),
        ({"state": "pending"}, RemoteAction("12", None, "pending")),
        ({"state": "Failed", "errors": "No route."}, RemoteAction("12", None, "error", ["No route."])),
        ({"state": "error", "errors": None, "message": "Full."}, RemoteAction("12", None, "error", ["Full."])),
        ({"state": "Waiting for a person", "errors": None, "exclusions": None},
         RemoteAction("12", None, "waiting for a person")),
        ({}, RemoteAction("12", None, "")),
    ],
)  # fmt: skip
def test_action_is_read(
    body: Any, expected: RemoteAction, legacy: Client, wire: responses.RequestsMock
) -> None:
    wire.get(f"{BASE}{ACTION}.json", json=body)
    assert legacy.actions.poll(ACTION) == expected


@pytest.mark.parametrize(
    "spelling", [ACTION, f"{ACTION}.json", f"https://evil.example{ACTION}", ACTION.lstrip("/")]
)
def test_action_is_polled_whatever_the_spelling_of_its_location(
    spelling: str, legacy: Client, wire: responses.RequestsMock
) -> None:
    wire.get(f"{BASE}{ACTION}.json", json={"state": "new"})
    assert legacy.actions.poll(spelling).state == "new"


def test_action_that_has_vanished_is_gone(legacy: Client, wire: responses.RequestsMock) -> None:
    wire.get(f"{BASE}{ACTION}.json", status=404, json={"code": 404, "message": "Not Found"})
    assert legacy.actions.poll(ACTION) == RemoteAction("12", None, "", gone=True)


@pytest.mark.parametrize("answer", [{"status": 200}, {"body": "<html>"}, {"json": []}, {"json": 5}])
def test_action_that_cannot_be_read_is_an_error_worth_repeating(
    answer: Any, legacy: Client, wire: Any
) -> None:
    wire.get(f"{BASE}{ACTION}.json", **answer)
    with pytest.raises(SynaqError) as caught:
        legacy.actions.poll(ACTION)
    assert (caught.value.meaning, caught.value.may_resend) == (Meaning.UNREADABLE, True)


def test_other_faults_of_a_poll_come_through(legacy: Client, wire: responses.RequestsMock) -> None:
    wire.get(f"{BASE}{ACTION}.json", status=503, headers={"Retry-After": "3"})
    with pytest.raises(SynaqError) as caught:
        legacy.actions.poll(ACTION)
    assert (caught.value.meaning, caught.value.retry_after) == (Meaning.BROKEN, 3.0)


def test_location_that_is_none_cannot_be_polled(legacy: Client) -> None:
    with pytest.raises(ValueError):
        legacy.actions.poll("https://evil.example/")


@pytest.mark.parametrize(
    ("answer", "location"),
    [
        (
            {"status": 201, "json": {"domain": {"guid": 77}}},
            Location("/api/v1/domains/77", "77", None, "domain"),
        ),
        ({"status": 200, "json": {"guid": "x"}}, Location("/api/v1/domains/x", "x", None, "domain")),
        (
            {"status": 201, "headers": {"location": "domains/x"}},
            Location("/api/v1/domains/x", "x", None, "domain"),
        ),
    ],
)
def test_new_object_is_found_without_a_proper_location(
    answer: Any, location: Location, legacy: Client, wire: responses.RequestsMock
) -> None:
    wire.post(f"{BASE}/api/v1/ous/O/domains.json", **answer)
    assert legacy.domains.create("O", "acme.com").location == location


def test_queued_action_is_found_by_the_id_in_the_body(legacy: Client, wire: responses.RequestsMock) -> None:
    wire.post(f"{BASE}/api/v1/domains/D/actions.json", status=202, json={"id": 9, "state": "new"})
    answer = legacy.domains.act("D", "Close")
    assert answer.location == Location("/api/v1/domains/D/actions/9", "D", "9", "domain")


@pytest.mark.parametrize("body", [{"id": 9, "state": "new"}, {"action": {"id": "9"}}])
def test_action_of_a_change_is_found_by_the_id_in_the_body(
    body: Any, legacy: Client, wire: responses.RequestsMock
) -> None:
    for method, path in (("PATCH", "M"), ("PATCH", "M/packages/P/edition"), ("DELETE", "M")):
        wire.add(method, f"{BASE}/api/v1/mailboxes/{path}.json", status=202, json=body)
    there = Location("/api/v1/mailboxes/M/actions/9", "M", "9", "mailbox")
    assert legacy.mailboxes.update("M", {"last_name": "X"}).location == there
    assert legacy.mailboxes.change_edition("M", "P", "E").location == there
    assert legacy.mailboxes.delete("M").location == there


ELSEWHERE = {"Location": "/api/v1/ous/O/actions/3"}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 201},
        {"status": 200, "body": "<html>"},
        {"status": 204},
        {"status": 202, "headers": ELSEWHERE},
        {"status": 202, "json": {"id": 9, "action": "provision", "state": "new"}},
        {"status": 202, "json": {"action": {"id": 9}}},
    ],
)
def test_creation_that_names_nothing_is_unknown(answer: Any, legacy: Client, wire: Any) -> None:
    wire.post(f"{BASE}/api/v1/ous/O/domains.json", **answer)
    with pytest.raises(SynaqError) as caught:
        legacy.domains.create("O", "acme.com")
    assert (caught.value.meaning, caught.value.sent, caught.value.applied) == (
        Meaning.UNREADABLE,
        Sent.YES,
        "unknown",
    )


def test_link_that_starts_a_migration_tells_its_action(current: Client, wire: responses.RequestsMock) -> None:
    url = f"{BASE}/api/v1/packages/P/domains/D.json"
    wire.add("LINK", url, status=202, headers={"Location": "/api/v1/domains/D/actions/5"})
    answer = current.packages.link("P", "D")
    assert answer.location == Location("/api/v1/domains/D/actions/5", "D", "5", "domain")


def test_queued_action_is_never_the_object_that_a_location_names_instead(
    legacy: Client, wire: responses.RequestsMock
) -> None:
    there = {"Location": "/api/v1/domains/D"}
    wire.post(f"{BASE}/api/v1/domains/D/actions.json", status=202, headers=there, json={"action": {"id": 9}})
    answer = legacy.domains.act("D", "Close")
    assert answer.location is not None
    assert answer.location.action_id == "9"


@pytest.mark.parametrize("body", [[], [1], "x", 5, None])
def test_object_that_is_none_is_unreadable(body: Any, legacy: Client, wire: responses.RequestsMock) -> None:
    wire.get(f"{BASE}/api/v1/ous/O.json", json=body)
    with pytest.raises(SynaqError) as caught:
        legacy.ous.get("O")
    assert (caught.value.meaning, caught.value.applied) == (Meaning.UNREADABLE, "no")


@pytest.mark.parametrize("body", ["", "null", "[]", "done"])
def test_done_needs_no_words(body: str, legacy: Client, wire: responses.RequestsMock) -> None:
    wire.delete(f"{BASE}/api/v1/ous/O.json", status=200, body=body)
    assert legacy.ous.delete("O").status == 200
