"""Usage: the detailed call, and reading a report of either kind, however odd it is (contract, "Usage")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from provisioning.synaq import dialects
from provisioning.synaq.answers import Answer, read_guid, read_state, read_when
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.editions import first_text
from provisioning.synaq.text import plain
from provisioning.synaq.transport import Call, Expect, Transport, api_path

MOST = 10_000_000  # of one edition on one domain: more is no count
LONGEST_CODE = 100
PENDING = frozenset({"pending", "new"})
BROKEN = frozenset({"error", "failed"})
_AHEAD, _OLDEST = timedelta(days=1), 2000
_EDITIONS = ("edition_code", "code", "edition", "package_edition_code")
_PRODUCTS = ("package_code", "product_code", "package", "product")
_LISTS = (
    "edition_usage_reports",
    "edition_usage",
    "editions",
    "usage",
    "usage_report",
    "domain_usage_report",
    "packages",
    "reports",
    "_embedded",
    "data",
)


class Usage:
    """Calls on what a domain uses."""

    def __init__(self, transport: Transport, dialect: Dialect) -> None:
        self._transport, self._dialect = transport, dialect

    def detailed(self, domain_guid: str) -> Answer:
        """Per edition the count with the billable mailboxes behind it, warnings and problems; current only."""
        dialects.require(self._dialect, "usage.detailed")
        return self._transport.send(Call("GET", api_path("domains", domain_guid, "usage"), Expect.BODY))


@dataclass(frozen=True, slots=True)
class Count:
    """How many of one edition. `mailboxes` are those behind it, as `{"email", "guid"}`, where SYNAQ lists them."""

    edition: str
    number: int
    product: str = ""
    mailboxes: tuple[dict[str, str], ...] = ()
    warning: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `unreadable` are editions that it names with what is no count; `whole` whether its list could be read:
    then an edition that it does not name is not in use. `problems` are sentences for people."""

    state: str
    data_as_at: datetime | None
    counts: tuple[Count, ...] = ()
    unreadable: frozenset[str] = frozenset()
    whole: bool = False
    problems: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    @property
    def is_finished(self) -> bool:
        return self.state == "finished"


@dataclass(slots=True)
class _Found:
    counts: dict[str, Count] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    nameless: bool = False


def read_report(raw: Any, received_at: datetime, *, detailed: bool = False) -> Report | None:
    """A report's content; None where there is none. Never raises, and never takes for a number what is none."""
    if not raw or not isinstance(raw, Mapping | list):
        return None
    body: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}
    state = "finished" if detailed else read_state(body.get("state"))
    if state in PENDING:
        return Report(state, None)
    found = _Found(problems=_said(body))
    when = _when(body.get("data_as_at"), received_at, found, told=not detailed or "data_as_at" in body)
    entries = _entries(raw)
    if state == "":
        state = "finished" if entries is not None else "unknown"
        found.problems.append("SYNAQ does not say whether the report is finished.")
    if state != "finished":
        found.problems.append(f"SYNAQ calls the report's state “{plain(state)}”: nothing of it is counted.")
        return Report(state, when, problems=tuple(found.problems))
    if entries is None:
        found.problems.append("It holds no list of editions, so nothing of it is counted.")
    for entry, product in entries or []:
        _take(entry, product, found)
    counts = tuple(count for code, count in found.counts.items() if code not in found.unreadable)
    whole = entries is not None and not found.nameless
    return Report(state, when, counts, frozenset(found.unreadable), whole, tuple(found.problems))


def _when(value: Any, received_at: datetime, found: _Found, *, told: bool) -> datetime | None:
    """As at when, if that can be: a date to come, or of another century, would land in a month that nobody counts."""
    if value in (None, ""):
        if told:
            found.problems.append(
                "SYNAQ does not say as at when its data is; the time when it was received counts."
            )
        return None
    when = read_when(value)
    if when is not None and when.year >= _OLDEST and when <= received_at + _AHEAD:
        return when
    words = plain(str(value))[:60]
    found.problems.append(f"SYNAQ's date “{words}” cannot be; the time when the report was received counts.")
    return None


def _entries(raw: Any, depth: int = 4) -> list[tuple[Any, str]] | None:
    """What is said of each edition, with its product's code where it stands above; None where there is no list."""
    if isinstance(raw, list):
        return [pair for item in raw for pair in _unfolded(item, "", depth)]
    if not isinstance(raw, Mapping) or depth == 0:
        return None
    for key in _LISTS:
        if isinstance(raw.get(key), list | Mapping):
            return _entries(raw[key], depth - 1)
    if any(key in raw for key in _LISTS):
        return None
    if raw and all(_is_keyed(inner) for inner in raw.values()):
        return [(_with_code(code, inner), "") for code, inner in raw.items()]
    return [] if not raw else None


def _unfolded(item: Any, product: str, depth: int) -> Iterator[tuple[Any, str]]:
    """One entry, or the entries of a product that holds its editions."""
    inner = item.get("editions") if isinstance(item, Mapping) and "count" not in item else None
    if not isinstance(inner, list | Mapping):
        yield item, product
        return
    code = first_text(dict(item), (*_PRODUCTS, "code")) or ""
    for entry, _ in _entries(inner, depth - 1) or []:
        yield entry, code


def _is_keyed(inner: Any) -> bool:
    return "count" in inner if isinstance(inner, Mapping) else isinstance(inner, int) and inner is not True


def _with_code(code: Any, inner: Any) -> dict[str, Any]:
    return {"edition_code": str(code), **(inner if isinstance(inner, Mapping) else {"count": inner})}


def _take(entry: Any, product: str, found: _Found) -> None:
    body = dict(entry) if isinstance(entry, Mapping) else {}
    code = (first_text(body, _EDITIONS) or "")[:LONGEST_CODE]
    if not code:
        found.problems.append("A line of it does not say which edition it counts; it is left out.")
        found.nameless = True
        return
    number = _number(body.get("count"))
    if number is None:
        said = "no count" if body.get("count") is None else f"“{plain(str(body['count']))[:60]}”"
        found.problems.append(f"For {code} it says {said}, which is no number of things: it is not counted.")
        found.unreadable.add(code)
        return
    product = product or first_text(body, _PRODUCTS) or ""
    boxes = tuple(_mailboxes(body.get("billable_mailboxes")))
    if boxes and len(boxes) != number:
        found.problems.append(f"For {code} it counts {number:,} and lists {len(boxes):,} mailboxes.")
    if code in found.counts:
        before = found.counts[code]
        found.problems.append(
            f"{code} stands in it more than once: {before.number:,} and {number:,} were added."
        )
        number, boxes = min(before.number + number, MOST), (*before.mailboxes, *boxes)
    words = (_words(body.get("warning")), _words(body.get("problem")))
    found.counts[code] = Count(code, number, product[:LONGEST_CODE], boxes, *words)


def _number(value: Any) -> int | None:
    """A number of things: whole, not negative, at most MOST; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:12])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST else None


def _mailboxes(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, Mapping):
        value = [{"email": key, **(one if isinstance(one, Mapping) else {})} for key, one in value.items()]
    for one in value if isinstance(value, list) else []:
        body: dict[Any, Any] = dict(one) if isinstance(one, Mapping) else {"email": one}
        email, guid = first_text(body, ("email", "address", "mailbox", "name")) or "", read_guid(body) or ""
        if email or guid:
            yield {"email": plain(email)[:330], "guid": guid[:100]}


def _said(body: Mapping[Any, Any]) -> list[str]:
    """What SYNAQ itself says is wrong with the whole report."""
    keys = ("warning", "warnings", "problem", "problems", "errors")
    return [f"SYNAQ says: {words}" for key in keys if (words := _words(body.get(key)))]


def _words(value: Any) -> str:
    """A warning or a problem in one line, whether it is text, a list or an object."""
    if value in (None, "", False, [], {}):
        return ""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return plain("; ".join(filter(None, (_words(one) for one in value[:20]))))
    return plain(str(value))
