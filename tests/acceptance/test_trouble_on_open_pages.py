"""What is amiss comes to pages that are open, and goes again, without a reload."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.person import SLOW, Person
from tests.acceptance.stack import Stack


def test_an_open_page_stays_while_the_database_is_away_and_goes_on_by_itself(
    page: Page, stack: Stack
) -> None:
    Person(page, stack, "owner").open("/portal-health/")
    address, lost = page.url, page.locator("#connection-lost")
    stack.kill("postgres")
    try:
        expect(lost).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Health")
    finally:
        stack.start_again("postgres")
    expect(lost).to_be_hidden(timeout=SLOW)
    assert page.url == address
