"""Signing in at the browser: a second factor that is forced, lost and reset, and a passkey."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.person import Person
from tests.acceptance.stack import SignIn, Stack
from tests.acceptance.test_axe import findings

SECURITY = "/accounts/security/"
RULE = (
    "INSERT INTO accounts_secondfactorrule (ou_id, role, made_at) "
    "SELECT ou_id, role, now() FROM accounts_membership WHERE role = 'auditor'"
)


def change(stack: Stack, *sentences: str) -> None:
    with psycopg.connect(stack.database_url) as connection:
        for sentence in sentences:
            connection.execute(sentence.encode())


@pytest.fixture
def forced(stack: Stack) -> Iterator[SignIn]:
    """The auditor, of whom an owner has asked a second factor."""
    change(stack, RULE)
    yield stack.sign_ins["auditor"]
    change(stack, "DELETE FROM accounts_secondfactorrule", "DELETE FROM mfa_authenticator")


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    context = browser.new_context(**{**browser_context_args, "viewport": {"width": 390, "height": 844}})
    yield context.new_page()
    context.close()


class Visitor:
    """Somebody before the door."""

    def __init__(self, page: Page, stack: Stack, who: SignIn) -> None:
        self.page, self.stack, self.who = page, stack, who

    def type_password(self) -> None:
        self.page.goto(f"{self.stack.web_url}/accounts/login/")
        self.page.get_by_label("Email").fill(self.who.email)
        self.page.get_by_label("Password", exact=True).fill(self.who.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_out(self) -> None:
        self.page.goto(f"{self.stack.web_url}/accounts/logout/")
        self.page.get_by_role("main").get_by_role("button", name="Sign out").click()
        expect(self.heading).to_have_text("Sign in")

    @property
    def heading(self) -> Any:
        return self.page.get_by_role("heading", level=1)

    def set_up_app(self) -> str:
        """From the page that asks for a second factor, to the recovery codes; the seed."""
        self.page.get_by_role("link", name="Authenticator app").click()
        seed = self.page.locator(".lead-in code").inner_text()
        self.page.get_by_label("Authenticator code").fill(shown(seed))
        self.page.get_by_role("button", name="Add the app").click()
        expect(self.heading).to_have_text("Recovery codes")
        return seed

    def type_code(self, code: str) -> None:
        expect(self.heading).to_have_text("Second factor")
        self.page.get_by_label("Code").fill(code)
        self.page.get_by_role("button", name="Go on", exact=True).click()


def shown(seed: str) -> str:
    """What the app on the phone shows now."""
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30)))


def test_a_forced_factor_is_set_up_lost_reset_by_an_owner_and_set_up_anew(
    page: Page, phone: Page, stack: Stack, forced: SignIn
) -> None:
    auditor = Visitor(phone, stack, forced)
    auditor.type_password()
    expect(auditor.heading).to_have_text("Set up a second factor")
    phone.goto(f"{stack.web_url}/companies/?q=an")
    expect(auditor.heading).to_have_text("Set up a second factor")
    found = findings(phone)
    first = auditor.set_up_app()
    found += findings(phone)
    codes = phone.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    with phone.expect_download() as file:
        phone.get_by_role("link", name="Download").click()
    assert file.value.path().read_text().split() == codes
    phone.get_by_role("link", name="I have kept them").click()
    expect(phone).to_have_url(f"{stack.web_url}/companies/?q=an")

    auditor.sign_out()
    auditor.type_password()
    auditor.type_code("nonsense")
    expect(phone.get_by_role("main")).to_contain_text("This code is not right")
    found += findings(phone)
    auditor.type_code(codes[0])
    expect(phone).to_have_url(f"{stack.web_url}/attention/")
    assert found == []

    owner = Person(page, stack, "owner")
    owner.open("/people/")
    owner.follow(forced.email)
    owner.follow("Reset a lost second factor…")
    owner.fill(reason="Lost the phone and the codes")
    owner.press("Reset")
    expect(page.get_by_role("main")).to_contain_text("signs in with the password alone")

    phone.reload()
    expect(auditor.heading).to_have_text("Sign in")
    assert "has reset your second factor" in stack.log("web"), "the mail, printed in development"
    auditor.type_password()
    second = auditor.set_up_app()
    assert second != first
    phone.get_by_role("link", name="I have kept them").click()
    auditor.sign_out()
    auditor.type_password()
    auditor.type_code(shown(second))
    expect(phone).to_have_url(f"{stack.web_url}/attention/")


@pytest.fixture
def key(page: Page) -> Iterator[Any]:
    """A passkey in the browser; call it to say whether it recognises its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def recognises(whether: bool) -> None:
        facts = {"authenticatorId": made["authenticatorId"], "isUserVerified": whether}
        session.send("WebAuthn.setUserVerified", facts)

    yield recognises
    session.detach()


@pytest.fixture
def finance(stack: Stack) -> Iterator[SignIn]:
    yield stack.sign_ins["finance"]
    change(stack, "DELETE FROM mfa_authenticator")


def test_a_passkey_signs_in_alone_proves_who_it_is_and_says_when_it_was_not_given(
    page: Page, stack: Stack, finance: SignIn, key: Any
) -> None:
    web = stack.web_url.replace("127.0.0.1", "localhost")  # passkeys belong to a name, never to an address
    stuck: list[str] = []
    page.on("console", lambda told: stuck.append(told.text) if "Content Security" in told.text else None)
    visitor = Visitor(page, stack, finance)
    page.goto(f"{web}/accounts/login/")
    page.get_by_label("Email").fill(finance.email)
    page.get_by_label("Password", exact=True).fill(finance.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{web}{SECURITY}")
    page.get_by_role("link", name="Add a passkey").click()
    found = findings(page)
    page.get_by_label("Name").fill("This <b>laptop</b>")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add it").click()
    expect(visitor.heading).to_have_text("Recovery codes")
    page.goto(f"{web}{SECURITY}")
    expect(page.get_by_role("main")).to_contain_text("This <b>laptop</b>")
    found += findings(page)

    page.goto(f"{web}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    key(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was given")
    found += findings(page)
    key(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile(r"/usage/$"))

    page.goto(f"{web}/accounts/passkeys/again/?next={SECURITY}")
    found += findings(page)
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_url(f"{web}{SECURITY}")
    assert found == []
    assert stuck == []
