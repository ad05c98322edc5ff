"""Support looks at the portal as a customer's admin; the customer sees that they did."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.person import Person, of_mirror
from tests.acceptance.stack import Stack
from tests.acceptance.test_axe import findings

REASON = "Ticket 4711: <b>cannot</b> find their mailbox"


@pytest.fixture
def home(stack: Stack) -> tuple[str, set[str], str]:
    """Of the demo's company admin: GUID of the company, addresses of its mailboxes, and the GUID of somebody else's."""
    email = stack.sign_ins["company_admin"].email
    ((guid, number),) = of_mirror(
        stack,
        "SELECT ou.guid, ou.id FROM provisioning_ou ou JOIN accounts_membership m ON m.ou_id = ou.id "
        f"JOIN accounts_person p ON p.id = m.person_id WHERE p.email = '{email}'",
    )
    rows = of_mirror(stack, "SELECT email, ou_id, guid FROM provisioning_mailbox WHERE gone_at IS NULL")
    other = next(row[2] for row in rows if row[1] != number)
    return str(guid), {str(row[0]) for row in rows if row[1] == number}, str(other)


def begun(support: Person, stack: Stack, company: str) -> Locator:
    """Support looks as the company's admin. Returns the banner that says so."""
    support.open(f"/companies/{company}/")
    support.follow("Look as a customer")
    support.page.get_by_label("Look as").select_option(
        label=f"Carla Company ({stack.sign_ins['company_admin'].email})"
    )
    support.fill(reason=REASON)
    support.press("Begin to look")
    banner = support.page.get_by_role("region", name="Looking as a customer")
    expect(banner).to_contain_text("Carla Company")
    assert findings(support.page) == []
    return banner


def changes_nothing(support: Person, stack: Stack) -> None:
    """An edit of a mailbox is sent, and nothing comes of it."""
    support.open("/mailboxes/")
    support.page.locator("td.cell-main > a").first.click()
    support.follow("Edit")
    support.fill(display_name="Renamed while looking")
    support.press("Save changes")
    expect(support.page.get_by_role("main")).to_contain_text("Nothing was changed.")
    renamed = of_mirror(stack, "SELECT 1 FROM provisioning_action WHERE payload::text LIKE '%while looking%'")
    assert renamed == []


def test_support_looks_changes_nothing_and_the_customer_sees_it(
    page: Page,
    browser: Browser,
    browser_context_args: dict[str, Any],
    stack: Stack,
    home: tuple[str, set[str], str],
) -> None:
    company, own, foreign = home
    support = Person(page, stack)
    banner = begun(support, stack, company)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mailboxes")
    assert set(page.locator("td.cell-main > a").all_inner_texts()) == own
    assert support.open(f"/mailboxes/{foreign}/") == 404
    assert support.open(f"/companies/{company}/") == 404
    changes_nothing(support, stack)
    expect(banner).to_be_visible()

    context = browser.new_context(**browser_context_args)
    theirs = context.new_page()
    customer = Person(theirs, stack, "company_admin")
    customer.open("/activity/")
    customer.follow("Who looked at the portal")
    line = theirs.get_by_role("row", name="Sipho Support").first
    expect(line).to_contain_text(REASON)
    expect(line).to_contain_text("Looking now")

    banner.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").filter(has_text="You no longer look as Carla Company.")).to_be_visible()
    expect(banner).to_have_count(0)
    theirs.reload()
    expect(line).to_contain_text(REASON)
    expect(line).not_to_contain_text("Looking now")
    context.close()
