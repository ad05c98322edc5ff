"""What people type, made clean."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from portal.typed import LineField, search_term, without_invisible, words_beginning


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  Acme  Ltd ", "Acme Ltd"),
        ("\u200bAc\ufeffme\u2060", "Acme"),
        ("\u202eAcme\u202c", "Acme"),
        ("Acme\u00a0\tLtd\n", "Acme Ltd"),
        ("Cafe\u0301", "Café"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200d\u200c", ""),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_taken_out(typed: str, clean: str) -> None:
    assert without_invisible(typed) == clean


@pytest.mark.parametrize("typed", ["a\x00b", "a\x07", "\x1b[31m", "\ud800"])
def test_what_cannot_be_typed_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(ValidationError, match="cannot be typed"):
        LineField(max_length=20).clean(typed)


def test_a_field_may_be_left_empty_if_it_is_not_required() -> None:
    assert LineField(required=False).clean(" \u200b ") == ""


def test_what_is_too_long_says_how_long_it_may_be() -> None:
    with pytest.raises(ValidationError, match="at most 3 characters"):
        LineField(max_length=3).clean("four")


@pytest.mark.parametrize(
    ("query", "term"), [("a\x00b", "ab"), (" x ", "x"), ("x" * 900, "x" * 200), ("%00", "%00")]
)
def test_a_search_is_fit_for_the_database(query: str, term: str) -> None:
    assert search_term(RequestFactory().get("/", {"q": query})) == term


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("acme", "'acme':*"),
        ("two oc", "'two':* & 'oc':*"),
        ("a.b'", "'a':* & 'b':*"),
        ("(", None),
        ("", None),
    ],
)
def test_a_search_looks_for_the_beginnings_of_words(term: str, asked: str | None) -> None:
    query: Any = words_beginning(term)
    assert (query and query.source_expressions[1].value) == asked
