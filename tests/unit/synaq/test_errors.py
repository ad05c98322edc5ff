from __future__ import annotations

from typing import Any

import pytest
import responses

from provisioning.synaq import Client, FieldError, Meaning, SynaqError
from provisioning.synaq.errors import read_errors
from provisioning.synaq.text import plain

BASE = "https://api.example.test"
BLANK = "This value should not be blank."


def pairs(value: Any) -> list[tuple[str | None, str]]:
    return [(error.field, error.message) for error in read_errors(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        ({}, []),
        (True, []),
        ("", []),
        ([f"email_local: {BLANK}"], [("email_local", BLANK)]),
        ([f"physical_address.line_1: {BLANK}"], [("physical_address.line_1", BLANK)]),
        ([f"children[email_local].data: {BLANK}"], [("email_local", BLANK)]),
        (["The domain is not active."], [(None, "The domain is not active.")]),
        (["Note: this is prose."], [(None, "Note: this is prose.")]),
        (["See http://example.test/help"], [(None, "See http://example.test/help")]),
        ({"email_local": [BLANK]}, [("email_local", BLANK)]),
        ({"email_local": BLANK, "password": ["Too short.", "Too plain."]},
         [("email_local", BLANK), ("password", "Too short."), ("password", "Too plain.")]),
        ({"children": {"email_local": {"errors": [BLANK]}, "first_name": []}, "errors": ["General."]},
         [("email_local", BLANK), (None, "General.")]),
        ({"children": {"physical_address": {"children": {"line_1": {"errors": [BLANK]}}}}},
         [("physical_address.line_1", BLANK)]),
        ({"errors": {"children": {"code": {"errors": ["Not valid."]}}}}, [("code", "Not valid.")]),
        ([{"field": "email_local", "message": BLANK}], [("email_local", BLANK)]),
        ([{"propertyPath": "data.email_local", "message": BLANK, "code": "x"}], [("email_local", BLANK)]),
        ([{"message": "General."}], [(None, "General.")]),
        ({"title": BLANK, "code": "Not valid."}, [("title", BLANK), ("code", "Not valid.")]),
        ({"title": BLANK}, [("title", BLANK)]),
        ({"global": ["G."], "0": "N."}, [(None, "G."), (None, "N.")]),
        ({"editions": {"0": {"code": ["Not valid."]}}}, [("editions.code", "Not valid.")]),
        ({"code": 400, "message": "M", "errors": [f"a: {BLANK}"]}, [("a", BLANK)]),
        ({"code": 400, "message": "M", "errors": None}, []),
        ({"code": 400, "message": "M"}, []),
        ("Service unavailable\n", [(None, "Service unavailable")]),
        ("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
         [(None, "502 Bad Gateway nginx")]),
        ([BLANK, BLANK], [(None, BLANK)]),
        ([42], [(None, "42")]),
    ],
)  # fmt: skip
def test_complaints_in_every_form(value: Any, expected: list[tuple[str | None, str]]) -> None:
    assert pairs(value) == expected


def test_hostile_nesting_and_length_are_cut() -> None:
    nested: Any = "deep"
    for _ in range(500):
        nested = {"a": nested}
    assert read_errors(nested) == []
    assert len(read_errors([f"problem {number}" for number in range(1000)])) == 100
    assert len(read_errors(["x" * 5000])[0].message) == 500


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<title>Oops</title><script>var a = '<b>';</script><p>Try   again</p>", "Oops: Try again"),
        ("<!DOCTYPE html><h1>Down &amp; out</h1>", "Down & out"),
        ("<html><body>&lt;script&gt;alert(1)&lt;/script&gt;</body></html>", "alert(1)"),
        ("<html><![broken <p>Words</p>", None),
        ("Limit is < 5 and > 3", "Limit is < 5 and > 3"),
        ("two\r\nlines\x00 \x1b[31mred", "two lines [31mred"),
    ],
)
def test_pages_become_a_line_of_words(page: str, words: str | None) -> None:
    line = plain(page)
    assert "<script" not in line
    assert words is None or line == words


def refused(wire: responses.RequestsMock, client: Client, **answer: Any) -> SynaqError:
    wire.patch(f"{BASE}/api/v1/mailboxes/M.json", **answer)
    with pytest.raises(SynaqError) as caught:
        client.mailboxes.update("M", {"password": "Sample123$"})
    return caught.value


def test_refusal_tells_synaqs_words_and_fields(wire: responses.RequestsMock, legacy: Client) -> None:
    body = {"code": 400, "message": "Validation Failed", "errors": [f"email_local: {BLANK}"]}
    error = refused(wire, legacy, status=400, json=body)
    assert (error.meaning, error.status, error.code, error.message) == (
        Meaning.REFUSED,
        400,
        400,
        "Validation Failed",
    )
    assert error.errors == [FieldError("email_local", BLANK)]
    assert error.request == "PATCH /api/v1/mailboxes/M.json"


def test_refusal_wrapped_as_an_error_tells_its_fields(wire: responses.RequestsMock, legacy: Client) -> None:
    body = {"code": 400, "message": "Validation Failed", "errors": {"children": {"email_local": [BLANK]}}}
    error = refused(wire, legacy, status=400, json={"error": body})
    assert (error.message, error.errors) == ("Validation Failed", [FieldError("email_local", BLANK)])


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "<html><title>413 Too Large</title></html>", "content_type": "text/html"},
        {"body": "413 Too Large"},
        {"json": "413 Too Large"},
        {"json": {"error": {"message": "413 Too Large"}}},
        {"json": {"detail": "413 Too Large"}},
    ],
)
def test_refusal_by_something_in_between_tells_its_words(
    answer: dict[str, Any], wire: responses.RequestsMock, legacy: Client
) -> None:
    error = refused(wire, legacy, status=413, **answer)
    assert (error.meaning, error.message) == (Meaning.OTHER, "413 Too Large")


@pytest.mark.parametrize(
    "message", [{"password": ["Too short."]}, ["password: Too short."], {"0": "password: Too short."}]
)
def test_complaints_may_stand_where_the_sentence_should(
    message: Any, wire: responses.RequestsMock, legacy: Client
) -> None:
    error = refused(wire, legacy, status=400, json={"code": 400, "message": message})
    assert [(line.field, line.message) for line in error.errors] == [("password", "Too short.")]
    assert error.message == error.sentence


def test_refusal_without_words_tells_our_sentence(wire: responses.RequestsMock, legacy: Client) -> None:
    error = refused(wire, legacy, status=409)
    assert error.message == error.sentence == "The present state of the object does not allow this."


@pytest.mark.parametrize("page", ["echo {hash}", "key an-api-key", "you sent Sample123$"])
def test_error_never_repeats_what_was_secret(page: str, wire: responses.RequestsMock, legacy: Client) -> None:
    def echo(request: Any) -> tuple[int, dict[str, str], str]:
        return 500, {}, page.format(hash=request.headers["synaq-api-hash"])

    wire.add_callback("PATCH", f"{BASE}/api/v1/mailboxes/M.json", callback=echo)
    with pytest.raises(SynaqError) as caught:
        legacy.mailboxes.update("M", {"password": "Sample123$"})
    sent = wire.calls[0].request.headers["synaq-api-hash"]
    shown = repr(caught.value) + str(caught.value.__dict__)
    assert not [secret for secret in (sent, "an-api-key", "Sample123$") if secret in shown]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None), (None, None)])
def test_throttled_says_how_long_to_wait(
    header: str | None, seconds: float | None, wire: responses.RequestsMock, legacy: Client
) -> None:
    error = refused(wire, legacy, status=429, headers={"Retry-After": header} if header else {})
    assert (error.meaning, error.retry_after) == (Meaning.THROTTLED, seconds)
