"""What support does to a mailbox in a day, in a real browser, over the wire."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.person import SLOW, Person, applied, some_mailbox
from tests.acceptance.stack import Stack

PASSWORD = "Another-456$-word"


def test_a_locked_mailbox_gets_a_new_password_and_is_unlocked(page: Page, stack: Stack) -> None:
    guid, email = some_mailbox(stack, 0)
    stack.control(
        "lock", {"mailbox": email, "reason": "Sent <spam> to thousands", "code": "SPAM", "type": "auto"}
    )
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/")
    person.press("Read again")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Sent <spam> to thousands", timeout=SLOW)
    expect(page.get_by_role("button", name="Activate", exact=True)).to_have_count(0)
    person.follow("New password and Unlock")
    person.fill(password=PASSWORD)
    person.press("Set it and unlock")
    person.open(f"/mailboxes/{guid}/")
    person.has_state("Active")
    expect(page.locator("#unlock")).to_have_count(0, timeout=SLOW)
    assert applied(stack, guid)["Unlock"] == 1
    assert PASSWORD not in stack.log("worker") + stack.log("web") + stack.log("sandbox")


def test_a_mailbox_is_edited_closed_and_brought_back(page: Page, stack: Stack) -> None:
    guid, _ = some_mailbox(stack, 1)
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/edit/")
    person.fill(display_name="Renamed by support")
    person.press("Save changes")
    person.open(f"/mailboxes/{guid}/")
    expect(page.locator(".page-subtitle")).to_have_text("Renamed by support", timeout=SLOW)
    person.open(f"/mailboxes/{guid}/do/close/")
    person.press("Close")
    person.open(f"/mailboxes/{guid}/")
    person.has_state("Closed")
    person.press("Activate")
    person.has_state("Active")
    done = applied(stack, guid)
    assert (done["Update"], done["Close"], done["Activate"]) == (1, 1, 1)


def test_a_mailbox_gets_another_edition(page: Page, stack: Stack) -> None:
    guid, _ = some_mailbox(stack, 2)
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/edition/")
    options = page.locator("select[name=edition] option:not([value=''])").all()
    wanted = next(one for one in options if "the present one" not in one.inner_text())
    value = wanted.get_attribute("value") or ""
    page.locator("select[name=edition]").select_option(value)
    person.press("Change edition")
    person.open(f"/mailboxes/{guid}/")
    expect(page.locator(".details", has_text="Edition").first).to_contain_text(
        value.split()[-1], timeout=SLOW
    )


def test_a_deleted_mailbox_vanishes(page: Page, stack: Stack) -> None:
    guid, email = some_mailbox(stack, 3)
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/delete/")
    person.fill(typed_name="somebody.else@example.com")
    person.press("Delete")
    expect(page.get_by_role("main")).to_contain_text("That is not its name.")
    person.fill(typed_name=email)
    person.press("Delete")
    person.open(f"/mailboxes/{guid}/")
    expect(page.get_by_role("main")).to_contain_text("SYNAQ no longer knows this mailbox.", timeout=SLOW)
    person.open(f"/mailboxes/?q={email}")
    expect(page.locator("td.cell-main a", has_text=email)).to_have_count(0)
    assert guid not in [row["guid"] for row in stack.control("inventory")["mailboxes"]]


def test_a_mailbox_is_closed_now_to_be_deleted_later_and_that_is_cancelled(page: Page, stack: Stack) -> None:
    guid, _ = some_mailbox(stack, 4)
    person = Person(page, stack)
    person.open(f"/mailboxes/{guid}/delete/")
    person.press("Set the day")
    person.open(f"/mailboxes/{guid}/")
    person.has_state("Closed")
    main = page.get_by_role("main")
    expect(main).to_contain_text("It is set to be deleted.")
    expect(main).to_contain_text("30 days")
    person.press("Cancel the deletion")
    person.open(f"/mailboxes/{guid}/")
    expect(main).not_to_contain_text("It is set to be deleted.")
    person.press("Activate")
    person.has_state("Active")


def test_the_search_box_finds_it_from_any_page(page: Page, stack: Stack) -> None:
    guid, email = some_mailbox(stack, 5)
    person = Person(page, stack)
    person.open("/packages/")
    page.keyboard.press("/")
    page.keyboard.type(email)
    found = page.locator(f"#search-found a[href*='{guid}']")
    expect(found.first).to_be_visible(timeout=SLOW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("link", name=email).first).to_be_visible()
