from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.synaq import answers
from provisioning.synaq.answers import Edition, MailboxEdition

TIME = datetime(2018, 2, 19, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2018-02-19 13:00:00+0200",
        "2018-02-19T13:00:00+02:00",
        "2018-02-19T11:00:00Z",
        "2018-02-19 11:00:00",
        " 2018-02-19T11:00:00.000000Z ",
        1519038000,
        1519038000.0,
        "1519038000",
        1519038000000,
        "1519038000000000",
        "Mon, 19 Feb 2018 11:00:00 GMT",
        {"date": "2018-02-19 11:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
        {"date": "2018-02-19 13:00:00.000000", "timezone_type": 1, "timezone": "+02:00"},
        {"date": "2018-02-19 13:00:00.000000", "timezone_type": 3, "timezone": "Africa/Johannesburg"},
    ],
)
def test_time_in_every_format(value: Any) -> None:
    assert answers.read_when(value) == TIME


@pytest.mark.parametrize(
    "value", [None, "", "soon", True, [], {}, {"date": []}, "9999-12-31T23:59:59-01:00", 1e300]
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert answers.read_when(value) is None


@pytest.mark.parametrize(
    ("value", "state"),
    [("FINISHED", "finished"), (" Active ", "active"), ("", ""), (None, ""), (5, ""), ({"state": "Pending"}, "pending"),
     ({"state": {"name": "Stale"}}, "stale"), ({}, ""), ("brand new", "brand new")],
)  # fmt: skip
def test_state_in_any_letter_case(value: Any, state: str) -> None:
    assert answers.read_state(value) == state


@pytest.mark.parametrize(
    ("body", "guid"),
    [({"guid": "g"}, "g"), ({"guid": 12}, "12"), ({"id": 7}, "7"), ({"guid": None, "id": "x"}, "x"), ({}, None),
     (None, None), ({"guid": True}, None), ("g", "g"), ([], None)],
)  # fmt: skip
def test_guid_as_number_or_text(body: Any, guid: str | None) -> None:
    assert answers.read_guid(body) == guid


@pytest.mark.parametrize(
    ("raw", "noun", "body"),
    [
        ({"guid": "g"}, "domain", {"guid": "g"}),
        ({"domain": {"guid": "g"}}, "domain", {"guid": "g"}),
        ({"domain": {"domain_name": "x"}}, "domain", {"domain_name": "x"}),
        ({"guid": "g", "domain": {"guid": "other"}}, "domain", {"guid": "g", "domain": {"guid": "other"}}),
        ({"company": {"guid": "g"}}, "ou", {"guid": "g"}),
        ({"data": {"guid": "g"}}, "domain", {"guid": "g"}),
        ({"fields": {"auth_method": None}}, "domain", {"fields": {"auth_method": None}}),
        ({"action": {"id": 1, "state": "new"}}, "action", {"id": 1, "state": "new"}),
        ({"id": 1, "action": "provision"}, "action", {"id": 1, "action": "provision"}),
        ([{"guid": "g"}], "domain", {"guid": "g"}),
        ([], "domain", []),
        (None, "domain", None),
    ],
)
def test_body_bare_or_wrapped(raw: Any, noun: str, body: Any) -> None:
    assert answers.unwrap(raw, noun) == body


def test_usage_report_of_the_guide() -> None:
    reports = [{"edition_code": "SYN-CMS-BASIC-02", "count": 21}, {"edition_code": "X", "count": "8"}]
    report = {"state": "FINISHED", "data_as_at": "2018-02-19 13:00:00+0200", "edition_usage_reports": reports}
    found = answers.read_usage({"domain": {"domain_name": "example.com", "domain_usage_report": report}})
    assert found == answers.UsageReport("finished", TIME, [("SYN-CMS-BASIC-02", 21), ("X", 8)])


@pytest.mark.parametrize(
    "shape", [{"A-1": 3}, {"A-1": {"count": 3}}, [{"code": "A-1", "count": 3.0}, {"count": 1}, 5]]
)
def test_usage_counts_in_other_shapes(shape: Any) -> None:
    found = answers.read_usage({"domain_usage_report": {"edition_usage_reports": shape}})
    assert found is not None
    assert found.counts == [("A-1", 3)]


def test_usage_that_is_still_compiled_has_no_counts() -> None:
    found = answers.read_usage({"domain_usage_report": {"state": "PENDING"}})
    assert found == answers.UsageReport("pending", None, [])


@pytest.mark.parametrize("body", [{}, {"domain_usage_report": None}, {"domain_usage_report": []}, None, "x"])
def test_domain_without_usage_report(body: Any) -> None:
    assert answers.read_usage(body) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"auth_method": "smtp", "username": None}, {"auth_method": "smtp", "username": None}),
        ({"city": {"value": "Brno", "label": "City"}}, {"city": "Brno"}),
        ({"city": {"type": "text", "required": True}}, {"city": None}),
        ([{"name": "city", "value": "Brno"}, "country", {}], {"city": "Brno", "country": None}),
        ([{"city": "Brno"}, {"country": None}], {"city": "Brno", "country": None}),
        ([], {}),
        (None, {}),
    ],
)
def test_service_fields_with_present_values(fields: Any, expected: dict[str, Any]) -> None:
    assert answers.read_domain_fields({"fields": fields, "service_fields": {"old": 1}}) == expected


@pytest.mark.parametrize("flag", [True, 1, "1", "true", "Yes"])
def test_lock_is_told_by_its_flag(flag: Any) -> None:
    body = {
        "state": "suspended",
        "account_locked": flag,
        "lock_type": "full",
        "lock_reason_code": 5,
        "lock_reason": "Spam",
    }
    assert answers.read_lock(body) == answers.Lock(True, "full", "5", "Spam")


@pytest.mark.parametrize("body", [{}, {"account_locked": "false"}, {"account_locked": None}, None, [], "x"])
def test_mailbox_without_lock(body: Any) -> None:
    assert answers.read_lock(body) == answers.Lock(False, None, None, None)


@pytest.mark.parametrize(
    "body",
    [
        {"editions": [{"code": "A-1", "name": "Basic", "is_default": True, "max": 5, "price": "9.90"}]},
        {"editions": {"A-1": {"name": "Basic", "default": 1, "maximum": 5, "price": "9.90"}}},
        {
            "valid_editions": [
                {"edition_code": "A-1", "title": "Basic", "default": "yes", "limit": 5, "cost": "9.90"}
            ]
        },
        {
            "_embedded": {
                "editions": [{"code": "A-1", "label": "Basic", "isDefault": True, "max": 5, "price": "9.90"}]
            }
        },
        {"editions": [{"code": "A-1", "name": "Basic", "max": 5, "price": "9.90"}], "default_edition": "A-1"},
    ],
)
def test_editions_of_a_package(body: dict[str, Any]) -> None:
    assert answers.read_editions(body) == [Edition("A-1", "Basic", True, 5, "9.90")]


@pytest.mark.parametrize(
    ("value", "codes"),
    [(["A-1", 7], ["A-1", "7"]), ({"A-1": "Basic"}, ["A-1"]), ({"Basic": "A-1"}, ["A-1"]), ({"0": "A-1", "2": "B-1"},
     ["A-1", "B-1"]), ({"code": "A-1"}, ["A-1"]), ("A-1", ["A-1"]), (None, []), ([None, True, {}, []], []),
     (["A-1", "A-1"], ["A-1"]), ([{"edition": {"code": "A-1"}}, {"edition": "B-1"}], ["A-1"])],
)  # fmt: skip
def test_edition_codes_in_other_shapes(value: Any, codes: list[str]) -> None:
    assert [edition.code for edition in answers.read_editions({"editions": value})] == codes


@pytest.mark.parametrize(
    ("body", "links"),
    [
        ({}, None),
        (None, None),
        ({"packages": []}, []),
        ({"packages": None}, None),
        ({"packages": [{"code": "SYN-CMS"}]}, None),
        ({"packages": [{"guid": "P"}, {"guid": 2}, "Q", {}]}, ["P", "2", "Q"]),
        ({"packages": {"P": {"code": "X"}}}, ["P"]),
        ({"_embedded": {"packages": [{"guid": "P"}]}}, ["P"]),
        ({"package": {"guid": "P"}}, ["P"]),
        ({"package_guid": "P"}, ["P"]),
        ({"domain": {"domain_name": "x", "packages": ["P"]}}, ["P"]),
    ],
)
def test_links_of_a_domain(body: Any, links: list[str] | None) -> None:
    assert answers.read_links(body) == links


@pytest.mark.parametrize(
    ("body", "editions"),
    [
        (
            {"packages": [{"state": "active", "code": "CLM", "edition_code": "CLM-1", "guid": "P"}]},
            [("P", "CLM", "CLM-1")],
        ),
        ({"packages": {"0": {"code": "CLM", "edition": {"code": "CLM-1"}}}}, [(None, "CLM", "CLM-1")]),
        ({"package_edition_code": "A"}, [(None, None, "A")]),
        ({"edition": {"code": "A"}, "package": {"guid": "P", "code": "C"}}, [("P", "C", "A")]),
        ({"packages": [{"guid": "P"}]}, []),
        (None, []),
    ],
)
def test_editions_of_a_mailbox(body: Any, editions: list[tuple[str | None, str | None, str]]) -> None:
    assert answers.read_mailbox_editions(body) == [MailboxEdition(*entry) for entry in editions]


@pytest.mark.parametrize(
    ("content", "parsed"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"", None),
        (b"  \n", None),
        (b"<html>", "<html>"),
        (b'{"a": ', '{"a": '),
        (b'{"a": "x\\u0000y\\ud800", "b\\u0000": [NaN]}', {"a": "x\ufffdy\ufffd", "b\ufffd": [None]}),
        ('{"a": "\\ud83d\\ude00ž"}'.encode(), {"a": "\U0001f600ž"}),
        (b"[1e999, -1e999, 1.5]", [None, None, 1.5]),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 100_000, "[" * 100_000),
    ],
    ids=[
        "object",
        "bom",
        "empty",
        "blank",
        "html",
        "cut",
        "unstorable",
        "emoji",
        "infinite",
        "binary",
        "deep",
    ],
)
def test_body_is_parsed_or_kept_as_text(content: bytes, parsed: Any) -> None:
    assert answers.parse(content) == parsed


@pytest.mark.parametrize(
    ("charset", "content_type"),
    [
        ("utf-8", "application/json; charset=ISO-8859-1"),
        ("latin-1", "application/json; charset=ISO-8859-1"),
        ("utf-16", 'application/json; charset="UTF-16"'),
        ("utf-8-sig", "application/json; charset=none-such"),
    ],
)
def test_names_are_read_in_the_character_set_that_they_are_in(charset: str, content_type: str) -> None:
    assert answers.parse('{"title": "Açaí"}'.encode(charset), content_type) == {"title": "Açaí"}


def test_a_character_set_that_does_not_exist_is_no_error() -> None:
    assert answers.parse("Açaí".encode("latin-1"), "text/html; charset=none-such") == "A\ufffda\ufffd"


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), (" 1.5 ", 1.5), ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
     ("", None), (None, None), ("soon", None), ("-5", None)],
)  # fmt: skip
def test_retry_after_as_seconds_or_date(header: str | None, seconds: float | None) -> None:
    assert answers.read_retry_after(header, NOW) == seconds


def test_answer_shows_no_body_when_printed() -> None:
    shown = repr(answers.Answer(200, {"password": "p4ss"}, {"password": "p4ss"}))
    assert "p4ss" not in shown
