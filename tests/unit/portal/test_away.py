"""The page in place of another while the database is away: it never leads to where only a form may be sent."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import RequestFactory

from portal.middleware import unavailable

PAGE, FORM = "/mailboxes/?state=active", "/mailboxes/selected/"


def told(request: HttpRequest) -> tuple[str, str]:
    """Its text, and where its button leads."""
    answer = unavailable(request, OperationalError("away"))
    assert answer is not None
    assert answer.status_code == 503
    text = answer.content.decode()
    button = re.search(r'<a class="btn btn-primary" href="([^"]*)">', text)
    assert button
    return text, button[1]


def test_a_page_is_asked_for_again() -> None:
    text, to = told(RequestFactory().get(PAGE))
    assert to == ""
    assert "Try again" in text
    assert "What you sent" not in text


@pytest.mark.parametrize(
    ("referer", "leads"),
    [
        (f"http://testserver{PAGE}", f"http://testserver{PAGE}"),
        ("https://elsewhere.example/", "/"),
        ("", "/"),
    ],
)
def test_what_a_form_sent_leads_back_to_its_page(referer: str, leads: str) -> None:
    text, to = told(RequestFactory().post(FORM, headers={"Referer": referer}))
    assert to == leads
    assert "most likely not taken" in text
