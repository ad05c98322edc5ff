"""Every call that the documents name: its method on the client, and what it puts on the wire."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import responses

from provisioning.synaq import Client, Dialect, Meaning, Sent, SynaqError

BASE = "https://api.example.test"
BOTH = frozenset(Dialect)
LEGACY, CURRENT = frozenset({Dialect.LEGACY}), frozenset({Dialect.CURRENT})

# The contract's tables, in its own words.
DOCUMENTED = {
    "POST /api/v1/ous/{guid}/companies.json": "ous.create_company",
    "POST /api/v1/ous/{guid}/subresellers.json": "ous.create_subreseller",
    "GET /api/v1/ous/{guid}.json": "ous.get",
    "DELETE /api/v1/ous/{guid}.json": "ous.delete",
    "OPTIONS /api/v1/ous/{guid}/packages.json": "packages.catalogue",
    "POST /api/v1/ous/{guid}/packages.json": "packages.create",
    "GET /api/v1/packages/{guid}.json": "packages.get",
    "DELETE /api/v1/packages/{guid}.json": "packages.delete",
    "POST /api/v1/packages/{guid}/actions.json": "packages.act",
    "POST /api/v1/ous/{guid}/domains.json": "domains.create",
    "LINK /api/v1/packages/{guid}/domains/{guid}.json": "packages.link",
    "POST /api/v1/packages/{guid}/domains.json": "packages.create_domain",
    "GET /api/v1/domains/{guid}.json": "domains.get",
    "PATCH /api/v1/domains/{guid}/servicefields.json": "domains.update_fields",
    "POST /api/v1/domains/{guid}/actions.json": "domains.act",
    "DELETE /api/v1/domains/{guid}.json": "domains.delete",
    "POST /api/v1/domains/{guid}/mailboxes.json": "mailboxes.create",
    "GET /api/v1/mailboxes/{guid}.json": "mailboxes.get",
    "PATCH /api/v1/mailboxes/{guid}.json": "mailboxes.update",
    "PATCH /api/v1/mailboxes/{guid}/packages/{guid}/edition.json": "mailboxes.change_edition",
    "DELETE /api/v1/mailboxes/{guid}.json": "mailboxes.delete",
    "POST /api/v1/mailboxes/{guid}/actions.json": "mailboxes.act",
    "GET /api/v1/mailboxes/{guid}/actions/{guid}.json": "actions.poll",
    "GET /api/v1/ous.json": "ous.list",
    "GET /api/v1/ous.json?type=reseller&limit=1": "ous.find_reseller",
    "GET /api/v1/domains.json": "domains.list",
    "GET /api/v1/mailboxes.json": "mailboxes.list",
    "PATCH /api/v1/ous/{guid}.json": "ous.update",
    "UNLINK /api/v1/packages/{guid}/domains/{guid}.json": "packages.unlink",
    "GET /api/v1/domains/{guid}/usage.json": "usage.detailed",
}
# Conveniences made of documented calls.
DERIVED = {"ous.each", "domains.each", "mailboxes.each"}

ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
OU = {"title": "Acme Ltd", "client_ref": "al", "vat_numer": "987", "physical_address": ADDRESS}
MAILBOX = {
    "email_local": "sample",
    "password": "Sample123$",
    "last_name": "Sample",
    "package_edition_code": "SYN-CM-PREM-25-ARCH",
}
EMPTY_LIST = {"page": 1, "limit": 100, "pages": 0, "total": 0, "_embedded": {}}


@dataclass(frozen=True)
class Row:
    """One documented call, as made and as it must arrive."""

    name: str
    make: Callable[[Client], Any]
    wire: str
    body: Any = None
    status: int = 204
    location: str | None = None
    answer: Any = None
    dialects: frozenset[Dialect] = BOTH
    params: dict[str, str] = field(default_factory=dict)


def action(name: str) -> dict[str, Any]:
    return {"action": {"action": name}}


ROWS = [
    Row("usage.detailed", lambda c: c.usage.detailed("D"), "GET /api/v1/domains/D/usage.json", status=200, answer=[],
        dialects=CURRENT),
    Row("ous.create_company", lambda c: c.ous.create_company("R", OU), "POST /api/v1/ous/R/companies.json",
        {"ou": OU}, 201, "/api/v1/ous/NEW"),
    Row("ous.create_subreseller", lambda c: c.ous.create_subreseller("R", OU),
        "POST /api/v1/ous/R/subresellers.json", {"ou": OU}, 201, "/api/v1/ous/NEW", dialects=LEGACY),
    Row("ous.get", lambda c: c.ous.get("O"), "GET /api/v1/ous/O.json", status=200, answer={"guid": "O"}),
    Row("ous.delete", lambda c: c.ous.delete("O"), "DELETE /api/v1/ous/O.json"),
    Row("ous.update", lambda c: c.ous.update("O", {"title": "New"}), "PATCH /api/v1/ous/O.json",
        {"ou": {"title": "New"}}, dialects=CURRENT),
    Row("ous.list", lambda c: c.ous.list(search="acme", page=2, limit=50, exact_match=True), "GET /api/v1/ous.json",
        status=200, answer=EMPTY_LIST, dialects=CURRENT,
        params={"search": "acme", "page": "2", "limit": "50", "exact_match": "1"}),
    Row("ous.find_reseller", lambda c: c.ous.find_reseller(), "GET /api/v1/ous.json", status=200,
        answer=EMPTY_LIST, dialects=CURRENT, params={"type": "reseller", "page": "1", "limit": "1"}),
    Row("packages.catalogue", lambda c: c.packages.catalogue("O"), "OPTIONS /api/v1/ous/O/packages.json",
        status=200, answer=[]),
    Row("packages.create", lambda c: c.packages.create("O", "SYN-CMS", ["SYN-CMS-BASIC-02"]),
        "POST /api/v1/ous/O/packages.json",
        {"package": {"code": "SYN-CMS", "editions": [{"code": "SYN-CMS-BASIC-02"}]}}, 201, "/api/v1/packages/NEW",
        dialects=LEGACY),
    Row("packages.create", lambda c: c.packages.create("O", "SYN-CMS", []), "POST /api/v1/ous/O/packages.json",
        {"package": {"code": "SYN-CMS", "editions": []}}, 201, "/api/v1/packages/NEW", dialects=LEGACY),
    Row("packages.create", lambda c: c.packages.create("O", "CLM-STD", expect_migration=True, expect_domain_move=True),
        "POST /api/v1/ous/O/packages.json",
        {"package": {"code": "CLM-STD", "expect_migration": True, "expect_domain_move": True}}, 201,
        "/api/v1/packages/NEW", dialects=CURRENT),
    Row("packages.get", lambda c: c.packages.get("P"), "GET /api/v1/packages/P.json", status=200,
        answer={"package": {"guid": "P"}}),
    Row("packages.delete", lambda c: c.packages.delete("P"), "DELETE /api/v1/packages/P.json"),
    Row("packages.act", lambda c: c.packages.act("P", "Provision"), "POST /api/v1/packages/P/actions.json",
        action("Provision"), 202, "/api/v1/packages/P/actions/7"),
    Row("packages.link", lambda c: c.packages.link("P", "D"), "LINK /api/v1/packages/P/domains/D.json"),
    Row("packages.unlink", lambda c: c.packages.unlink("P", "D"), "UNLINK /api/v1/packages/P/domains/D.json",
        dialects=CURRENT),
    Row("packages.create_domain", lambda c: c.packages.create_domain("P", "acme.com"),
        "POST /api/v1/packages/P/domains.json", {"domain": {"domain_name": "acme.com"}}, 201,
        "/api/v1/domains/NEW"),
    Row("packages.create_domain", lambda c: c.packages.create_domain("P", "acme.com", provision_immediately=True),
        "POST /api/v1/packages/P/domains.json",
        {"domain": {"domain_name": "acme.com", "provision_immediately": True}}, 202,
        "/api/v1/domains/NEW/actions/7", dialects=LEGACY),
    Row("domains.create", lambda c: c.domains.create("O", "acme.com"), "POST /api/v1/ous/O/domains.json",
        {"domain": {"domain_name": "acme.com"}}, 201, "/api/v1/domains/NEW"),
    Row("domains.get", lambda c: c.domains.get("D"), "GET /api/v1/domains/D.json", status=200,
        answer={"guid": "D"}),
    Row("domains.update_fields", lambda c: c.domains.update_fields("D", {"auth_method": "smtp"}),
        "PATCH /api/v1/domains/D/servicefields.json", {"fields": {"auth_method": "smtp"}}),
    Row("domains.act", lambda c: c.domains.act("D", "Close"), "POST /api/v1/domains/D/actions.json",
        action("Close"), 202, "/api/v1/domains/D/actions/7"),
    Row("domains.delete", lambda c: c.domains.delete("D"), "DELETE /api/v1/domains/D.json"),
    Row("domains.list", lambda c: c.domains.list(ou_guid="O"), "GET /api/v1/domains.json", status=200,
        answer=EMPTY_LIST, dialects=CURRENT, params={"ou_guid": "O", "page": "1", "limit": "100"}),
    Row("mailboxes.create", lambda c: c.mailboxes.create("D", MAILBOX), "POST /api/v1/domains/D/mailboxes.json",
        {"mailbox": MAILBOX}, 201, "/api/v1/mailboxes/NEW"),
    Row("mailboxes.create", lambda c: c.mailboxes.create("D", {**MAILBOX, "provision_immediately": True}),
        "POST /api/v1/domains/D/mailboxes.json", {"mailbox": {**MAILBOX, "provision_immediately": True}}, 202,
        "/api/v1/mailboxes/NEW/actions/7"),
    Row("mailboxes.get", lambda c: c.mailboxes.get("M"), "GET /api/v1/mailboxes/M.json", status=200,
        answer={"guid": "M"}),
    Row("mailboxes.update", lambda c: c.mailboxes.update("M", {"password": "new"}), "PATCH /api/v1/mailboxes/M.json",
        {"mailbox": {"password": "new"}}),
    Row("mailboxes.update", lambda c: c.mailboxes.update("M", {"last_name": "N"}), "PATCH /api/v1/mailboxes/M.json",
        {"mailbox": {"last_name": "N"}}, 202, "/api/v1/mailboxes/M/actions/7"),
    Row("mailboxes.change_edition", lambda c: c.mailboxes.change_edition("M", "P", "SYN-CM-PREM-100-ARCH"),
        "PATCH /api/v1/mailboxes/M/packages/P/edition.json", {"edition": {"code": "SYN-CM-PREM-100-ARCH"}}, 202,
        "/api/v1/mailboxes/M/actions/7"),
    Row("mailboxes.delete", lambda c: c.mailboxes.delete("M"), "DELETE /api/v1/mailboxes/M.json"),
    Row("mailboxes.delete", lambda c: c.mailboxes.delete("M"), "DELETE /api/v1/mailboxes/M.json", status=202,
        location="/api/v1/mailboxes/M/actions/7"),
    Row("mailboxes.act", lambda c: c.mailboxes.act("M", "Unlock"), "POST /api/v1/mailboxes/M/actions.json",
        action("Unlock"), 202, "/api/v1/mailboxes/M/actions/7"),
    Row("mailboxes.list", lambda c: c.mailboxes.list(domain_guid="D"), "GET /api/v1/mailboxes.json", status=200,
        answer=EMPTY_LIST, dialects=CURRENT, params={"domain_guid": "D", "page": "1", "limit": "100"}),
    Row("actions.poll", lambda c: c.actions.poll("/api/v1/mailboxes/M/actions/7"),
        "GET /api/v1/mailboxes/M/actions/7.json", status=200, answer={"state": "pending"}),
]  # fmt: skip

CASES = [(row, dialect) for row in ROWS for dialect in sorted(row.dialects)]
REFUSALS = [(row, dialect) for row in ROWS for dialect in sorted(BOTH - row.dialects)
            if not (row.name == "packages.create" and dialect is Dialect.CURRENT)]  # fmt: skip


def ids(cases: list[tuple[Row, Dialect]]) -> list[str]:
    return [f"{row.name}-{row.status}-{dialect}" for row, dialect in cases]


@pytest.mark.parametrize(("row", "dialect"), CASES, ids=ids(CASES))
def test_call_arrives_as_documented(
    row: Row, dialect: Dialect, make_client: Any, wire: responses.RequestsMock
) -> None:
    method, _, path = row.wire.partition(" ")
    headers = {"location": row.location} if row.location else {}
    content = {"json": row.answer} if row.answer is not None else {}
    wire.add(method, BASE + path, status=row.status, headers=headers, **content)
    row.make(make_client(dialect))
    request: Any = wire.calls[0].request
    assert (request.body and json.loads(request.body)) == row.body
    assert request.params == row.params
    assert request.headers["Accept"] == "application/json"
    assert request.headers.get("Content-Type") == ("application/json" if row.body else None)
    assert {"synaq-api-user", "synaq-api-salt", "synaq-api-hash"} <= set(request.headers)
    assert "Authorization" not in request.headers
    assert "Cookie" not in request.headers


@pytest.mark.parametrize(("row", "dialect"), REFUSALS, ids=ids(REFUSALS))
def test_call_that_the_dialect_lacks_is_refused_unsent(row: Row, dialect: Dialect, make_client: Any) -> None:
    client = make_client(dialect)
    with pytest.raises(SynaqError) as caught:
        row.make(client)
    assert (caught.value.meaning, caught.value.sent) == (Meaning.UNSUPPORTED, Sent.NO)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.location], ids=lambda row: f"{row.name}-{row.status}"
)
def test_location_names_the_object_and_the_action(
    row: Row, make_client: Any, wire: responses.RequestsMock
) -> None:
    method, _, path = row.wire.partition(" ")
    wire.add(method, BASE + path, status=row.status, headers={"Location": f"{BASE}{row.location}.json"})
    answer = row.make(make_client(min(row.dialects)))
    assert answer.location.path == row.location
    assert answer.location.guid in ("NEW", "P", "D", "M")
    assert answer.location.action_id == ("7" if row.status == 202 else None)


def test_current_dialect_never_sends_editions(current: Client, wire: responses.RequestsMock) -> None:
    wire.post(f"{BASE}/api/v1/ous/O/packages.json", status=201, headers={"Location": "/api/v1/packages/P"})
    current.packages.create("O", "CLM-STD", ["CLM-STD-100"])
    assert json.loads(wire.calls[0].request.body or "") == {"package": {"code": "CLM-STD"}}


def test_every_documented_call_has_a_method_and_a_row_here() -> None:
    shapes = {(generic(row.wire), row.name) for row in ROWS}
    expected = {(call.partition("?")[0], name) for call, name in DOCUMENTED.items()}
    assert shapes == expected


def test_every_method_of_the_client_is_a_documented_call(legacy: Client) -> None:
    nouns = ("ous", "packages", "domains", "mailboxes", "usage", "actions")
    methods = {
        f"{noun}.{name}"
        for noun in nouns
        for name, _ in inspect.getmembers(getattr(legacy, noun), inspect.ismethod)
        if not name.startswith("_")
    }
    assert methods == set(DOCUMENTED.values()) | DERIVED


def generic(wire: str) -> str:
    """`GET /api/v1/ous/O.json` → `GET /api/v1/ous/{guid}.json`."""
    parts = wire.removesuffix(".json").split("/")
    return "/".join("{guid}" if part.isupper() or part == "7" else part for part in parts[1:]).join(
        [parts[0] + "/", ".json"]
    )
