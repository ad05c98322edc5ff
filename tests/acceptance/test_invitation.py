"""From the invitation to the first mailbox, as the admin of a company, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.person import SLOW, Person, of_mirror
from tests.acceptance.stack import Stack
from tests.acceptance.test_axe import findings

ADDRESS = "noor.newcomer@customer.test"
PASSWORD = "seven green lanterns"
FOR_MAIL = "Sample-123$-word"


@pytest.fixture
def newcomer(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """The phone of somebody who has no account."""
    context = browser.new_context(**{**browser_context_args, "viewport": {"width": 390, "height": 844}})
    yield context.new_page()
    context.close()


def company_of_the_demo(stack: Stack) -> tuple[str, str, str]:
    """GUID and title of a company, and the GUID of a domain of its that takes mailboxes."""
    ((guid, title, domain),) = of_mirror(
        stack,
        "SELECT ou.guid, ou.title, min(box_domain.guid) FROM provisioning_ou ou "
        "JOIN provisioning_domain box_domain ON box_domain.ou_id = ou.id AND box_domain.state = 'active' "
        "JOIN provisioning_mailbox box ON box.domain_id = box_domain.id AND box.state = 'active' "
        "WHERE ou.type = 'company' AND ou.gone_at IS NULL GROUP BY ou.id ORDER BY ou.title LIMIT 1",
    )
    return str(guid), str(title), str(domain)


def link_in_the_mail(stack: Stack) -> str:
    """The path of the link in the latest invitation: in development, mail is printed."""
    found = re.findall(r"https?://\S+(/invitation/[\w-]+/)", stack.log("web"))
    return str(found[-1]) if found else ""


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def invited(owner: Person, company: str) -> list[str]:
    """The owner invites a company admin. Returns what axe finds on the way."""
    owner.open(f"/companies/{company}/")
    owner.follow("People")
    owner.follow("Invite somebody")
    owner.fill(email=ADDRESS, name="Noor <b>")
    found = findings(owner.page)
    owner.page.get_by_label("Company admin").check()
    owner.press("Send the invitation")
    expect(owner.page.get_by_role("row", name=ADDRESS)).to_contain_text("Waiting")
    return found + findings(owner.page)


def accepted(newcomer: Page, stack: Stack, title: str) -> list[str]:
    """They choose a password: first one that is too easy, then a good one. Returns what axe finds on the way."""
    expect(newcomer).to_have_url(f"{stack.web_url}/invitation/")
    main = newcomer.get_by_role("main")
    expect(main).to_contain_text(title)
    newcomer.get_by_label("Choose a password", exact=True).fill("password1234")
    main.get_by_role("button", name="Accept and sign in").click()
    expect(newcomer.locator(".is-invalid")).to_have_count(1)
    expect(newcomer.get_by_label("Your name")).to_have_value("Noor <b>")
    found = findings(newcomer)
    assert not too_wide(newcomer)
    newcomer.get_by_label("Choose a password", exact=True).fill(PASSWORD)
    main.get_by_role("button", name="Accept and sign in").click()
    expect(newcomer.get_by_role("heading", level=1)).to_have_text(f"Mailboxes of {title}")
    expect(newcomer).to_have_url(f"{stack.web_url}/mailboxes/")
    return found + findings(newcomer)


def first_mailbox(admin: Person, domain: str) -> list[str]:
    """They make a mailbox, with the one edition that there is to choose from. Returns what axe finds on the way."""
    admin.follow("New mailbox")
    admin.open(f"/mailboxes/new/{domain}/")
    assert admin.page.locator("[name=package_edition_code]").count() == 0
    admin.fill(email_local="first", last_name="Newcomer", password=FOR_MAIL)
    found = findings(admin.page)
    admin.press("Create mailbox")
    admin.sees("Finished")
    admin.open("/mailboxes/?q=first@")
    expect(admin.page.locator("td.cell-main a").first).to_contain_text("first@", timeout=SLOW)
    return found


def test_somebody_invited_sets_a_password_and_makes_their_first_mailbox(
    page: Page, newcomer: Page, stack: Stack
) -> None:
    company, title, domain = company_of_the_demo(stack)
    found = invited(Person(page, stack, "owner"), company)
    link = link_in_the_mail(stack)
    assert link

    newcomer.goto(f"{stack.web_url}{link}")
    found += accepted(newcomer, stack, title)
    admin = Person.of(newcomer, stack)
    found += first_mailbox(admin, domain)
    for path in ("companies", "packages", "domains", "people", "audit"):
        assert admin.open(f"/{path}/") == 404, path
    assert not too_wide(newcomer)

    other = page.context.browser.new_page()  # type: ignore[union-attr]
    assert other.goto(f"{stack.web_url}{link}").status == 404  # type: ignore[union-attr]
    found += findings(other)
    other.close()
    page.reload()
    expect(page.get_by_role("row", name=ADDRESS)).to_contain_text("Accepted")
    token = link.split("/")[2]
    printed = sum(stack.log(name).count(token) for name in ("web", "worker", "beat"))
    assert printed == 1, "in the mail, and in no line of the log"
    assert PASSWORD not in stack.log("web") + stack.log("worker")
    assert found == []
