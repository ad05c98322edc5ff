"""Passwords: rules, changing, and the link that sets a new one."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client, override_settings

from portal.accounts.models import Person
from provisioning.models import AuditEntry
from tests.integration.accounts import steps
from tests.integration.factories import PASSWORD

CHANGE = "/accounts/password/change/"
RESET = "/accounts/password/reset/"
NEW = "a new and longer phrase"


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


def change(client: Client, new: str, old: str = PASSWORD, again: str | None = None) -> Any:
    return client.post(
        CHANGE, {"oldpassword": old, "password1": new, "password2": new if again is None else again}
    )


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "at least 12 characters"),
        ("1q2w3e4r5t6y", "too common"),
        ("passwordpassword", "repeats itself"),
        ("abABabABabAB", "repeats itself"),
        ("83920174659203", "entirely numeric"),
        ("owner@example.test", "too similar to the email"),
    ],
)
def test_a_poor_password_is_refused_with_the_reason(
    signed_in: Client, owner: Person, password: str, why: str
) -> None:
    answer = change(signed_in, password)
    assert why in answer.content.decode()
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_two_that_differ_and_a_wrong_old_one_are_refused(signed_in: Client, owner: Person) -> None:
    assert "same password" in change(signed_in, NEW, again=NEW + "!").content.decode()
    assert "not your present password" in change(signed_in, NEW, old="not this").content.decode()
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_changing_it_ends_all_other_sessions_and_is_told(signed_in: Client, owner: Person) -> None:
    other = Client()
    steps.sign_in(other, owner)
    answer = change(signed_in, NEW)
    assert answer["Location"] == "/accounts/security/"
    assert steps.is_signed_in(signed_in)
    assert not steps.is_signed_in(other)
    entry = AuditEntry.objects.get(kind="password_changed")
    assert (entry.by, entry.new) == (owner, {"password": "changed"})
    assert "Your password has been changed" in steps.mails(1)[0].body
    assert NEW not in steps.mails(1)[0].body
    assert NEW not in str(list(AuditEntry.objects.values()))


def test_changing_it_is_tried_five_times_a_minute(signed_in: Client) -> None:
    for _ in range(5):
        change(signed_in, NEW, old="not this")
    assert change(signed_in, NEW).status_code == 429


# --- by mail


def ask(client: Client, email: str, **extra: Any) -> Any:
    return client.post(RESET, {"email": email}, **extra)


def link(text: str) -> str:
    found = re.search(r"https?://\S+(/accounts/password/reset/key/\S+)", text)
    assert found
    return found[1]


def use(client: Client, path: str, password: str = NEW) -> Any:
    """Open the link, and set the password on the page that it leads to."""
    page = client.get(path, follow=True)
    to = page.request["PATH_INFO"]
    return client.post(to, {"password1": password, "password2": password})


def words(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer["Location"]


def test_a_known_address_an_unknown_one_and_one_that_left_are_answered_alike(
    client: Client, owner: Person
) -> None:
    left = Person.objects.create_user("left@example.test", PASSWORD, is_active=False)
    answers = [ask(client, email) for email in (owner.email, "nobody@example.test", left.email)]
    assert len({words(answer) for answer in answers}) == 1
    assert [sent.to for sent in steps.mails(1)] == [[owner.email]]


def test_the_answer_does_not_wait_for_the_mail_server(
    client: Client, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, handed_over = threading.Event(), threading.Event()

    def slow(self: object, messages: list[object]) -> int:
        assert answered.wait(30), "the answer waited for the mail"
        handed_over.set()
        return len(messages)

    monkeypatch.setattr(EmailBackend, "send_messages", slow)
    assert ask(client, owner.email).status_code == 302
    answered.set()
    assert handed_over.wait(30)


def test_the_link_sets_a_password_once_and_ends_every_session(signed_in: Client, owner: Person) -> None:
    visitor = Client()
    ask(visitor, owner.email)
    path = link(steps.mails(1)[0].body)
    answer = use(visitor, path)
    assert answer["Location"] == "/accounts/password/reset/key/done/"
    assert not steps.is_signed_in(visitor), "the mail is no sign-in"
    assert not steps.is_signed_in(signed_in)
    assert steps.sign_in(visitor, owner, NEW).status_code == 302
    assert "used or is too old" in Client().get(path, follow=True).content.decode()
    assert "password_changed" in steps.kinds(owner)


def test_the_link_does_not_get_around_the_second_factor(client: Client, owner: Person) -> None:
    steps.add_app(owner)
    ask(client, owner.email)
    use(client, link(steps.mails(1)[0].body))
    assert steps.sign_in(client, owner, NEW)["Location"] == "/accounts/second-factor/sign-in/"
    assert not steps.is_signed_in(client)


def test_the_link_keeps_the_rules(client: Client, owner: Person) -> None:
    ask(client, owner.email)
    assert "too common" in use(client, link(steps.mails(1)[0].body), "1q2w3e4r5t6y").content.decode()


def test_an_old_link_a_changed_one_and_anothers_are_refused_alike(client: Client, owner: Person) -> None:
    other = Person.objects.create_user("other@example.test", PASSWORD)
    ask(client, owner.email)
    path = link(steps.mails(1)[0].body)
    uid, _, rest = path.rpartition("/key/")[2].partition("-")
    foreign = path.replace(f"/key/{uid}-", f"/key/{other.pk}-")
    for bad in (path.replace(rest, "x" + rest), foreign, "/accounts/password/reset/key/zz-zz/"):
        answer = client.get(bad, follow=True)
        assert answer.status_code == 200
        assert "used or is too old" in answer.content.decode()
    with override_settings(PASSWORD_RESET_TIMEOUT=-1):
        assert "used or is too old" in client.get(path, follow=True).content.decode()


def test_the_page_that_takes_the_password_has_no_token_in_its_address(client: Client, owner: Person) -> None:
    ask(client, owner.email)
    path = link(steps.mails(1)[0].body)
    answer = client.get(path)
    assert answer["Location"].endswith("-set-password/")


def test_the_link_leads_to_our_own_address_whatever_the_browser_claims(client: Client, owner: Person) -> None:
    with override_settings(PORTAL_URL="https://portal.example", ALLOWED_HOSTS=["*"]):
        ask(client, owner.email, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert "https://portal.example/accounts/password/reset/key/" in steps.mails(1)[0].body
    assert "evil" not in steps.mails(1)[0].body


def test_an_address_is_written_to_three_times_in_ten_minutes(client: Client, owner: Person) -> None:
    answers = [ask(client, email).status_code for email in [owner.email] * 4]
    assert answers == [302, 302, 302, 429]
    nobody = [ask(client, "nobody@example.test").status_code for _ in range(4)]
    assert nobody == answers
    assert len(steps.mails(3)) == 3


def test_no_mail_is_sent_to_whoever_is_unknown(client: Client) -> None:
    ask(client, "nobody@example.test")
    ask(client, "nobody@example.test\nBcc: all@example.test")
    assert mail.outbox == []


def test_the_log_names_neither_address_nor_token(
    client: Client, owner: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        ask(client, owner.email)
        path = link(steps.mails(1)[0].body)
        use(client, path)
        steps.sign_in(client, owner, "not the password")
        Client().get(path)
    assert owner.email not in caplog.text
    assert path.rpartition("/key/")[2].strip("/") not in caplog.text


def test_somebody_without_a_password_sets_one_after_proving_who_they_are(
    client: Client, owner: Person
) -> None:
    owner.set_unusable_password()
    owner.save()
    client.force_login(owner)
    assert client.get("/accounts/password/set/")["Location"].startswith("/accounts/reauthenticate/")
    assert client.get(CHANGE)["Location"] == "/accounts/password/set/"
