"""A person at plain requests: signs in, opens pages, sends forms. No browser, and nothing of ours inside."""

from __future__ import annotations

import html
import re

import requests

from tests.acceptance.stack import Stack


class Person:
    """Signed in as somebody of the demo."""

    def __init__(self, stack: Stack, role: str = "support") -> None:
        who = stack.sign_ins[role]
        self.url = stack.web_url
        self.session = requests.Session()
        page = self.get("/accounts/login/")
        given = {**hidden(page.text), "login": who.email, "password": who.password}
        answer = self.session.post(f"{self.url}/accounts/login/", given, timeout=20, allow_redirects=False)
        assert answer.status_code == 302, answer.text

    def get(self, path: str, timeout: float = 20) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=timeout)

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of the form on that page: its protection, and the mark by which it is sent once."""
        page = self.get(path)
        assert page.status_code == 200, (page.status_code, page.text[:500])
        return hidden(page.text)

    def send(self, path: str, form: dict[str, str], timeout: float = 20, **fields: str) -> requests.Response:
        """Send it; the answer itself, not where it leads."""
        headers = {"Referer": f"{self.url}{path}"}
        given = {**form, **fields}
        return self.session.post(
            f"{self.url}{path}", given, headers=headers, timeout=timeout, allow_redirects=False
        )


def hidden(page: str) -> dict[str, str]:
    """The hidden inputs of the page's own form: of several with one name the last, which is the one in `main`."""
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    return found
