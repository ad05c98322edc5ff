"""A new customer, from company to first mailboxes, in one flow that two people share."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.person import SLOW, Person, applied
from tests.acceptance.stack import Stack
from tests.acceptance.test_axe import findings

PASSWORD = "Sample-123$-word"


def now(person: Person, title: str) -> None:
    """The flow is at this step, and its form is there."""
    step = person.page.locator(".flow-step[aria-current]")
    expect(step).to_contain_text(title, timeout=SLOW)
    expect(person.page.locator(".column-main form.card")).to_be_visible(timeout=SLOW)


def begin(person: Person, title: str) -> None:
    person.open("/customers/new/")
    person.page.locator("select[name=parent]").select_option(label="Demo Reseller")
    person.fill(title=title, line_1="20 Long Street", city="Johannesburg", postal_code="4321")
    person.press("Take on company")
    now(person, "Package")


def sell_cloudmail(person: Person) -> None:
    person.page.locator("input[name=product][value='SYN-CMS']").check()
    person.page.locator("input[name='edition-SYN-CMS'][value='SYN-CMS-BASIC-02']").check()
    person.press("Sell package")
    now(person, "Domain")


def test_a_new_customer_is_left_half_way_and_gone_on_with_by_somebody_else(
    page: Page, browser: Browser, stack: Stack
) -> None:
    first = Person(page, stack)
    begin(first, "Half Way Traders")
    sell_cloudmail(first)
    page.close()

    context = browser.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    second = Person(context.new_page(), stack, "owner")
    second.open("/customers/")
    second.follow("Half Way Traders")
    now(second, "Domain")
    second.fill(domain_name="half-way.example")
    second.press("Add domain")
    now(second, "Provision")
    words = "The MX record of half-way.example points <elsewhere>."
    stack.control("fail-next", {"action": "Provision", "kind": "domain", "errors": [words]})
    second.press("Provision")
    main = second.page.get_by_role("main")
    expect(main).to_contain_text(words, timeout=SLOW)
    second.press("Provision")
    now(second, "First mailboxes")
    for local in ("thandi", "sipho"):
        second.fill(email_local=local, last_name="Nkosi", password=PASSWORD)
        second.press("Create mailbox")
        expect(main).to_contain_text(f"{local}@half-way.example is asked for.")
    for local in ("thandi", "sipho"):
        row = second.page.locator(".action-row", has_text=f"{local}@half-way.example")
        expect(row.locator(".pill")).to_have_text("Finished", timeout=SLOW)
    second.press("Finish")
    expect(second.page.get_by_role("heading", level=1)).to_contain_text("Half Way Traders")
    company = second.guid
    expect(main).to_contain_text("half-way.example")
    second.open("/customers/")
    expect(second.page.get_by_role("link", name="Half Way Traders")).to_have_count(0)
    assert applied(stack, company) == {"Create": 1}
    made = [row for row in stack.control("inventory")["domains"] if row["ou"] == company]
    assert [applied(stack, row["guid"])["Provision"] for row in made] == [1]
    context.close()


def test_double_clicks_and_the_back_button_take_each_step_once(page: Page, stack: Stack) -> None:
    person = Person(page, stack)
    person.open("/customers/new/")
    assert findings(page) == []
    page.locator("select[name=parent]").select_option(label="Demo Reseller")
    person.fill(title="Twice Clicked", line_1="1 Main Road", city="Durban", postal_code="4001")
    page.get_by_role("button", name="Take on company").dblclick()
    now(person, "Package")
    flow = page.url
    sell_cloudmail(person)
    page.go_back()
    page.goto(flow)
    now(person, "Domain")
    company = re.search(
        r"/companies/([^/]+)/", page.locator(".flow-step a").first.get_attribute("href") or ""
    )
    assert company is not None
    assert applied(stack, company[1]) == {"Create": 1}
    sold = [row for row in stack.control("inventory")["packages"] if row["ou"] == company[1]]
    assert len(sold) == 1
