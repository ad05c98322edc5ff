"""What is amiss comes to pages that are open, and goes again, without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from playwright.sync_api import Page, expect

from tests.acceptance.person import SLOW, Person
from tests.acceptance.stack import Stack


@contextmanager
def broken_connection(stack: Stack) -> Iterator[None]:
    """The breaker is open, and nothing is tried meanwhile."""
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute(
            "UPDATE provisioning_connection SET broken_since = now(), retry_at = now() + interval '1 hour'"
        )
        try:
            yield
        finally:
            database.execute("UPDATE provisioning_connection SET broken_since = NULL, retry_at = NULL")


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


def test_the_banner_of_a_broken_connection_comes_and_goes_on_an_open_page(page: Page, stack: Stack) -> None:
    Person(page, stack, "owner").open("/portal-health/")
    banner = page.get_by_text("SYNAQ does not answer as it should.")
    expect(banner).to_be_hidden()
    with broken_connection(stack):
        expect(banner).to_be_visible()
        expect(page.get_by_text("thing to look at.")).to_be_visible()
    expect(banner).to_be_hidden()
    expect(page.locator("#connection-banner")).to_have_attribute("role", "status")
