"""What the API answered: parsed, unwrapped, and read leniently where the documents are silent.

The `read_…` functions are pure and never raise, whatever they are given.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from provisioning.synaq.editions import Edition, first_text, read_editions, scalar_text, truth
from provisioning.synaq.errors import FieldError, read_errors
from provisioning.synaq.locations import Location

__all__ = [
    "Answer", "Edition", "FieldError", "Lock", "MailboxEdition", "Page", "UsageReport", "parse",
    "read_domain_fields", "read_editions", "read_errors", "read_guid", "read_links", "read_lock",
    "read_mailbox_editions", "read_page", "read_retry_after", "read_state", "read_usage", "read_when",
    "spellings", "unwrap",
]  # fmt: skip

LONGEST_STATE = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer. `body` is unwrapped, `raw` as received (text if it was no JSON); neither is printed."""

    status: int
    body: dict[str, Any] | list[Any] | None = field(default=None, repr=False)
    raw: Any = field(default=None, repr=False)
    location: Location | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `items` are objects as the API gave them."""

    items: list[dict[str, Any]] = field(repr=False)
    page: int
    limit: int
    pages: int
    total: int

    @property
    def has_next(self) -> bool:
        """Whether there is another page; an empty page is always the last."""
        return bool(self.items) and self.page < self.pages


@dataclass(frozen=True, slots=True)
class UsageReport:
    """`state` is lower-case (`pending`, `finished`); `counts` is (edition code, count), over all packages."""

    state: str
    data_as_at: datetime | None
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Lock:
    """What SYNAQ says of a mailbox's lock."""

    locked: bool
    type: str | None
    code: str | None
    reason: str | None


class MailboxEdition(NamedTuple):
    """The edition that a mailbox has of one package."""

    package_guid: str | None
    package_code: str | None
    edition_code: str


def parse(content: bytes, content_type: str = "") -> Any:
    """The JSON in a body, else its text, else None; without what no database takes (NUL, NaN, surrogates)."""
    text = _decoded(content, content_type).replace("\x00", "")
    if not text.strip():
        return None
    try:
        parsed = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        return _storable(parsed) if _NOT_STORABLE.search(text) else parsed
    except (ValueError, RecursionError):
        return text


def unwrap(raw: Any, noun: str | None) -> Any:
    """`{"domain": {…}}` becomes `{…}` for the noun asked; a bare object, or anything else, stays as it is."""
    if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], dict):
        raw = raw[0]
    if not noun or not isinstance(raw, dict) or "guid" in raw:
        return raw
    for key in (noun, *_ALSO_WRAPPED.get(noun, ()), "data", "result"):
        if isinstance(raw.get(key), dict):
            return raw[key]
    return raw


def read_state(value: Any) -> str:
    """The state of a body, or a bare state, in lower case; "" where there is none."""
    for _ in range(3):
        if not isinstance(value, dict):
            break
        value = next((value[key] for key in ("state", "code", "name", "value") if value.get(key)), None)
    return " ".join(value.lower().split())[:LONGEST_STATE] if isinstance(value, str) else ""


def read_guid(body: Any) -> str | None:
    """The object's GUID as text, whether it is written as text or as a number."""
    return first_text(body, ("guid", "uuid", "id")) if isinstance(body, dict) else scalar_text(body)


def spellings(guid: str) -> tuple[str, ...]:
    """How an answer may write the same GUID, as it is given first: a UUID's hexadecimal digits have no letter case
    (RFC 9562). What is no UUID is written in one way only."""
    if not _UUID.fullmatch(guid):
        return (guid,)
    return tuple(dict.fromkeys((guid, guid.lower(), guid.upper())))


def read_when(value: Any) -> datetime | None:
    """A time in UTC from `2018-02-19 13:00:00+0200`, ISO 8601, an HTTP date, PHP's date object or an epoch.

    Where no zone is given, UTC is taken. An epoch may be in seconds, milli- or microseconds.
    """
    zone: tzinfo = UTC
    if isinstance(value, dict):
        value, zone = value.get("date"), _php_zone(value.get("timezone"))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = _of_epoch(float(value)) if _is_epoch(value) else _of_date(str(value).strip())
        return found.replace(tzinfo=found.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def read_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait, from a `Retry-After` of seconds or an HTTP date; never negative."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    when = read_when(text) if text and not _is_epoch(text) else None
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds()) if when else None


def read_usage(body: Any) -> UsageReport | None:
    """The domain's usage report; None where the domain has none yet."""
    body = unwrap(body, "domain")
    report = body.get("domain_usage_report") if isinstance(body, dict) else None
    if not isinstance(report, dict) or not report:
        return None
    counts = list(_counts(report.get("edition_usage_reports")))
    return UsageReport(read_state(report.get("state")), read_when(report.get("data_as_at")), counts)


def read_domain_fields(body: Any) -> dict[str, Any]:
    """The service fields with their present values. The old `service_fields` is ignored."""
    body = unwrap(body, "domain")
    fields = body.get("fields") if isinstance(body, dict) else None
    if isinstance(fields, dict):
        return {str(name): _field_value(value) for name, value in fields.items()}
    return dict(_named_fields(fields)) if isinstance(fields, list) else {}


def read_lock(body: Any) -> Lock:
    """Whether SYNAQ has locked the mailbox, and why."""
    body = unwrap(body, "mailbox")
    if not isinstance(body, dict):
        return Lock(False, None, None, None)
    return Lock(
        truth(body.get("account_locked")),
        scalar_text(body.get("lock_type")),
        scalar_text(body.get("lock_reason_code")),
        scalar_text(body.get("lock_reason")),
    )


def read_links(body: Any) -> list[str] | None:
    """GUIDs of the packages that a domain is linked to; None where the answer does not say."""
    body = unwrap(body, "domain")
    for holder in (body, body.get("_embedded")) if isinstance(body, dict) else ():
        for key in ("packages", "package_guids", "linked_packages", "package", "package_guid"):
            if isinstance(holder, dict) and key in holder:
                found = _guids(holder[key])
                # packages that are shown without their GUIDs say nothing of which they are
                return found if found or holder[key] in ([], {}) else None
    return None


def read_mailbox_editions(body: Any) -> list[MailboxEdition]:
    """The editions that a mailbox has, by package."""
    body = unwrap(body, "mailbox")
    if not isinstance(body, dict):
        return []
    found = [entry for item in _entries(body.get("packages")) if (entry := _mailbox_edition(item))]
    if found:
        return found
    code = first_text(body, ("package_edition_code", "edition_code")) or _code_of(body.get("edition"))
    package = body.get("package") if isinstance(body.get("package"), dict) else {}
    guid = read_guid(package) if package else first_text(body, ("package_guid",))
    return (
        [MailboxEdition(guid, _code_of(package) or first_text(body, ("package_code",)), code)] if code else []
    )


def read_page(raw: Any, key: str, page: int, limit: int) -> Page | None:
    """A page of the envelope, or of a bare list; `page` and `limit` are what was asked. Else None.

    Where it does not say how many pages there are, and does not hold all of `total`, there may be one more.
    """
    if isinstance(raw, list):
        return _page({}, _objects(raw), page, limit)
    if not isinstance(raw, dict):
        return None
    embedded = raw.get("_embedded", raw.get(key))
    if embedded is None and ("_embedded" in raw or _whole(raw.get("total")) == 0):
        embedded = []  # an empty list may be left out
    if isinstance(embedded, dict):
        embedded = embedded.get(key, next((v for v in embedded.values() if isinstance(v, list)), [])) or []
    if isinstance(embedded, dict):  # PHP's list with gaps
        embedded = list(embedded.values())
    if not isinstance(embedded, list):
        return None
    return _page(raw, _objects(embedded), page, limit)


def _page(said: Mapping[str, Any], items: list[dict[str, Any]], page: int, limit: int) -> Page:
    at, size = _number(said.get("page"), page), _number(said.get("limit"), limit)
    total = _number(said.get("total"), 0)
    # a server may hand out fewer at a time than it was asked for
    more = bool(items) and (total == 0 or at * len(items) < total)
    return Page(items, at, size, _number(said.get("pages"), at + more), total or len(items))


_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_NOT_STORABLE = re.compile(r"\\u0000|\\ud[89a-f]", re.IGNORECASE)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_IDENTIFIES = frozenset({"guid", "state", "id", "domain_name", "email"})
_ALSO_WRAPPED = {"ou": ("company", "reseller", "subreseller", "organisational_unit", "organisation")}


def _decoded(content: bytes, content_type: str) -> str:
    """UTF-8, as JSON is; what is none is read as the header calls it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    try:
        return content.decode(named[1] if named else "utf-8", "replace")
    except (LookupError, ValueError):  # no such character set
        return content.decode("utf-8", "replace")


def _finite(digits: str) -> float | None:
    number = float(digits)  # 1e999 is JSON, too
    return number if math.isfinite(number) else None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_TEXT.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return value


def _is_epoch(value: str | int | float) -> bool:
    # eight digits are a date, 20180219
    return not isinstance(value, str) or bool(re.fullmatch(r"\s*\d{9,17}(\.\d+)?\s*", value, re.ASCII))


def _of_epoch(number: float) -> datetime:
    for unit in (1_000_000, 1_000):
        if number >= 10_000_000_000 * unit / 10:
            return datetime.fromtimestamp(number / unit, UTC)
    return datetime.fromtimestamp(number, UTC)


def _of_date(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return email.utils.parsedate_to_datetime(text)


def _php_zone(name: Any) -> tzinfo:
    """PHP writes a zone beside the date: `+02:00` or `Africa/Johannesburg`. UTC if it says neither."""
    if not isinstance(name, str):
        return UTC
    try:
        return datetime.strptime(name, "%z").tzinfo or UTC
    except ValueError:
        pass
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _entries(value: Any) -> Iterator[Any]:
    """The members of a list, of an object keyed by something, or the single thing itself."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and _IDENTIFIES.isdisjoint(value) and "code" not in value:
        yield from value.values()
    elif value is not None:
        yield value


def _objects(items: list[Any]) -> list[dict[str, Any]]:
    return [_bare(item) for item in items if isinstance(item, dict)]


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """An entry of a list may be wrapped in its noun as well: `{"mailbox": {…}}`."""
    inner = next(iter(item.values())) if len(item) == 1 else None
    return inner if isinstance(inner, dict) else item


def _counts(reports: Any) -> Iterator[tuple[str, int]]:
    if isinstance(reports, dict) and "edition_code" not in reports:
        reports = [{"edition_code": code, **(_count_of(inner))} for code, inner in reports.items()]
    for report in _entries(reports):
        code = first_text(report, ("edition_code", "code")) if isinstance(report, dict) else None
        count = _whole(report.get("count")) if code else None
        if code and count is not None:
            yield code, count


def _count_of(inner: Any) -> dict[Any, Any]:
    return inner if isinstance(inner, dict) else {"count": inner}


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,15}\s*", value, re.ASCII):
        return int(value)
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else None


def _number(value: Any, otherwise: int) -> int:
    whole = _whole(value)
    return otherwise if whole is None or whole < 0 else whole


_DESCRIBES_FIELD = frozenset({"value", "type", "required", "label"})


def _field_value(value: Any) -> Any:
    """A field's value, also where it stands in a description of the field, or is missing there."""
    described = isinstance(value, dict) and not _DESCRIBES_FIELD.isdisjoint(value)
    return value.get("value") if described else value


def _named_fields(fields: list[Any]) -> Iterator[tuple[str, Any]]:
    for item in fields:
        if isinstance(item, dict):
            if name := first_text(item, ("name", "field", "code", "key")):
                yield name, item.get("value")
            elif len(item) == 1:
                yield from ((str(name), _field_value(value)) for name, value in item.items())
        elif name := scalar_text(item):
            yield name, None


def _guids(value: Any) -> list[str]:
    if isinstance(value, dict) and read_guid(value) is None:
        # an object keyed by GUID, or by anything with the GUID inside
        return [
            read_guid(inner) or str(key) if isinstance(inner, dict) else str(key)
            for key, inner in value.items()
        ]
    return [guid for item in _entries(value) if (guid := read_guid(item))]


def _code_of(value: Any) -> str | None:
    return first_text(value, ("code", "edition_code")) if isinstance(value, dict) else scalar_text(value)


def _mailbox_edition(item: Any) -> MailboxEdition | None:
    if not isinstance(item, dict):
        return None
    code = first_text(item, ("edition_code", "package_edition_code")) or _code_of(item.get("edition"))
    return (
        MailboxEdition(
            first_text(item, ("guid", "package_guid")), first_text(item, ("code", "package_code")), code
        )
        if code
        else None
    )
