"""axe finds nothing on any page, in light and in dark, and none scrolls sideways on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.acceptance.person import SLOW, Person
from tests.acceptance.stack import Stack

PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1360, height=900)
LISTS = ("companies", "packages", "domains", "mailboxes", "activity")


def guids(stack: Stack) -> dict[str, str]:
    """A company, package, domain and mailbox of the demo; the domain has service fields."""
    held = stack.control("inventory")
    linked = {link["domain"] for link in held["links"]}
    company = next(ou for ou in held["ous"] if ou["kind"] == "company")
    domain = next(row for row in held["domains"] if row["guid"] in linked)
    return {
        "company": company["guid"],
        "package": held["packages"][0]["guid"],
        "domain": domain["guid"],
        "mailbox": held["mailboxes"][0]["guid"],
    }


def pages(stack: Stack) -> list[str]:
    some = guids(stack)
    return [
        *(f"/{name}/" for name in LISTS),
        "/attention/",
        "/search/?q=an",
        "/bell/",
        "/mailboxes/?sort=-state&state=active",
        "/companies/?q=nobody-has-this-name",
        "/companies/new/",
        f"/companies/{some['company']}/",
        f"/packages/new/{some['company']}/",
        f"/packages/{some['package']}/",
        f"/domains/new/{some['company']}/",
        f"/domains/{some['domain']}/",
        f"/domains/{some['domain']}/link/",
        f"/domains/{some['domain']}/fields/",
        f"/mailboxes/{some['mailbox']}/",
        f"/mailboxes/{some['mailbox']}/do/suspend/",
        "/mailboxes/new/",
        f"/mailboxes/new/{some['domain']}/",
        "/activity/1/",
        "/activity/?state=failed",
        *_changes(some),
    ]


def _changes(some: dict[str, str]) -> list[str]:
    """The pages on which something is changed or ended."""
    return [
        "/companies/resellers/",
        "/companies/new/sub-reseller/",
        f"/companies/{some['company']}/delete/",
        f"/packages/{some['package']}/do/close/",
        f"/packages/{some['package']}/delete/",
        f"/domains/{some['domain']}/do/close/",
        f"/domains/{some['domain']}/delete/",
        f"/mailboxes/{some['mailbox']}/edit/",
        f"/mailboxes/{some['mailbox']}/edition/",
        f"/mailboxes/{some['mailbox']}/do/close/",
        f"/mailboxes/{some['mailbox']}/delete/",
        "/batches/",
        f"/batches/teardown/ou/{some['company']}/",
        f"/batches/schedule/mailbox/{some['mailbox']}/",
        "/customers/",
        "/customers/new/",
        "/accounts/security/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/?next=/",
        "/looks/",
        f"/looks/as/{some['company']}/",
    ]


# What only owners and auditors open
OWNERS = (
    "/audit/",
    "/audit/?kind=asked&since=yesterday",
    "/audit/1/",
    "/appearance/",
    "/portal-health/",
    "/connections/",
    "/connections/new/",
    "/connections/1/",
    "/connections/1/edit/",
)


# Which numbers there are, and which months, is known from the pages themselves
USAGE = (
    "/usage/",
    "/usage/?edition=nothing-is-called-so",
    "/usage/months/?months=24",
    "/usage/runs/",
    "/usage/collect/",
)


def of_months(person: Person) -> list[str]:
    """A reseller's months: one that is over, what closing it asks, a customer's statement, who is told."""
    person.open("/months/")
    month = person.page.locator("td.cell-main a").nth(1).get_attribute("href") or ""
    person.open(month)
    statement = person.page.locator("td.cell-main a").first.get_attribute("href") or ""
    mails = f"{month.rsplit('/', 2)[0]}/mails/"
    return ["/months/", month, f"{month}close/", f"{month}invoice/", statement, mails]


def of_usage(person: Person) -> list[str]:
    """The pages of figures, of one customer's, and of one of its domains'."""
    person.open("/usage/")
    company = person.page.locator(".matrix td a").first.get_attribute("href") or ""
    person.open(company)
    domain = person.page.locator("#domains th a").first.get_attribute("href") or ""
    return [*USAGE, company, domain]


def of_prices(person: Person) -> list[str]:
    """The pages of prices and of the demo's book, one with something wrong among them."""
    page = person.page
    person.open("/prices/")
    page.locator("td.cell-main a").first.click()
    expect(page.get_by_role("heading", name="Prices a month")).to_be_visible()
    book = page.url.removeprefix(person.stack.web_url)
    what_if = "/prices/projection/?edition=SYN-CMS-BASIC-02&number=10"
    company = guids(person.stack)["company"]
    own = [f"{book}{path}" for path in ("", "edit/", "end/")]
    return ["/prices/", "/prices/new/", *own, "/prices/projection/", f"{what_if}&company={company}", what_if]


PEOPLE = (
    "/people/",
    "/people/?q=nobody-has-this-name",
    "/people/invite/",
    "/people/invitations/",
    "/roles/",
    "/roles/new/",
    "/roles/second-factor/",
    "/invitation/no-such-link/",
)


def of_people(person: Person) -> list[str]:
    """The pages of people, of one company's, and of one of them."""
    company = guids(person.stack)["company"]
    person.open(f"/people/?q={person.stack.sign_ins['company_admin'].email}")
    someone = person.page.locator("td.cell-main a").first.get_attribute("href")
    own = [f"{someone}{path}" for path in ("", f"give/{company}/", "leave/")]
    return [*PEOPLE, f"/people/?ou={company}", f"/people/invite/{company}/", *own]


@pytest.fixture
def light(page: Page, stack: Stack) -> Page:
    page.context.add_cookies([{"name": "theme", "value": "light", "url": stack.web_url}])
    return page


def settled(page: Page, path: str) -> None:
    """The page is what it will be: the catalogue, read for the first time, reloads its page once."""
    if path.startswith("/packages/new/"):
        expect(page.locator("input[name=product]").first).to_be_attached(timeout=SLOW)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def findings(page: Page, only: str = "") -> list[str]:
    """What axe reports, of one rule or of all, each with the page and the elements."""
    report = Axe().run(page, options={"resultTypes": ["violations"], **({"runOnly": [only]} if only else {})})
    return [
        f"{page.url}: {found['id']}: {[node['target'] for node in found['nodes']][:3]}"
        for found in report.response["violations"]
    ]


def themes(page: Page) -> dict[str, str]:
    """What the server says of the page's theme."""
    return dict(page.evaluate("({...document.documentElement.dataset})"))


def all_findings(page: Page) -> list[str]:
    """One load for everything: in light, on a phone, and in dark, where nothing but colours is another."""
    found = findings(page)
    page.set_viewport_size(PHONE)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{page.url} is too wide")
    page.set_viewport_size(DESK)
    page.evaluate("Object.assign(document.documentElement.dataset, {theme: 'dark', bsTheme: 'dark'})")
    return found + [f"dark: {one}" for one in findings(page, "color-contrast")]


def new_customer(person: Person) -> str:
    """The path of a new customer whose package is to be chosen."""
    person.open("/customers/new/")
    person.page.locator("select[name=parent]").select_option(label="Demo Reseller")
    person.fill(title="Looked At", line_1="1 Main Road", city="Durban", postal_code="4001")
    person.press("Take on company")
    expect(person.page.locator("input[name=product]").first).to_be_attached(timeout=SLOW)
    return person.page.url.removeprefix(person.stack.web_url)


def test_axe_finds_nothing_on_any_page_and_none_scrolls_sideways(light: Page, stack: Stack) -> None:
    light.goto(f"{stack.web_url}/accounts/login/")
    found = all_findings(light)
    person = Person(light, stack)
    for path in pages(stack):
        assert person.open(path) == 200, path
        settled(light, path)
        found += all_findings(light)
    person.open("/mailboxes/?locked=1")
    locked = light.locator("td.cell-main a").first.get_attribute("href")
    flow = new_customer(person)
    for path in (f"{locked}", f"{locked}unlock/", flow):
        assert person.open(path) == 200, path
        found += all_findings(light)
    person.open("/companies/new/")
    person.press("Take on company")
    expect(light.locator(".is-invalid").first).to_be_visible()
    found += all_findings(light)
    assert found == []


def test_axe_finds_nothing_on_owners_pages_and_none_scrolls_sideways(light: Page, stack: Stack) -> None:
    person = Person(light, stack, "owner")
    shown = [*OWNERS, *of_people(person), *of_usage(person), *of_months(person), *of_prices(person)]
    found, answers = [], {"/invitation/no-such-link/": 404, shown[-1]: 422}
    for path in shown:
        assert person.open(path) == answers.get(path, 200), path
        found += all_findings(light)
    assert found == []


def test_axe_finds_nothing_where_the_server_says_dark(page: Page, stack: Stack) -> None:
    """Else the tests above would look at a dark that nobody gets."""
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": stack.web_url}])
    person = Person(page, stack)
    person.open("/mailboxes/")
    said = themes(page)
    assert said["theme"] == said["bsTheme"] == "dark"
    assert findings(page) == []
