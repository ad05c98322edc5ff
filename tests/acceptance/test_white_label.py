"""A reseller's own name, logo and colour: looked at before they are kept, then on every page and before the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.person import Person, of_mirror
from tests.acceptance.stack import Stack
from tests.acceptance.test_axe import findings
from tests.integration.branding.pictures import drawn

LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": drawn(size=(300, 80))}


@pytest.fixture
def reseller(stack: Stack) -> str:
    ((guid,),) = of_mirror(
        stack, "SELECT guid FROM provisioning_ou WHERE parent_id IS NULL ORDER BY id LIMIT 1"
    )
    return str(guid)


@pytest.fixture
def visitor(browser: Browser, browser_context_args: dict[str, Any], stack: Stack) -> Iterator[Page]:
    """Somebody before the door, on a phone in the dark, who came by the brand's own name."""
    context = browser.new_context(**{**browser_context_args, "viewport": {"width": 390, "height": 844}})
    web = stack.web_url.replace("localhost", "127.0.0.1")
    context.add_cookies([{"name": "theme", "value": "dark", "url": web}])
    page = context.new_page()
    page.goto(f"{web}/accounts/login/")
    yield page
    context.close()


def primary(page: Page) -> str:
    """The colour of the main button."""
    return str(page.locator("main .btn-primary").first.evaluate("e => getComputedStyle(e).backgroundColor"))


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_a_look_is_previewed_kept_seen_before_the_door_and_removed(
    page: Page, visitor: Page, stack: Stack, reseller: str
) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
    owner = Person(page, stack, "owner")
    owner.open(f"/appearance/reseller/{reseller}/")
    usual = primary(page)
    owner.fill(name="Acme Post", accent="#7a1fa2", support_email="help@acme.example", host="127.0.0.1")
    page.locator("[name=logo]").set_input_files(LOGO)  # type: ignore[arg-type]
    owner.press("Preview")
    look = page.locator(".look[data-bs-theme=light]")
    expect(look.locator(".btn-primary")).to_have_css("background-color", "rgb(122, 31, 162)")
    expect(look.locator("img")).to_have_js_property("naturalWidth", 300)
    assert primary(page) == usual  # the page itself looks as before
    assert findings(page) == []
    visitor.reload()
    expect(visitor).to_have_title("Sign in · Mailroom")

    owner.press("Save")
    expect(page).to_have_title("Appearance · Acme Post")
    expect(page.locator(".rail img")).to_have_js_property("naturalWidth", 300)
    assert findings(page) == []
    visitor.reload()
    expect(visitor).to_have_title("Sign in · Acme Post")
    expect(visitor.locator("main img")).to_have_js_property("naturalWidth", 300)
    expect(visitor.get_by_role("link", name="help@acme.example")).to_be_visible()
    expect(visitor.get_by_role("button", name="Sign in", exact=True)).not_to_have_css(
        "background-color", usual
    )
    assert findings(visitor) == []
    page.set_viewport_size({"width": 390, "height": 844})
    owner.open(f"/appearance/reseller/{reseller}/")
    assert not too_wide(page)
    assert not too_wide(visitor)

    owner.follow("Remove this look")
    assert findings(page) == []
    owner.press("Remove this look")
    expect(page).to_have_title("Appearance · Mailroom")
    visitor.reload()
    expect(visitor).to_have_title("Sign in · Mailroom")
    assert refused == []
