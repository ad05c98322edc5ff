"""`make screenshots`: the README's pictures, from the real program with its demo."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dev.chromium import ensure_chromium
from dev.trouble import Trouble
from tests.acceptance.conftest import CHROMIUM_WORDS
from tests.acceptance.stack import CHECKOUT, SignIn, Stack

FOLDER = CHECKOUT / "docs" / "pictures"
WIDE, PHONE = (1360, 850), (390, 844)

# file, address, window, theme
PICTURES = (
    ("companies", "/companies/", WIDE, "light"),
    ("mailboxes", "/mailboxes/", WIDE, "light"),
    ("mailboxes-dark", "/mailboxes/", WIDE, "dark"),
    ("mailboxes-phone", "/mailboxes/", PHONE, "light"),
    ("activity", "/activity/", WIDE, "light"),
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


if __name__ == "__main__":
    sys.exit(main())
