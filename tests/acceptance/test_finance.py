"""Finance at the browser: from signing in to a closed month, its papers, and a correction that comes in late."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.acceptance.person import SLOW, Person, of_mirror
from tests.acceptance.stack import Stack

MONEY = re.compile(r"\d[\d,]*\.\d\d")


@pytest.fixture
def other_page(browser: Browser) -> Iterator[Page]:
    """Somebody else's browser."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def last_month() -> date:
    return (date.today().replace(day=1) - timedelta(days=1)).replace(day=1)


def fetched(page: Page, link: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("link", name=link, exact=True).first.click()
    return Path(download.value.path())


def sum_on(page: Page, label: str) -> Decimal:
    """The amount that stands under the label in the card of sums."""
    shown = page.locator("dl.details > div", has=page.get_by_text(label, exact=True)).locator("dd")
    return Decimal(MONEY.findall(shown.first.inner_text())[0].replace(",", ""))


def sets_a_price(finance: Person) -> None:
    """In the book that holds, with a decimal comma; what is wrong is said, and stays as it was typed."""
    page = finance.page
    finance.open("/prices/")
    page.locator("td.cell-main a").first.click()
    finance.follow("Edit")
    edition = page.locator("[name=row_edition]").first.input_value()
    unit = page.locator("[name=row_unit]").first
    unit.fill("1,234")
    finance.press("Save prices")
    expect(page.get_by_text("Row 1, Unit price: 1,234 may mean 1234 or 1.234")).to_be_visible()
    expect(unit).to_have_value("1,234")
    unit.fill("61,25")
    finance.press("Save prices")
    expect(page.get_by_text("The prices are kept.")).to_be_visible()
    expect(page.locator("tr", has_text=edition).locator("[data-label='Each']")).to_have_text("61.25")


def reads_usage(finance: Person) -> None:
    """This month first: a figure, its age, what is behind it; then beside the month before."""
    page = finance.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Usage")
    figure = page.locator("table.matrix td a").first
    expect(page.locator("table.matrix .cell-sub", has_text="as at").first).to_be_visible()
    count = figure.inner_text()
    figure.click()
    chosen = page.locator("tr.row-chosen")
    expect(chosen.locator("[data-label='In use']")).to_have_text(count)
    expect(chosen.locator("time").first).to_be_visible()
    page.locator("#domains th a").first.click()
    expect(page.get_by_role("heading", name="Reports of the month")).to_be_visible()
    finance.open("/usage/")
    page.locator("select[name=compare]").select_option(f"{last_month():%Y-%m}")
    page.get_by_role("main").locator("form:has(select[name=compare]) button[type=submit]").first.click()
    expect(page.locator(".usage-sums", has_text=f"{last_month():%B %Y}")).to_be_visible()
    expect(page.locator(".against").first).to_be_visible()


def closes(finance: Person, month: date) -> None:
    """What is amiss is said, ticked and explained; then it is closed."""
    page = finance.page
    finance.open("/months/")
    finance.follow(f"{month:%B %Y}")
    expect(page.get_by_text("Before it is closed")).to_be_visible()
    finance.follow("Close the month")
    finance.press("Close the month")
    expect(page.get_by_text("Tick this once you have read").first).to_be_visible()
    page.get_by_label("I have read this").check()
    finance.fill(reason="The demo's figures are what they are")
    finance.press("Close the month")
    expect(page.get_by_text(f"{month:%B %Y} is closed.")).to_be_visible()
    page.get_by_role("link", name="Recompute the hash").click()
    expect(page.get_by_text("The hash agrees")).to_be_visible()


def papers_agree(page: Page) -> str:
    """Page, CSV, PDF and workbook say the same to the cent. Returns the company whose statement it was."""
    whole = sum_on(page, "ZAR with tax")
    book = openpyxl.load_workbook(io.BytesIO(fetched(page, "Workbook").read_bytes()), read_only=True)
    sheets = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    lines = next(rows for rows in sheets if rows and "Edition" in rows[0])
    at = lines[0].index("With tax")
    amounts = [Decimal(str(row[at])) for row in lines[1:] if isinstance(row[at], int | float)]
    assert sum(amounts, Decimal(0)).quantize(Decimal("0.01")) == whole
    company = page.locator("td.cell-main a").first
    title = company.inner_text()
    company.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    own = sum_on(page, "ZAR with tax")
    text = fetched(page, "CSV").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert sum(Decimal(row["With tax"]) for row in rows if row["With tax"]) == own
    paper = "".join(one.extract_text() for one in PdfReader(fetched(page, "PDF")).pages)
    assert f"{own:,.2f}" in paper.replace("\u00a0", " ")
    assert title in paper
    return title


def a_late_report(support: Person, month: date) -> None:
    """SYNAQ corrects itself: a report with data of the closed month, counted again by support."""
    stack = support.stack
    domain, edition = of_mirror(
        stack,
        "SELECT d.guid, f.edition FROM provisioning_monthlyfigure f JOIN provisioning_domain d ON d.id = f.domain_id "
        f"WHERE f.month = '{month}' AND d.state = 'active' ORDER BY f.id LIMIT 1",
    )[0]
    stamp = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    counts = [{"edition_code": edition, "count": 77}]
    report = {"state": "FINISHED", "data_as_at": f"{stamp} 23:30:00+0200", "edition_usage_reports": counts}
    stack.control("usage", {"report": report})
    try:
        support.open(f"/domains/{domain}/do/usage/")
        support.press("Count usage")
        asked = (
            "SELECT count(*) FROM provisioning_usagecount c JOIN provisioning_usagereport r ON r.id = c.report_id "
            f"JOIN provisioning_domain d ON d.id = r.domain_id WHERE d.guid = '{domain}' AND c.count = 77"
        )
        stack.wait_until(lambda: of_mirror(stack, asked)[0][0], SLOW / 1000, "the late report")
    finally:
        stack.control("usage", {})


def changes_no_service(finance: Person, company: str) -> None:
    """Nothing that they see changes a service, and the addresses of such pages are not there for them."""
    page = finance.page
    finance.open("/companies/")
    finance.follow(company)
    expect(page.get_by_text("Usage this month")).to_be_visible()
    expect(
        page.get_by_role("main").get_by_role("link", name=re.compile("^(New|Remove|Edit|Look)"))
    ).to_have_count(0)
    guid = finance.guid
    posts = page.locator("main form[method=post]").evaluate_all(
        "forms => forms.map(f => f.getAttribute('action'))"
    )
    assert [one for one in posts if "refresh" not in one] == []
    for path in (
        f"/packages/new/{guid}/",
        f"/domains/new/{guid}/",
        "/mailboxes/",
        f"/batches/teardown/ou/{guid}/",
    ):
        assert finance.open(path) == 404, path


@pytest.fixture
def finance(page: Page, stack: Stack) -> Person:
    """Signed in; an edition's price is known from the first test on."""
    person = Person(page, stack, "finance")
    expect(page.get_by_role("heading", level=1)).to_have_text("Usage")
    return person


def test_finance_lands_on_this_month_s_usage_compares_and_sets_prices(finance: Person) -> None:
    reads_usage(finance)
    sets_a_price(finance)
    finance.open("/usage/")
    expect(finance.page.locator(".usage-sums", has_text="Costs so far, ZAR")).to_be_visible()
    finance.follow("Projection")
    expect(finance.page.get_by_text("Expected at its end").first).to_be_visible()
    changes_no_service(finance, "Karoo & Kloof Attorneys")


def test_finance_closes_last_month_fetches_its_papers_and_sees_what_comes_in_late(
    finance: Person, other_page: Page, stack: Stack
) -> None:
    closes(finance, last_month())
    papers_agree(finance.page)
    a_late_report(Person(other_page, stack), last_month())
    # Whoever goes about closing another month has the closed ones looked at; so does each night's round.
    before = (last_month() - timedelta(days=1)).replace(day=1)
    finance.open("/months/")
    finance.follow(f"{before:%B %Y}")
    finance.follow("Close the month")
    finance.press("Close the month")
    expect(finance.page.get_by_text("Tick this once you have read").first).to_be_visible()
    finance.open("/months/")
    finance.follow(f"{last_month():%B %Y}")
    expect(finance.page.get_by_role("heading", name="Corrections that wait")).to_be_visible()
    expect(finance.page.get_by_text("found by itself").first).to_be_visible()
