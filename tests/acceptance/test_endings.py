"""Packages and domains closed and ended, a whole company taken down, in a real browser, over the wire."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.person import SLOW, Person, applied, of_mirror
from tests.acceptance.stack import Stack

# companies whose one domain is in service, with few mailboxes, none locked or under way: the smallest first
SMALL = """
    SELECT o.guid, o.title, min(d.guid), min(d.name), min(p.guid) FROM provisioning_ou o
    JOIN provisioning_domain d ON d.ou_id = o.id AND d.gone_at IS NULL
    JOIN provisioning_domainlink l ON l.domain_id = d.id JOIN provisioning_package p ON p.id = l.package_id
    WHERE o.type = 'company' AND o.gone_at IS NULL
      AND EXISTS (SELECT 1 FROM provisioning_mailbox m WHERE m.domain_id = d.id AND m.state = 'active')
    GROUP BY o.id HAVING count(DISTINCT d.id) = 1 AND count(DISTINCT p.id) = 1 AND min(d.state) = 'active'
       AND min(p.state) = 'active'
    ORDER BY (SELECT count(*) FROM provisioning_mailbox m WHERE m.ou_id = o.id), o.id
"""


# domains in service with mailboxes on them, on one package in service that has no other domain: the busiest first
SERVED = """
    SELECT o.guid, d.guid, d.name, p.guid FROM provisioning_domain d
    JOIN provisioning_ou o ON o.id = d.ou_id JOIN provisioning_domainlink l ON l.domain_id = d.id
    JOIN provisioning_package p ON p.id = l.package_id
    WHERE d.state = 'active' AND p.state = 'active' AND d.gone_at IS NULL AND p.code = 'SYN-CMS'
      AND (SELECT count(*) FROM provisioning_domainlink x WHERE x.domain_id = d.id OR x.package_id = p.id) = 1
    ORDER BY (SELECT count(*) FROM provisioning_mailbox m WHERE m.domain_id = d.id) DESC, d.id
"""


# a package in service, whatever else is on it
SOLD = """
    SELECT o.guid, p.guid FROM provisioning_package p JOIN provisioning_ou o ON o.id = p.ou_id
    WHERE p.state = 'active' AND p.gone_at IS NULL AND o.gone_at IS NULL AND p.code = 'SYN-CMS' ORDER BY p.id
"""


def served(stack: Stack) -> tuple[str, str, str, str]:
    """GUIDs of a company and its domain, the domain's name, the GUID of its package."""
    company, domain, name, package = of_mirror(stack, SERVED)[0]
    return company, domain, name, package


def test_a_package_is_closed_and_activated_with_all_its_domains(page: Page, stack: Stack) -> None:
    _, domain, _, package = served(stack)
    person = Person(page, stack)
    person.open(f"/packages/{package}/do/close/")
    expect(page.get_by_role("main")).to_contain_text("1 domain")
    person.press("Close")
    person.open(f"/packages/{package}/")
    person.has_state("Closed")
    person.open(f"/domains/{domain}/")
    person.has_state("Closed")
    person.open(f"/packages/{package}/do/activate/")
    person.press("Activate")
    person.open(f"/packages/{package}/")
    person.has_state("Active")
    assert applied(stack, package)["Close"] == applied(stack, package)["Activate"] == 1


def test_a_domain_with_mailboxes_says_which_stand_in_the_way(page: Page, stack: Stack) -> None:
    _, domain, name, _ = served(stack)
    person = Person(page, stack)
    person.open(f"/domains/{domain}/delete/")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Its mailboxes have to go first.")
    expect(main).to_contain_text(f"@{name}")
    person.follow("Plan the removal of all of it")
    expect(main).to_contain_text("What cannot be undone")


def test_a_companys_removal_stops_at_a_failure_and_is_resumed(page: Page, stack: Stack) -> None:
    company, title, domain, name, package = of_mirror(stack, SMALL)[0]
    person = Person(page, stack)
    person.open(f"/batches/teardown/ou/{company}/")
    main = page.get_by_role("main")
    expect(main).to_contain_text("What cannot be undone")
    words = f"The store of {name} is <locked>."
    stack.control("fail-next", {"action": "Delete", "kind": "domain", "errors": [words]})
    person.fill(typed_name=title)
    person.press("Remove now")
    expect(main).to_contain_text("It stopped.", timeout=60_000)
    expect(main).to_contain_text(words)
    person.press("Resume")
    expect(main).to_contain_text("All of it is done.", timeout=60_000)
    person.open(f"/companies/{company}/")
    expect(main).to_contain_text("no longer knows", timeout=SLOW)
    held = stack.control("inventory")
    left = [row["guid"] for kind in ("ous", "packages", "domains") for row in held[kind]]
    assert not {company, package, domain} & set(left)
    assert not [row for row in held["mailboxes"] if row["domain"] == domain]


def test_a_sub_reseller_and_a_company_below_it(page: Page, stack: Stack) -> None:
    person = Person(page, stack)
    person.open("/companies/new/sub-reseller/")
    person.fill(title="Coastal Partners", line_1="1 Beach Road", city="Durban", postal_code="4001")
    page.locator("select[name=parent]").select_option(label="Demo Reseller")
    person.press("Take on sub-reseller")
    person.sees("Finished")
    person.open("/companies/new/")
    page.locator("select[name=parent]").select_option(label="Coastal Partners")
    person.fill(title="Below The Coast", line_1="2 Beach Road", city="Durban", postal_code="4001")
    person.press("Take on company")
    person.sees("Finished")
    person.follow("Open Below The Coast")
    expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("Coastal Partners")


def test_a_domain_without_mailboxes_is_deleted_in_two_visible_steps(page: Page, stack: Stack) -> None:
    company, package = of_mirror(stack, SOLD)[0]
    person = Person(page, stack)
    person.open(f"/companies/{company}/")
    person.add_domain("short-lived.example", package=package)
    domain = person.guid
    person.press("Provision")
    person.has_state("Active")
    person.open(f"/domains/{domain}/delete/")
    person.fill(typed_name="short-lived.example")
    person.press("Delete")
    main = page.get_by_role("main")
    person.open(f"/domains/{domain}/")
    expect(main).to_contain_text("SYNAQ no longer knows this domain.", timeout=SLOW)
    assert applied(stack, domain)["Delete"] >= 1
