"""Finding one's way by the keyboard, and being told what ended while one was elsewhere."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.person import SLOW, Person, some_mailbox
from tests.acceptance.stack import Stack


def test_the_search_box_is_used_by_the_keyboard_alone(page: Page, stack: Stack) -> None:
    _, email = some_mailbox(stack, 20)
    person = Person(page, stack)
    box, found = page.locator("[data-search]"), page.locator("#search-found")
    for path, keys in (("/attention/", "/"), ("/mailboxes/", "Control+k"), ("/companies/new/", "Control+k")):
        person.open(path)
        page.keyboard.press(keys)
        expect(box).to_be_focused()
    page.keyboard.type(email)
    expect(found.get_by_role("region", name="Mailboxes")).to_contain_text(email)
    page.keyboard.press("ArrowDown")
    expect(found.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(found.get_by_role("link")).to_have_count(0)
    expect(box).to_be_focused()
    box.fill("nothing-is-called-this")
    expect(found).to_contain_text("Nothing here begins with")
    box.fill(email)
    expect(found.get_by_role("link").first).to_contain_text(email)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(email)


def test_the_bell_tells_what_ended_while_one_was_elsewhere(page: Page, stack: Stack) -> None:
    guid, email = some_mailbox(stack, 21)
    words = "The store is <locked>."
    stack.control("fail-next", {"action": "Suspend", "kind": "mailbox", "errors": [words]})
    person = Person(page, stack)
    person.open("/bell/")
    person.open(f"/mailboxes/{guid}/do/suspend/")
    person.press("Suspend")
    person.open("/companies/new/")  # left at once
    bell, main = page.locator("#bell a"), page.get_by_role("main")
    expect(bell).to_have_attribute("aria-label", "My actions: 1 failed", timeout=SLOW)
    bell.click()
    expect(main).to_contain_text("Failed since you looked")
    expect(main.locator(".action-row", has_text=email).first).to_contain_text(words)
    expect(bell).to_have_attribute("aria-label", "My actions")


def test_an_action_in_several_places_moves_in_all_with_one_request_for_the_page(
    page: Page, stack: Stack
) -> None:
    guid, _ = some_mailbox(stack, 22)
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/do/suspend/")
    person.press("Suspend")
    expect(page.locator("[hx-trigger^='every']")).to_have_count(1)  # whatever the number of rows
    person.has_state("Suspended")
    expect(page.locator(".action-row .pill").first).to_have_text("Finished", timeout=SLOW)
    expect(page.locator("[hx-trigger^='every']")).to_have_count(0)
