from __future__ import annotations

import copy
import ssl

import pytest
import requests
from urllib3 import exceptions as pool
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from provisioning.synaq import FieldError, Meaning, Sent, SynaqError
from provisioning.synaq.meanings import TABLE, ends_a_mailbox_delete, of_exception, of_status, row

CONNECTION = HTTPConnection("127.0.0.1", 9)
POOL = HTTPConnectionPool("127.0.0.1", 9)


@pytest.mark.parametrize(
    ("status", "meaning", "applied", "resend"),
    [
        (400, Meaning.REFUSED, "no", False),
        (422, Meaning.REFUSED, "no", False),
        (401, Meaning.UNAUTHENTICATED, "no", True),
        (403, Meaning.FORBIDDEN, "no", False),
        (404, Meaning.MISSING, "no", False),
        (410, Meaning.MISSING, "no", False),
        (409, Meaning.CONFLICT, "no", False),
        (429, Meaning.THROTTLED, "no", True),
        (500, Meaning.BROKEN, "unknown", False),
        (503, Meaning.BROKEN, "unknown", False),
        (599, Meaning.BROKEN, "unknown", False),
        (301, Meaning.REDIRECTED, "no", False),
        (308, Meaning.REDIRECTED, "no", False),
        (302, Meaning.REDIRECTED, "unknown", False),
        (303, Meaning.REDIRECTED, "unknown", False),
        (405, Meaning.OTHER, "no", False),
        (408, Meaning.OTHER, "unknown", False),
        (100, Meaning.OTHER, "unknown", False),
        (999, Meaning.OTHER, "unknown", False),
    ],
)
def test_change_that_gets_a_status(status: int, meaning: Meaning, applied: str, resend: bool) -> None:
    found = of_status(status, "POST")
    assert (found.meaning, found.sent, found.applied, found.resend) == (meaning, Sent.YES, applied, resend)


@pytest.mark.parametrize("status", [302, 404, 408, 500, 503, 999])
def test_reading_never_applies_anything(status: int) -> None:
    assert of_status(status, "GET").applied == "no"
    assert "not known" not in of_status(status, "GET").sentence


def test_reading_may_be_repeated_after_a_fault_of_theirs_but_not_after_a_refusal() -> None:
    assert of_status(502, "GET").resend
    assert of_status(502, "OPTIONS").resend
    assert not of_status(400, "GET").resend
    assert not of_status(502, "DELETE").resend


@pytest.mark.parametrize(
    "problem",
    [
        requests.ConnectTimeout(),
        requests.ConnectionError(
            pool.MaxRetryError(POOL, "/", pool.NewConnectionError(CONNECTION, "refused"))
        ),
        requests.ConnectionError(
            pool.MaxRetryError(POOL, "/", pool.NameResolutionError("nowhere", CONNECTION, OSError()))  # type: ignore[arg-type]
        ),
        requests.exceptions.SSLError(
            pool.MaxRetryError(POOL, "/", pool.SSLError(ssl.SSLCertVerificationError()))
        ),
        requests.exceptions.InvalidURL("bad"),
    ],
    ids=["connect-timeout", "refused", "no-such-name", "certificate", "url"],
)
def test_what_breaks_before_sending_was_not_sent(problem: Exception) -> None:
    found = of_exception(problem, "POST")
    assert (found.meaning, found.sent, found.applied, found.resend) == (
        Meaning.UNREACHABLE,
        Sent.NO,
        "no",
        True,
    )


@pytest.mark.parametrize(
    "problem",
    [
        requests.ConnectionError(
            pool.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
        ),
        requests.ReadTimeout(pool.ReadTimeoutError(POOL, "/", "timed out")),
        requests.exceptions.SSLError(
            pool.MaxRetryError(POOL, "/", pool.SSLError(ssl.SSLError(1, "bad record mac")))
        ),
        requests.exceptions.ChunkedEncodingError(),
        requests.exceptions.InvalidHeader("in the answer"),
        RuntimeError("something else"),
    ],
    ids=["reset", "read-timeout", "tls-later", "chunks", "header", "anything"],
)
def test_what_breaks_later_is_unknown(problem: Exception) -> None:
    found = of_exception(problem, "POST")
    assert (found.meaning, found.sent, found.applied, found.resend) == (
        Meaning.CUT_OFF,
        Sent.UNKNOWN,
        "unknown",
        False,
    )


def test_whatever_breaks_while_connecting_was_not_sent() -> None:
    found = of_exception(requests.ReadTimeout("of the handshake"), "POST", connecting=True)
    assert (found.meaning, found.sent) == (Meaning.UNREACHABLE, Sent.NO)


def test_each_meaning_has_a_row_and_a_sentence() -> None:
    assert {found.meaning for found in TABLE} == set(Meaning)
    assert all(found.sentence.endswith(".") for found in TABLE)


def test_no_row_lets_a_change_be_resent_that_may_have_been_applied() -> None:
    assert not [found for found in TABLE if found.resend and found.applied == "unknown"]


def test_where_a_meaning_has_several_rows_the_careful_one_stands_for_it() -> None:
    assert row(Meaning.REDIRECTED).applied == "unknown"


def test_only_a_404_ends_a_mailbox_delete() -> None:
    assert ends_a_mailbox_delete(404)
    assert not any(ends_a_mailbox_delete(status) for status in (None, 204, 403, 409, 410, 500))


def test_error_made_by_hand_takes_its_facts_from_the_table() -> None:
    error = SynaqError(Meaning.CUT_OFF, request="POST /api/v1/x.json")
    assert (error.sent, error.applied, error.may_resend) == (Sent.UNKNOWN, "unknown", False)
    assert error.message == error.sentence


def test_error_is_readable_when_printed() -> None:
    errors = [FieldError("email_local", "This value should not be blank."), FieldError(None, "No.")]
    error = SynaqError(
        Meaning.REFUSED, "Validation Failed", status=400, errors=errors, request="POST /api/v1/x.json"
    )
    assert str(error) == (
        "POST /api/v1/x.json 400: Validation Failed (email_local: This value should not be blank.; No.)"
    )


def test_error_survives_being_copied() -> None:
    error = SynaqError(Meaning.BROKEN, "Oops", status=502, request="POST /x", retry_after=3.0)
    twin = copy.copy(error)
    assert str(twin) == str(error)
    assert twin.__dict__ == error.__dict__
