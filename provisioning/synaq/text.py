"""Making something that a person can read out of whatever a server sent."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST = 500

_HTML = re.compile(
    r"<\s*(!doctype|\?xml|html|head|body|title|h[1-6]|p|div|span|center|br|hr|a|b|pre)\b[^>]*>", re.I
)
_TAGS = re.compile(r"<[^>]*>?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def is_html(text: str) -> bool:
    """Whether this is a page, or a piece of one, rather than words."""
    return bool(_HTML.search(text[:20_000]))


def plain(text: str) -> str:
    """One short line without tags or control characters, at most 500 characters."""
    if is_html(text):
        text = _words_of_page(text[:100_000])
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


class _Words(HTMLParser):
    """Collects a page's title and its visible words."""

    hidden = frozenset({"script", "style", "template", "noscript"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.words: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  parser's signature
        if tag == "title" or tag in self.hidden:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title.append(data)
        elif self._inside is None:
            self.words.append(data)


def _words_of_page(page: str) -> str:
    parser = _Words()
    try:
        parser.feed(page)
        parser.close()
    except (AssertionError, ValueError):  # what html.parser raises over broken declarations
        return _no_brackets(page)
    title, words = (" ".join(" ".join(part).split()) for part in (parser.title, parser.words))
    joined = words if not title or words.startswith(title) else f"{title}: {words}" if words else title
    return _no_brackets(joined)


def _no_brackets(text: str) -> str:
    return _TAGS.sub(" ", text).replace(">", " ")
