"""`make screenshots`: the pictures of the README and of the user guide, from the real program with its demo."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dev.chromium import ensure_chromium
from dev.trouble import Trouble
from tests.acceptance.conftest import CHROMIUM_WORDS
from tests.acceptance.person import some_mailbox
from tests.acceptance.stack import CHECKOUT, SignIn, Stack

FOLDER = CHECKOUT / "docs" / "pictures"
WIDE, PHONE = (1360, 850), (390, 844)

# file, address, window, theme
PICTURES = (
    ("attention", "/attention/", WIDE, "light"),
    ("companies", "/companies/", WIDE, "light"),
    ("mailboxes", "/mailboxes/", WIDE, "light"),
    ("mailboxes-dark", "/mailboxes/", WIDE, "dark"),
    ("mailboxes-phone", "/mailboxes/", PHONE, "light"),
    ("activity", "/activity/", WIDE, "light"),
    ("usage", "/usage/", WIDE, "light"),
    ("usage-months", "/usage/months/", WIDE, "light"),
    ("filtered", "/mailboxes/?q=karookloof&state=suspended&sort=edition", WIDE, "light"),
)


def main() -> int:
    """Start the program, take the pictures, stop it."""
    try:
        chromium = ensure_chromium()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)  # noqa: T201
        return 2
    stack = Stack(SANDBOX_ACTION_SECONDS="0.2-0.5")
    try:
        stack.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_WORDS))
            for name, address, size, theme in PICTURES:
                with signed_in(browser, stack, size, theme) as page:
                    take(page, stack.web_url + address, FOLDER / f"{name}.png")
            with signed_in(browser, stack, WIDE, "light") as page:
                take_detail(page, stack.web_url + "/mailboxes/", "@thandekalogistics", FOLDER / "mailbox.png")
                take_detail(page, stack.web_url + "/activity/", "Suspend", FOLDER / "action.png")
                take_detail(page, stack.web_url + "/domains/", "karookloof.example", FOLDER / "domain.png")
                take_search(page, stack.web_url)
                take_guide(page, stack)
                take_troubles(page, stack)
            browser.close()
    finally:
        stack.remove()
    return 0


@contextmanager
def signed_in(browser: Browser, stack: Stack, size: tuple[int, int], theme: str) -> Iterator[Page]:
    """A page in a window of that size, signed in as support."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    context.add_cookies([{"name": "theme", "value": theme, "url": stack.web_url}])
    page = context.new_page()
    sign_in(page, stack.web_url, stack.sign_ins["support"])
    yield page
    context.close()


def sign_in(page: Page, web_url: str, person: SignIn) -> None:
    """Sign in by the form, as a person does."""
    page.goto(f"{web_url}/accounts/login/")
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", person.password)
    page.click("form:has(input[name=password]) button[type=submit]")
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


def take(page: Page, address: str, file: Path) -> None:
    """One picture of one page, when nothing loads any more."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.goto(address, wait_until="networkidle")
    page.screenshot(path=file)


def take_detail(page: Page, list_address: str, words: str, file: Path) -> None:
    """A picture of what the first link with these words leads to."""
    page.goto(list_address)
    page.locator("main a[href]", has_text=words).first.click()
    page.wait_for_url(lambda address: address != list_address)
    take(page, page.url, file)


def take_guide(page: Page, stack: Stack) -> None:
    """The pictures that only the user guide has: each shows something in the middle of being done."""
    web = stack.web_url
    locked, _ = some_mailbox(stack, 0)
    stack.control(
        "lock", {"mailbox": locked, "reason": "Outgoing mail looks like spam", "code": "SPAM", "type": "auto"}
    )
    page.goto(f"{web}/mailboxes/{locked}/")
    page.get_by_role("main").get_by_role("button", name="Read again").click()
    page.get_by_role("link", name="New password and Unlock").first.wait_for()
    take(page, f"{web}/mailboxes/{locked}/", FOLDER / "locked.png")
    leaving, _ = some_mailbox(stack, 1)
    take(page, f"{web}/mailboxes/{leaving}/delete/", FOLDER / "delete-mailbox.png")
    company = next(row for row in stack.control("inventory")["ous"] if row["kind"] == "company")
    take(page, f"{web}/batches/teardown/ou/{company['guid']}/", FOLDER / "teardown.png")
    half_way(page, web)
    take(page, page.url, FOLDER / "new-customer.png")


def take_search(page: Page, web: str) -> None:
    """The search box with what it finds."""
    page.goto(f"{web}/domains/")
    page.keyboard.press("/")
    page.keyboard.type("ka")
    page.locator(".found-row").first.wait_for()
    page.screenshot(path=FOLDER / "search.png")


def take_troubles(page: Page, stack: Stack) -> None:
    """A batch that has stopped, an action whose answer was lost, and the way to sell a package."""
    held, web = stack.control("inventory"), stack.web_url
    title = "Umhlanga Dental Studio"
    company = next(row["guid"] for row in held["ous"] if row["title"] == title)
    page.goto(f"{web}/packages/new/{company}/")
    page.locator("input[name=product]").first.wait_for(timeout=30_000)
    page.locator("input[name=product]").first.check()
    page.screenshot(path=FOLDER / "sell-package.png")
    words = ["The store node for this mailbox is being moved. Try again later."]
    stack.control("fail-next", {"action": "Delete", "kind": "mailbox", "errors": words})
    page.goto(f"{web}/batches/teardown/ou/{company}/")
    page.fill("[name=typed_name]", title)
    page.get_by_role("main").get_by_role("button", name="Remove now").click()
    page.get_by_text("It stopped.").wait_for(timeout=60_000)
    take(page, page.url, FOLDER / "batch-stopped.png")
    lost, _ = some_mailbox(stack, 2)
    stack.control("refuse-next", {"status": 502, "body": "Bad gateway", "method": "POST"})
    page.goto(f"{web}/mailboxes/{lost}/do/close/")
    page.get_by_role("main").get_by_role("button", name="Close").click()
    page.locator(".action-row", has_text="Unconfirmed").first.wait_for(timeout=30_000)
    page.locator(".action-row", has_text="Unconfirmed").locator("a").first.click()
    page.get_by_text("Did it happen?").wait_for()
    take(page, page.url, FOLDER / "unconfirmed.png")


def half_way(page: Page, web: str) -> None:
    """A new customer whose package is to be chosen."""
    page.goto(f"{web}/customers/new/")
    parent = page.locator("select[name=parent]")
    if parent.count():
        parent.select_option(label="Demo Reseller")
    facts = {
        "title": "Kestrel Outfitters",
        "line_1": "7 Loop Street",
        "city": "Cape Town",
        "postal_code": "8001",
    }
    for name, value in facts.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("main").get_by_role("button", name="Take on company").click()
    page.locator("input[name=product]").first.wait_for(timeout=30_000)


if __name__ == "__main__":
    sys.exit(main())
