"""Many mailboxes at once, in a real browser, over the wire: ticked with and without scripts, and made from a file."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.person import SLOW, Person, applied, of_mirror
from tests.acceptance.stack import Stack
from tests.acceptance.test_axe import findings


def domain_with_mailboxes(stack: Stack, number: int) -> tuple[str, str, int]:
    """A domain in service with some active mailboxes: its GUID, its name, how many; each test names a number of its own."""
    found = of_mirror(
        stack,
        "SELECT d.guid, d.name, count(*) FROM provisioning_mailbox m JOIN provisioning_domain d ON d.id = m.domain_id "
        "WHERE m.state = 'active' AND NOT m.account_locked AND m.gone_at IS NULL AND d.state = 'active' "
        "AND d.gone_at IS NULL GROUP BY d.guid, d.name HAVING count(*) BETWEEN 3 AND 40 "
        f"ORDER BY md5(d.name) OFFSET {number} LIMIT 1",
    )
    return str(found[0][0]), str(found[0][1]), int(found[0][2])


def suspended(stack: Stack, domain: str) -> int:
    return int(
        of_mirror(
            stack,
            f"SELECT count(*) FROM provisioning_mailbox WHERE state = 'suspended' AND email LIKE '%@{domain}'",
        )[0][0]
    )


def test_ticked_ones_are_suspended_and_the_filters_stay(page: Page, stack: Stack) -> None:
    guid, name, count = domain_with_mailboxes(stack, 3)
    person = Person(page, stack)
    person.open(f"/mailboxes/?domain={guid}&state=active&sort=-address")
    bar = page.get_by_role("form", name="What to do with the selected mailboxes")
    expect(bar).to_be_hidden()
    boxes = page.locator("input[name=guid]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(bar).to_contain_text("2 selected")
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text(f"{count} selected")
    bar.get_by_role("button", name="Select none").click()
    expect(bar).to_be_hidden()
    boxes.nth(0).check()
    boxes.nth(1).check()
    chosen = [str(boxes.nth(n).get_attribute("value")) for n in (0, 1)]
    assert findings(page) == []
    bar.get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("main")).to_contain_text("mail still arrives")
    assert findings(page) == []
    person.press("Suspend 2 mailboxes")
    expect(page).to_have_url(f"{stack.web_url}/mailboxes/?domain={guid}&state=active&sort=-address")
    page.get_by_role("status").get_by_role("link", name="batch").click()
    expect(page.locator(".batch-counts")).to_contain_text("2 of 2 done", timeout=SLOW)
    person.has_state("Finished")
    assert [applied(stack, one)["Suspend"] for one in chosen] == [1, 1]
    assert suspended(stack, name) >= 2


def test_all_that_match_are_closed_without_scripts(browser: Browser, stack: Stack) -> None:
    guid, _, count = domain_with_mailboxes(stack, 4)
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        person = Person(page, stack)
        person.open(f"/mailboxes/?domain={guid}&state=active")
        page.get_by_role("link", name="tick all on this page").click()
        page.locator("input[name=guid]").first.uncheck()
        person.press("Close…")
        expect(page.get_by_role("main")).to_contain_text(f"Close {count - 1} mailboxes?")
        page.get_by_label("Reason").fill("Moved away")
        person.press(f"Close {count - 1} mailboxes")
        assert page.url == f"{stack.web_url}/mailboxes/?domain={guid}&state=active"
        page.get_by_role("status").get_by_role("link", name="batch").click()
        expect(page.get_by_role("main")).to_contain_text("Moved away")
    finally:
        context.close()


def test_a_file_with_one_bad_row_is_mended_in_place_and_becomes_mailboxes(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    _, name, _ = domain_with_mailboxes(stack, 5)
    file = tmp_path / "staff.csv"
    file.write_text(
        "\ufeffEmail;First name;Last name;Password;Activate\n"
        f"imported.one@{name};Ann;Müller;Typed-in-1-file;yes\nimported.two@nowhere.example;Ben;Jones;;no\n"
    )
    person = Person(page, stack)
    person.open("/mailboxes/")
    person.follow("Import")
    assert findings(page) == []
    page.get_by_label("File").set_input_files(file)
    person.press("Check it")
    main = page.get_by_role("main")
    expect(main).to_contain_text("There is no domain nowhere.example here")
    assert "Typed-in-1-file" not in page.content()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
    page.get_by_label("Email").fill(f"imported.two@{name}")
    person.press("Save and check again")
    person.press("Create 2 mailboxes")
    with page.expect_download() as download:
        person.press("Fetch the passwords")
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"imported.two@{name},")
    main.get_by_role("link", name="Import of 2 mailboxes").click()
    expect(page.locator(".batch-counts")).to_contain_text("2 of 2 done", timeout=SLOW)
    made = "SELECT email, state FROM provisioning_mailbox WHERE email LIKE 'imported.%'"
    assert dict(of_mirror(stack, made)) == {
        f"imported.one@{name}": "active",
        f"imported.two@{name}": "inactive",
    }
    logs = stack.log("web") + stack.log("worker") + stack.log("sandbox")
    assert "Typed-in-1-file" not in logs
    assert lines[1].split(",")[1] not in logs
