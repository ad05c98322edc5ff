"""Whatever JSON, or bytes, an answer holds: no reader raises, and what they give can be stored and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.synaq import answers, catalogue, lists, wire
from provisioning.synaq.errors import read_code, read_message
from provisioning.synaq.text import LONGEST, plain

KEYS = st.sampled_from(
    ["guid", "id", "code", "name", "state", "errors", "children", "choices", "editions", "packages", "products", "fields",
     "domain", "mailbox", "domain_usage_report", "edition_usage_reports", "count", "edition_code", "password", "message",
     "_embedded", "value", "date", "timezone", "account_locked", "prototype", "page", "pages", "total", "0", ""]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_reader_of_bodies_raises(body: Any) -> None:
    for noun in ("ou", "package", "domain", "mailbox", "action"):
        answers.unwrap(body, noun)
    answers.read_state(body)
    answers.read_guid(body)
    answers.read_when(body)
    answers.read_usage(body)
    answers.read_domain_fields(body)
    answers.read_lock(body)
    answers.read_links(body)
    answers.read_editions(body)
    answers.read_mailbox_editions(body)
    answers.read_page(body, "mailboxes", 1, 100)


@given(JSON)
def test_catalogue_of_anything_never_raises_and_says_whether_it_was_readable(raw: Any) -> None:
    found = catalogue.read(raw)
    assert found.readable == any(product.editions for product in found.products)
    assert all(
        product.code and product.name and product.kind in ("plan", "mailbox") for product in found.products
    )
    codes = [product.code for product in found.products]
    assert len(codes) == len(set(codes))


@given(JSON)
def test_complaints_of_anything_are_short_lines(value: Any) -> None:
    for error in answers.read_errors(value):
        assert 0 < len(error.message) <= LONGEST
        assert error.message.isprintable() or not error.message.isascii()
        assert error.field is None or error.field
    assert len(read_message(value)) <= LONGEST
    read_code(value)


@given(st.text() | st.text().map(lambda text: f"<html><body>{text}</body></html>"))
def test_text_of_anything_is_one_short_line_without_tags(text: str) -> None:
    line = plain(text)
    assert len(line) <= LONGEST
    assert "\n" not in line
    assert "\x00" not in line
    assert "<html" not in line.lower()


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_parsed_or_kept(content: bytes) -> None:
    assert storable(answers.parse(content))


@given(JSON)
def test_json_reads_back_as_it_was_sent(raw: Any) -> None:
    parsed = answers.parse(json.dumps(raw).encode())
    assert storable(parsed)
    if storable(raw):
        assert parsed == raw or (isinstance(raw, str | None) and not raw)


@given(JSON)
def test_scrubbed_json_holds_no_password_and_nothing_else_is_lost(raw: Any) -> None:
    scrubbed = wire.scrub({"outer": raw, "password": "p4ss"})
    assert scrubbed["password"] == wire.MASK
    assert [secret for secret in wire.secrets_in(scrubbed) if secret not in ("", wire.MASK)] == []
    assert wire.scrub(scrubbed) == scrubbed


@given(
    st.lists(st.tuples(st.from_regex(r"[A-Z0-9-]{1,12}", fullmatch=True), st.integers(0, 10**9)), max_size=8),
    st.booleans(),
)
def test_usage_counts_keep_their_total(counts: list[tuple[str, int]], as_text: bool) -> None:
    reports = [{"edition_code": code, "count": str(count) if as_text else count} for code, count in counts]
    report = answers.read_usage(
        {"domain_usage_report": {"state": "FINISHED", "edition_usage_reports": reports}}
    )
    assert report is not None
    assert report.counts == counts
    assert sum(count for _, count in report.counts) == sum(count for _, count in counts)


NAMES = st.from_regex(r"[a-z]{1,8}(_[a-z]{1,6}){0,2}", fullmatch=True).filter(
    lambda name: (
        name
        not in (
            "errors",
            "error",
            "global",
            "form",
            "messages",
            "message",
            "base",
            "children",
            "data",
            "fields",
        )
    )
)
WORDS = st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{1,8}){1,4}\.", fullmatch=True)
COMPLAINTS = st.lists(st.tuples(NAMES, WORDS), max_size=6, unique_by=lambda pair: pair[0])


@given(COMPLAINTS, st.integers(0, 3))
def test_complaints_read_back_in_every_form(complaints: list[tuple[str, str]], form: int) -> None:
    value = [
        [f"{field}: {words}" for field, words in complaints],
        {field: [words] for field, words in complaints},
        {"children": {field: {"errors": [words]} for field, words in complaints}},
        [{"field": field, "message": words} for field, words in complaints],
    ][form]
    assert [(error.field, error.message) for error in answers.read_errors(value)] == complaints


GUIDS = st.uuids().map(str)


@given(st.dictionaries(NAMES, st.none() | st.text(max_size=9)), st.booleans())
def test_service_fields_read_back_bare_or_wrapped(fields: dict[str, str | None], wrapped: bool) -> None:
    body = {"domain_name": "acme.com", "fields": fields}
    assert answers.read_domain_fields({"domain": body} if wrapped else body) == fields


@given(st.lists(GUIDS, unique=True, max_size=5), st.integers(0, 2))
def test_links_read_back_in_every_form(guids: list[str], form: int) -> None:
    packages = [guids, [{"guid": guid} for guid in guids], {guid: {"code": "X"} for guid in guids}][form]
    assert answers.read_links({"guid": "D", "packages": packages}) == guids


@given(st.lists(st.tuples(GUIDS, NAMES, NAMES), max_size=4))
def test_editions_of_a_mailbox_read_back(editions: list[tuple[str, str, str]]) -> None:
    packages = [{"guid": guid, "code": code, "edition_code": edition} for guid, code, edition in editions]
    assert answers.read_mailbox_editions({"guid": "M", "packages": packages}) == editions


@given(st.lists(GUIDS, unique=True, max_size=30), st.integers(1, 7))
def test_walk_of_a_list_meets_every_object_once(guids: list[str], limit: int) -> None:
    def page(number: int) -> answers.Page:
        items = [{"guid": guid} for guid in guids[(number - 1) * limit : number * limit]]
        envelope = {"page": number, "limit": limit, "total": len(guids), "_embedded": {"ous": items}}
        found = answers.read_page(envelope, "ous", number, limit)
        assert found is not None
        return found

    assert [item["guid"] for item in lists.walk(page)] == guids


TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1))
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    TIMES, ZONES, st.sampled_from(["%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z"])
)
def test_times_read_back_in_every_format(naive: datetime, zone: timezone, form: str) -> None:
    when = naive.replace(microsecond=0, tzinfo=zone)
    assert answers.read_when(when.strftime(form)) == when


@given(st.integers(10**8, 4 * 10**9), st.sampled_from([1, 1_000, 1_000_000]), st.booleans())
def test_epochs_read_back_in_every_unit(seconds: int, unit: int, as_text: bool) -> None:
    value = seconds * unit
    expected = datetime.fromtimestamp(seconds, UTC)
    # below this, seconds and milliseconds cannot be told apart
    if unit == 1 or seconds >= 10**9:
        assert answers.read_when(str(value) if as_text else value) == expected


@given(st.text(max_size=40))
def test_retry_after_of_any_text_is_never_negative(text: str) -> None:
    seconds = answers.read_retry_after(text)
    assert seconds is None or seconds >= 0


def storable(value: Any) -> bool:
    """Whether a database takes this as JSON text."""
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return "\x00" not in "".join(strings(value))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in (
        (*value, *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from strings(inner)
