"""Somebody at the portal by plain requests: forms are read off the page and sent back, as a browser without scripts does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import requests

from tests.acceptance.stack import SignIn, Stack


class _Fields(HTMLParser):
    """What the page's main form would send as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select, self._inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        if tag == "main":
            self._inside = True
        if not self._inside or (not name and tag != "option"):
            return
        if tag == "input" and (said.get("type") not in ("radio", "checkbox", "submit") or "checked" in said):
            self.found.setdefault(name, said.get("value", ""))
        elif tag in ("textarea", "select"):
            self.found.setdefault(name, "")
            self._select = name
        elif tag == "option" and self._select and ("selected" in said or not self.found[self._select]):
            self.found[self._select] = said.get("value", "")


class Visit:
    """One session, signed in as somebody of the demo."""

    def __init__(self, stack: Stack, who: SignIn | None = None) -> None:
        self.stack, self.http = stack, requests.Session()
        self.http.trust_env = False
        if who is not None:
            self.sign_in(who.email, who.password)

    def sign_in(self, email: str, password: str) -> requests.Response:
        return self.send("/accounts/login/", login=email, password=password)

    def open(self, path: str) -> requests.Response:
        return self.http.get(f"{self.stack.web_url}{path}", timeout=20)

    def send(self, path: str, to: str = "", **typed: Any) -> requests.Response:
        """Open the page, type into its form, send it (to another address, if named)."""
        return self.send_from(self.open(path), to or path, **typed)

    def send_from(self, page: requests.Response, to: str, **typed: Any) -> requests.Response:
        """The same from a page that is open already."""
        reader = _Fields()
        reader.feed(page.text)
        return self.http.post(f"{self.stack.web_url}{to}", data={**reader.found, **typed}, timeout=20)


def number_in(url: str) -> str:
    """The last part of an address that is no word: a number or a GUID."""
    return str(re.findall(r"/([0-9a-f-]*\d[0-9a-f-]*)/", url)[-1])
