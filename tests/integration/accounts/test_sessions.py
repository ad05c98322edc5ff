"""Where one is signed in, and ending it."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from portal.account.browsers import browser
from portal.accounts.models import Person
from portal.accounts.sessions import count, end_sessions
from provisioning.models import AuditEntry
from tests.integration.accounts import steps
from tests.integration.factories import make_ou, make_person

PAGE = "/accounts/security/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


@pytest.fixture
def other(owner: Person) -> Client:
    """The same person in another browser."""
    client = Client(headers={"user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
    steps.sign_in(client, owner)
    return client


def row_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


def test_all_open_sessions_are_listed_and_which_is_this_one(signed_in: Client, other: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "Firefox on Windows" in page
    assert "192.0.2.7" in page
    assert page.count("This one") == 1


def test_one_is_ended_at_once(signed_in: Client, other: Client, owner: Person) -> None:
    answer = signed_in.post(f"{PAGE}sessions/{row_of(other).pk}/end/")
    assert answer["Location"] == PAGE
    assert not steps.is_signed_in(other)
    assert steps.is_signed_in(signed_in)
    entry = AuditEntry.objects.get(kind="sessions_ended")
    assert (entry.by, entry.text) == (owner, "One session: Firefox on Windows, 192.0.2.7.")


def test_the_present_one_and_anothers_cannot_be_ended(signed_in: Client, other: Client) -> None:
    stranger, theirs = make_person("owner", make_ou()), Client()
    steps.sign_in(theirs, stranger)
    for row in (row_of(theirs), row_of(signed_in)):
        assert signed_in.post(f"{PAGE}sessions/{row.pk}/end/").status_code == 404
    assert signed_in.post(f"{PAGE}sessions/999999999999/end/").status_code == 404
    assert steps.is_signed_in(theirs)
    assert signed_in.get(f"{PAGE}sessions/{row_of(other).pk}/end/").status_code == 405


def test_everywhere_else_ends_all_but_this(signed_in: Client, other: Client, owner: Person) -> None:
    signed_in.post(f"{PAGE}sessions/end/")
    assert steps.is_signed_in(signed_in)
    assert not steps.is_signed_in(other)
    assert count(owner) == 1


def test_ending_them_for_a_person_forgets_none(signed_in: Client, other: Client, owner: Person) -> None:
    unlisted = Client()
    unlisted.force_login(owner)  # a session that no list knows
    stranger, theirs = make_person("owner", make_ou()), Client()
    steps.sign_in(theirs, stranger)
    assert count(owner) == 3
    assert end_sessions(owner) == 3
    assert not any(steps.is_signed_in(client) for client in (signed_in, other, unlisted))
    assert steps.is_signed_in(theirs)
    assert not UserSession.objects.filter(user=owner).exists()


def test_whoever_is_closed_out_is_so_at_the_next_request(signed_in: Client, owner: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    assert not steps.is_signed_in(signed_in)


def test_a_browsers_words_are_never_quoted(owner: Person) -> None:
    client = Client(headers={"user-agent": "<script>alert(1)</script>"})
    steps.sign_in(client, owner)
    page = client.get(PAGE).content.decode()
    assert "alert(1)" not in page
    assert "Another program" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605.1", "Safari on Mac"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604", "Safari on iPhone"),
        ("", "Another program"),
    ],
)
def test_what_a_browser_is_called(words: str, told: str) -> None:
    assert browser(words) == told
