"""A support person at the browser: the steps of their day, by what stands on the page."""

from __future__ import annotations

from typing import Any

import psycopg
from playwright.sync_api import Page, expect

from tests.acceptance.stack import Stack

SLOW = 30_000  # ms: an action at the provider may take a while


class Person:
    """Signed in as somebody of the demo. Each step ends when the page shows that it has ended."""

    def __init__(self, page: Page, stack: Stack, role: str = "support") -> None:
        self.page, self.stack = page, stack
        who = stack.sign_ins[role]
        self.open("/accounts/login/")
        page.get_by_label("Email").fill(who.email)
        page.get_by_label("Password", exact=True).fill(who.password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    @classmethod
    def of(cls, page: Page, stack: Stack) -> Person:
        """Somebody who is signed in on that page already."""
        person = cls.__new__(cls)
        person.page, person.stack = page, stack
        return person

    def open(self, path: str) -> int:
        """Go to an address; returns the answer's status."""
        answer = self.page.goto(f"{self.stack.web_url}{path}")
        return answer.status if answer else 0

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"[name='{name}']:visible").fill(value)

    def sees(self, state: str) -> None:
        """On the action's page: the action gets into this state by itself, without a reload."""
        expect(self.page.locator(".action-now-state .pill")).to_have_text(state, timeout=SLOW)

    def has_state(self, state: str) -> None:
        """On an object's page: its pill beside the title."""
        expect(self.page.locator(".page-head .pill").first).to_have_text(state, timeout=SLOW)

    @property
    def guid(self) -> str:
        """The GUID in the address of an object's page."""
        return self.page.url.rstrip("/").rpartition("/")[2]

    # --- the journey

    def take_on_company(self, title: str) -> None:
        self.open("/companies/")
        self.follow("New company")
        self.page.locator("select[name=parent]").select_option(label="Demo Reseller")
        self.fill(title=title, line_1="20 Long Street", city="Johannesburg", postal_code="4321")
        self.press("Take on company")
        self.sees("Finished")
        self.follow(f"Open {title}")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(title)

    def sell(self, product: str, *editions: str) -> None:
        """From the company's page: a package, its product and editions by their codes in the catalogue."""
        self.follow("New package")
        self.page.locator(f"input[name=product][value='{product}']").check(timeout=SLOW)
        for edition in editions:
            self.page.locator(f"input[name='edition-{product}'][value='{edition}']").check()
        self.press("Sell package")
        self.sees("Finished")

    def add_domain(self, name: str, *, package: str = "") -> None:
        """From the company's page: a domain by itself, or under the package of that GUID."""
        self.follow("New domain")
        self.fill(domain_name=name)
        self.page.locator(f"input[name=way][value='{f'under:{package}' if package else 'alone'}']").check()
        self.press("Add domain")
        self.sees("Finished")
        self.follow(f"Open {name}")

    def link(self, package: str) -> None:
        """From the domain's page: link it to the package of that GUID."""
        self.open(f"/domains/{self.guid}/link/")
        self.page.locator(f"input[name=package][value='{package}']").check()
        self.press("Link")

    def fill_service_fields(self, **fields: str) -> None:
        """From the domain's page: the form made from its fields."""
        self.open(f"/domains/{self.guid}/fields/")
        self.fill(**fields)
        self.press("Send to SYNAQ")

    def create_mailbox(self, local: str, last_name: str, password: str, edition: str = "") -> None:
        """From the domain's page: a mailbox, provisioned at once."""
        self.open(f"/mailboxes/new/{self.guid}/")
        self.fill(email_local=local, last_name=last_name, password=password)
        if edition:
            self.page.locator("select[name=package_edition_code]").select_option(edition)
        self.press("Create mailbox")


def applied(stack: Stack, guid: str) -> dict[str, int]:
    """How often each change was applied to one object, by the sandbox's own books."""
    books: dict[str, Any] = stack.control("books")
    return dict(books["objects"][guid]["applied"])


def of_mirror(stack: Stack, question: str) -> list[tuple[Any, ...]]:
    """What the portal's own database says; `question` is SQL without parameters of strangers."""
    with psycopg.connect(stack.database_url) as connection:
        return connection.execute(question.encode()).fetchall()


def some_mailbox(stack: Stack, number: int) -> tuple[str, str]:
    """GUID and address of an active mailbox of the demo; each test names a number of its own."""
    found = of_mirror(
        stack,
        "SELECT guid, email FROM provisioning_mailbox WHERE state = 'active' AND NOT account_locked "
        f"AND gone_at IS NULL ORDER BY md5(email) OFFSET {number} LIMIT 1",
    )
    return str(found[0][0]), str(found[0][1])
