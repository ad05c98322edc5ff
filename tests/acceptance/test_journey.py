"""The main job, end to end: a customer's first mailbox, in a real browser, through real workers, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.acceptance.person import SLOW, Person, applied
from tests.acceptance.stack import Stack

PASSWORD = "Sample-123$-word"


def packages_of(person: Person) -> dict[str, str]:
    """From the company's page: its packages' GUIDs by the text of their links."""
    found = {}
    for link in person.page.locator("main a[href^='/packages/']:not([href*='/new/'])").all():
        guid = str(link.get_attribute("href")).strip("/").rpartition("/")[2]
        found[link.inner_text().strip()] = guid
    return found


def open_company(person: Person, title: str) -> None:
    person.open(f"/companies/?q={title.split()[0]}")
    person.follow(title)
    expect(person.page.get_by_role("heading", level=1)).to_contain_text(title)


def test_a_customers_first_mailbox_from_a_click_to_its_live_state(page: Page, stack: Stack) -> None:
    person = Person(page, stack)
    person.take_on_company("Acme Journeys")
    company = person.guid
    person.sell("SYN-CMS", "SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH")
    open_company(person, "Acme Journeys")
    person.sell("SYN-PIN-SEC", "SYN-PIN-SEC-BOTH")
    open_company(person, "Acme Journeys")
    sold = packages_of(person)
    cloudmail = next(
        guid for name, guid in sold.items() if "mail" in name.lower() and "secure" not in name.lower()
    )
    securemail = next(guid for name, guid in sold.items() if "secure" in name.lower())

    person.add_domain("acme-journeys.example", package=cloudmail)
    domain = person.guid
    person.link(securemail)
    expect(page.get_by_role("main")).to_contain_text("Fill in service fields", timeout=SLOW)
    person.open(f"/domains/{domain}/")
    person.fill_service_fields(
        mail_delivery_location="smtp.acme-journeys.example", username="acme", password="smtpPassw0rd!"
    )
    person.open(f"/domains/{domain}/")
    expect(page.get_by_role("main")).to_contain_text("smtp.acme-journeys.example", timeout=SLOW)
    person.press("Provision")
    expect(page.locator(".action-row .pill").first).to_be_visible()
    person.has_state("Active")

    person.create_mailbox("thandi", "Nkosi", PASSWORD, "SYN-CM-PREM-25-ARCH")
    expect(page.locator(".action-now-state .pill-open")).to_be_visible()
    person.sees("Finished")
    for step in ("Asked for by Sipho Support", "Sent to SYNAQ", "SYNAQ took it on", "Finished"):
        expect(page.locator(".step-title", has_text=step).first).to_be_visible()
    person.follow("Open thandi@acme-journeys.example")
    person.has_state("Active")
    mailbox = person.guid

    assert applied(stack, company) == {"Create": 1}
    assert applied(stack, cloudmail)["Create"] == 1
    assert applied(stack, domain)["Create"] == 1
    assert applied(stack, domain)["Provision"] == 1
    assert applied(stack, mailbox) == {"Create": 1, "Provision": 1}
    assert PASSWORD not in stack.log("worker") + stack.log("web") + stack.log("sandbox")


def test_suspend_and_activate_are_seen_to_move_and_then_stop_asking(page: Page, stack: Stack) -> None:
    person = Person(page, stack)
    person.open("/mailboxes/?state=active")
    page.locator("td.cell-main a").first.click()
    person.follow("Suspend")
    person.press("Suspend")
    expect(page.locator("#live[hx-trigger]")).to_be_visible()
    person.has_state("Suspended")
    expect(page.locator("#live[hx-trigger]")).to_have_count(0, timeout=SLOW)
    person.press("Activate")
    person.has_state("Active")


def test_a_provision_action_that_ends_in_error_shows_its_words_and_the_way_on(
    page: Page, stack: Stack
) -> None:
    person = Person(page, stack)
    person.take_on_company("Mishap & Sons")
    person.sell("SYN-CMS", "SYN-CMS-BASIC-02")
    open_company(person, "Mishap & Sons")
    package = next(iter(packages_of(person).values()))
    person.add_domain("mishap.example", package=package)
    domain = person.guid
    words = "The MX record of mishap.example points <elsewhere>."
    stack.control("fail-next", {"action": "Provision", "kind": "domain", "errors": [words]})
    person.press("Provision")
    main = page.get_by_role("main")
    expect(main).to_contain_text(words, timeout=SLOW)
    person.open("/activity/?state=failed")
    expect(main).to_contain_text(words)
    page.locator(".action-row", has_text="mishap.example").get_by_role("link", name="Provision").first.click()
    person.sees("Failed")
    expect(main).to_contain_text(words)
    person.press("Submit again")
    person.sees("Finished")
    person.open(f"/domains/{domain}/")
    person.has_state("Active")
    assert applied(stack, domain)["Provision"] == 1


@pytest.fixture
def plain_page(browser: Browser, browser_context_args: dict[str, Any]) -> Any:
    """A browser that runs no scripts."""
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    yield context.new_page()
    context.close()


def reload_until(person: Person, text: str) -> None:
    """Without scripts a person presses reload."""

    def there() -> bool:
        try:
            person.page.reload()
        except Error:  # pressed in the very moment in which the last answer was coming in
            return False
        return text in person.page.locator("main").inner_text()

    person.stack.wait_until(there, 30, f"{text!r} on {person.page.url}")


def test_the_journeys_forms_work_without_scripts(plain_page: Page, stack: Stack) -> None:
    page, person = plain_page, Person(plain_page, stack)
    person.open("/companies/new/")
    page.locator("select[name=parent]").select_option(label="Demo Reseller")
    person.fill(title="Plain Requests", line_1="1 Main Road", city="Durban", postal_code="4001")
    person.press("Take on company")
    reload_until(person, "Open Plain Requests")
    person.follow("Open Plain Requests")
    company = person.guid
    person.follow("New package")
    person.stack.wait_until(
        lambda: page.locator("input[name=product]").count() or page.reload() is None, 30, "the catalogue"
    )
    page.locator("input[name=product][value='SYN-CMS']").check()
    page.locator("input[name='edition-SYN-CMS'][value='SYN-CMS-BASIC-02']").check()
    person.press("Sell package")
    reload_until(person, "Finished")
    person.open(f"/companies/{company}/")
    package = next(iter(packages_of(person).values()))
    person.follow("New domain")
    person.fill(domain_name="plain-requests.example")
    page.locator(f"input[name=way][value='under:{package}']").check()
    person.press("Add domain")
    reload_until(person, "Open plain-requests.example")
    person.follow("Open plain-requests.example")
    domain = person.guid
    person.press("Provision")
    reload_until(person, "Active")
    person.open(f"/mailboxes/new/{domain}/")
    person.fill(email_local="plain", last_name="Person", password=PASSWORD)
    person.press("Create mailbox")
    reload_until(person, "Open plain@plain-requests.example")
    person.follow("Open plain@plain-requests.example")
    expect(page.locator(".page-head .pill").first).to_have_text("Active")
    assert applied(stack, person.guid) == {"Create": 1, "Provision": 1}
