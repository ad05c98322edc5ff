"""What people type, made clean: for forms, and for the search boxes of lists."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.http import HttpRequest

_LONGEST_SEARCH = 200
_MOST_WORDS = 8
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
# Of the invisible characters only the joiners mean something: names in some scripts are spelled with them.
_JOINERS = "\u200c\u200d"


def without_invisible(text: str) -> str:
    """The text in its composed form, without characters that nobody can see, blanks made single and trimmed."""
    kept = (letter for letter in text if unicodedata.category(letter) != "Cf" or letter in _JOINERS)
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", "".join(kept))).strip().strip(_JOINERS)


class LineField(forms.CharField):
    """One line of text. Invisible characters are removed; control characters are refused, and said to be."""

    def __init__(self, *, max_length: int = 255, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, strip=False, **kwargs)
        self.error_messages["max_length"] = f"Use at most {max_length} characters."

    def to_python(self, value: Any) -> str:
        """The clean line."""
        text = without_invisible(super().to_python(value) or "")
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
            raise ValidationError("There is a character in this that cannot be typed; type it anew.")
        return text


def search_term(request: HttpRequest, name: str = "q") -> str:
    """What the search box holds, fit to be asked of the database."""
    text = without_invisible(request.GET.get(name, "")[:_LONGEST_SEARCH])
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs"))


def words_beginning(term: str) -> SearchQuery | None:
    """For Postgres' text search (config "simple"): texts with a word for each word of the term that begins with it. None
    where there is no word in the term."""
    words = _WORD.findall(term)[:_MOST_WORDS]
    asked = " & ".join(f"'{word}':*" for word in words)
    return SearchQuery(asked, config="simple", search_type="raw") if words else None
