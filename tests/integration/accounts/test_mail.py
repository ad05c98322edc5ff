"""Mail: plain, from the settings' own address, and never a reason for a page to break."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.test import override_settings

from portal import mail
from portal.accounts.models import Brand, Person
from provisioning.models import OU
from tests.integration.factories import make_ou, make_person

BRAND = Brand(name="Acme Mail", support_email="help@acme.example", host="mail.acme.example")
WHO = {"name": "Ann"}


def send(**fields: Any) -> bool:
    facts = {"to": "ann@example.test", "subject": "Second factor reset", "context": WHO}
    return mail.send("factor_reset", **{**facts, **fields})


def test_a_mail_is_plain_text_from_the_address_of_the_settings() -> None:
    with override_settings(DEFAULT_FROM_EMAIL="Mailroom <m@portal.example>"):
        assert send()
    sent = outbox.outbox[0]
    assert (sent.from_email, sent.to) == ("Mailroom <m@portal.example>", ["ann@example.test"])
    assert sent.content_subtype == "plain"
    assert not getattr(sent, "alternatives", None)
    assert "Ann" in sent.body
    assert sent.body.rstrip().endswith("Mailroom")


def test_a_branded_mail_carries_the_resellers_name_and_leads_to_their_support() -> None:
    with override_settings(MAIL_ADDRESS="m@portal.example"):
        assert send(brand=BRAND)
    sent = outbox.outbox[0]
    assert sent.from_email == "Acme Mail <m@portal.example>"
    assert sent.reply_to == ["help@acme.example"]
    assert "Acme Mail · help@acme.example" in sent.body
    assert "Mailroom" not in sent.body


def test_names_are_neither_escaped_nor_able_to_add_headers() -> None:
    assert send(context={"name": "O'Neil & <b>"}, subject="Hello\r\nBcc: all@example.test")
    sent = outbox.outbox[0]
    assert "O'Neil & <b>" in sent.body
    assert sent.subject == "Hello Bcc: all@example.test"
    hostile = Brand(name="Acme\r\nBcc: all@example.test")
    assert send(brand=hostile)
    assert "\n" not in outbox.outbox[1].message()["From"]


def test_an_address_with_a_line_break_is_not_written_to() -> None:
    assert not send(to="ann@example.test\nBcc: all@example.test")
    assert outbox.outbox == []


@pytest.mark.parametrize(
    "error",
    [smtplib.SMTPAuthenticationError(535, b"user m secret"), ConnectionRefusedError(), TimeoutError()],
)
def test_a_mail_server_that_fails_is_told_by_false_and_logged_without_the_address(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    assert not send()
    said = caplog.text
    assert "mail not sent" in said
    assert "ann@example.test" not in said
    assert "secret" not in said


def test_links_in_mails_come_from_the_settings() -> None:
    hosts = ["portal.example", "mail.acme.example"]
    with override_settings(PORTAL_URL="https://portal.example:8443", ALLOWED_HOSTS=hosts):
        assert mail.url("/people/") == "https://portal.example:8443/people/"
        assert mail.url("/people/", BRAND) == "https://mail.acme.example:8443/people/"
        assert mail.url("/people/", Brand(name="Acme")) == "https://portal.example:8443/people/"
    with override_settings(PORTAL_URL="", ALLOWED_HOSTS=hosts):
        assert mail.url("/people/") == "https://portal.example/people/"
        assert mail.url("/people/", BRAND) == "https://mail.acme.example/people/"
    with override_settings(PORTAL_URL="https://portal.example", ALLOWED_HOSTS=["portal.example"]):
        assert mail.url("/people/", BRAND) == "https://portal.example/people/"


def test_a_person_knows_the_portal_by_the_nearest_brand_above_them(db: None) -> None:
    root = make_ou()
    north = make_ou(parent=root, type=OU.Type.SUBRESELLER)
    company = make_ou(parent=north)
    own = Brand.objects.create(ou=root, name="Root Mail")
    assert mail.brand_of(make_person("company_admin", company)) == own
    nearer = Brand.objects.create(ou=north, name="North Mail")
    assert mail.brand_of(make_person("company_admin", company)) == nearer
    assert mail.brand_of(make_person("owner", root)) == own
    assert mail.brand_of(make_person("owner", make_ou())) is None
    assert mail.brand_of(Person.objects.create_user("nowhere@example.test")) is None
