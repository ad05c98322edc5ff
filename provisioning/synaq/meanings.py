"""What each failure means: one closed table, and the only place that decides it.

A row is one situation: where it comes from, whether the request was *sent*, whether it may have been
*applied*, whether it may be sent again as it is, and one plain sentence for people.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import requests
from urllib3 import exceptions as pool

Applied = Literal["no", "unknown"]

# Reading changes nothing, so what is unknown about a change is harmless here.
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Sent(StrEnum):
    """Whether the request left this machine and reached an API that answered."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


class Meaning(StrEnum):
    """The situations that a call can end in, other than success."""

    REFUSED = "refused"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    GONE = "gone"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"
    CUT_OFF = "cut_off"
    UNREADABLE = "unreadable"
    REDIRECTED = "redirected"
    UNSUPPORTED = "unsupported"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Row:
    """One situation. `statuses` is empty where it is not told by an HTTP status."""

    meaning: Meaning
    comes_from: str
    statuses: frozenset[int]
    sent: Sent
    applied: Applied
    resend: bool
    sentence: str
    success: bool = False


def _codes(*codes: int) -> frozenset[int]:
    return frozenset(codes)


TABLE: tuple[Row, ...] = (
    Row(Meaning.REFUSED, "400, 422", _codes(400, 422), Sent.YES, "no", False,
        "SYNAQ did not accept what was sent. Correct it and submit it again."),
    Row(Meaning.UNAUTHENTICATED, "401", _codes(401), Sent.YES, "no", True,
        "SYNAQ did not accept the connection's user, key or clock. An owner should check the connection."),
    Row(Meaning.FORBIDDEN, "403", _codes(403), Sent.YES, "no", False,
        "SYNAQ does not let this connection do that."),
    Row(Meaning.MISSING, "404, 410", _codes(404, 410), Sent.YES, "no", False,
        "SYNAQ does not know this object; it may have been removed."),
    # Must come after MISSING: a 404 means this only where a mailbox's delete is being followed.
    Row(Meaning.GONE, "404 where a mailbox's delete is followed", _codes(404), Sent.YES, "no", False,
        "The mailbox and all its mail have been deleted.", success=True),
    Row(Meaning.CONFLICT, "409", _codes(409), Sent.YES, "no", False,
        "The present state of the object does not allow this."),
    Row(Meaning.THROTTLED, "429", _codes(429), Sent.YES, "no", True,
        "SYNAQ asks to send less at a time. It is tried again by itself."),
    Row(Meaning.BROKEN, "5xx", frozenset(range(500, 600)), Sent.YES, "unknown", False,
        "SYNAQ's system had a fault, so it is not known whether this was done."),
    Row(Meaning.UNREACHABLE, "no such name, refused, connect time-out, TLS", _codes(), Sent.NO, "no", True,
        "SYNAQ could not be reached, so nothing was sent. It is tried again by itself."),
    Row(Meaning.CUT_OFF, "broken off after sending began", _codes(), Sent.UNKNOWN, "unknown", False,
        "The connection to SYNAQ broke off, so it is not known whether this was done."),
    Row(Meaning.UNREADABLE, "2xx whose body or Location says nothing", _codes(), Sent.YES, "unknown", False,
        "SYNAQ's answer could not be understood, so it is not known whether this was done."),
    # These three say "send the same to that address": whoever answered has not carried it out.
    Row(Meaning.REDIRECTED, "301, 307, 308", _codes(301, 307, 308), Sent.YES, "no", False,
        "The connection's address leads elsewhere. An owner should correct it."),
    # A 302 or 303 is also how a server says "done, look there".
    Row(Meaning.REDIRECTED, "other 3xx", frozenset(range(300, 400)), Sent.YES, "unknown", False,
        "The connection's address leads elsewhere. An owner should correct it."),
    Row(Meaning.UNSUPPORTED, "the dialect or the documents lack it", _codes(), Sent.NO, "no", False,
        "This connection's generation of the SYNAQ API does not offer that."),
    # A proxy says 408 for a request of which it may have passed on a part.
    Row(Meaning.OTHER, "408, 499", _codes(408, 499), Sent.YES, "unknown", False,
        "SYNAQ gave up waiting, so it is not known whether this was done."),
    Row(Meaning.OTHER, "other 4xx", frozenset(range(400, 500)), Sent.YES, "no", False,
        "SYNAQ refused this in a way that its documents do not describe."),
    Row(Meaning.OTHER, "any other status", _codes(), Sent.YES, "unknown", False,
        "SYNAQ answered in a way that its documents do not describe."),
)  # fmt: skip

_ALWAYS_WORTH_ASKING_AGAIN = frozenset(
    {Meaning.BROKEN, Meaning.CUT_OFF, Meaning.UNREADABLE, Meaning.THROTTLED, Meaning.UNREACHABLE}
)


def row(meaning: Meaning) -> Row:
    """The table's row for a meaning; where it has several, the most careful one."""
    return next((r for r in _rows(meaning) if r.applied == "unknown"), next(_rows(meaning)))


def of_status(status: int, method: str) -> Row:
    """The row for an answer that is not 2xx."""
    found = next((r for r in TABLE if status in r.statuses), TABLE[-1])
    return _for_method(found, method)


def of_exception(problem: BaseException, method: str, *, connecting: bool = False) -> Row:
    """The row for an exchange that gave no answer at all, by what `requests` or `urllib3` raised.

    `connecting` is True where the connection was still being opened, whatever the exception looks like.
    """
    meaning = Meaning.UNREACHABLE if connecting or _surely_not_sent(problem) else Meaning.CUT_OFF
    return _for_method(row(meaning), method)


def of_meaning(meaning: Meaning, method: str) -> Row:
    """The table's row for a meaning, as it applies to a request of this method."""
    return _for_method(row(meaning), method)


def ends_a_mailbox_delete(status: int | None) -> bool:
    """Whether this status, to a poll of a mailbox's delete or a look at that mailbox, says it is done."""
    return any(status in r.statuses for r in TABLE if r.success)


def _rows(meaning: Meaning) -> Iterator[Row]:
    return (r for r in TABLE if r.meaning is meaning)


def _for_method(found: Row, method: str) -> Row:
    if method not in READING:
        return found
    return replace(
        found,
        applied="no",
        resend=found.resend or found.meaning in _ALWAYS_WORTH_ASKING_AGAIN,
        # whether "this was done" is no question for someone who only looked
        sentence=found.sentence.replace(", so it is not known whether this was done", ""),
    )


_NOT_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    pool.NewConnectionError,
    pool.NameResolutionError,
    pool.ConnectTimeoutError,
    pool.LocationParseError,
    pool.ClosedPoolError,
    ssl.SSLCertVerificationError,
    ssl.CertificateError,
)


def _surely_not_sent(problem: BaseException) -> bool:
    return any(isinstance(cause, _NOT_SENT) for cause in _causes(problem))


def _causes(problem: BaseException, depth: int = 6) -> Iterator[BaseException]:
    """The exception and those it wraps: requests keeps them in its arguments, urllib3 in `reason`."""
    yield problem
    if depth:
        for inner in (*problem.args, getattr(problem, "reason", None)):
            if isinstance(inner, BaseException):
                yield from _causes(inner, depth - 1)
