from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.synaq.locations import Location, normal_path, read_location

POST = "/api/v1/domains/D/actions.json"
ACTION = Location("/api/v1/domains/D/actions/12", "D", "12", "domain")


@pytest.mark.parametrize(
    "spelling",
    [
        "/api/v1/domains/D/actions/12",
        "/api/v1/domains/D/actions/12.json",
        "/api/v1/domains/D/actions/12/",
        " /api/v1/domains/D/actions/12 ",
        "api/v1/domains/D/actions/12",
        "domains/D/actions/12",
        "actions/12",
        "https://other.example/api/v1/domains/D/actions/12.json?x=1#y",
        "//other.example/api/v1/domains/D/actions/12",
        "http://api.example.test:8080/prefix/api/v1/domains/D/actions/12",
    ],
)
def test_every_spelling_of_an_action_reads_alike(spelling: str) -> None:
    assert read_location(spelling, POST) == ACTION


@pytest.mark.parametrize(
    ("spelling", "guid", "kind"),
    [
        ("/api/v1/ous/O", "O", "ou"),
        ("/api/v1/ous/R/companies/O", "O", "ou"),
        ("/api/v1/packages/P", "P", "package"),
        ("/api/v1/packages/P/domains/D", "D", "domain"),
        ("/api/v1/mailboxes/M.json", "M", "mailbox"),
        ("/api/v1/domains/D/dls/L", "L", "list"),
        ("/api/v1/mailboxes/4711", "4711", "mailbox"),
        ("/api/v1/mailboxes/a%2Fb", "a/b", "mailbox"),
    ],
)
def test_location_of_an_object_tells_its_kind(spelling: str, guid: str, kind: str) -> None:
    found = read_location(spelling)
    assert found is not None
    assert (found.guid, found.kind, found.action_id) == (guid, kind, None)


@pytest.mark.parametrize(
    "spelling",
    [None, "", "/", "nonsense", "https://other.example/", "/api/v1/", "/api/v1/things/1", "http://[::1", "/api/v1/ous/..",
     "/api/v1/ous//x", "/api/v1/ous/a b", "/api/v1/ous/a\r\nX-Y: z", "/api/v1/domains/../../admin"],
)  # fmt: skip
def test_what_leads_to_no_object_is_no_location(spelling: str | None) -> None:
    assert read_location(spelling) is None


@given(st.text())
def test_any_text_is_read_without_raising_and_stays_below_the_api(text: str) -> None:
    path = normal_path(text)
    assert path is None or (path.startswith("/api/v") and ".." not in path.split("/"))


@given(st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True), st.integers(0), st.booleans(), st.booleans())
def test_guid_and_action_survive_every_spelling(guid: str, number: int, absolute: bool, suffix: bool) -> None:
    host, ending = "https://h.example" if absolute else "", ".json" if suffix else ""
    found = read_location(f"{host}/api/v1/mailboxes/{guid}/actions/{number}{ending}")
    assert found == Location(f"/api/v1/mailboxes/{guid}/actions/{number}", guid, str(number), "mailbox")
