"""How long from *finished at the API* to *seen in the browser*: real processes, a real browser, one page open.

    python -m dev exec -- .venv/bin/python -m benchmarks.live_lag [ACTIONS]

Suspends and activates a mailbox in turn. When an action ended at the API is what the sandbox says; when it was seen is the
moment the pill on the page changed, by the browser's clock, which is the same machine's. Seconds.
"""

from __future__ import annotations

import statistics
import sys

from playwright.sync_api import Page, sync_playwright

from dev.chromium import find_chromium
from tests.acceptance.conftest import CHROMIUM_WORDS
from tests.acceptance.person import SLOW, Person
from tests.acceptance.stack import Stack

SEEN = """state => new Promise(done => {
  const look = () => {
    const pill = document.querySelector('.page-head .pill');
    if (pill && pill.textContent.trim() === state) done(Date.now() / 1000); else requestAnimationFrame(look);
  };
  look();
})"""


def change(person: Person, page: Page, verb: str, state: str) -> float:
    """One action from the mailbox's page; the moment at which its new state was seen."""
    if verb == "Suspend":
        person.follow(verb)
    person.press(verb)
    page.set_default_timeout(SLOW)
    return float(page.evaluate(SEEN, state))


def lags(stack: Stack, page: Page, count: int) -> list[float]:
    person = Person(page, stack)
    person.open("/mailboxes/?state=active")
    page.locator("td.cell-main a").first.click()
    guid = person.guid
    seen = []
    for number in range(count):
        verb, state = (("Suspend", "Suspended"), ("Activate", "Active"))[number % 2]
        seen.append(change(person, page, verb, state))
    ended = [row["finished_at"] for row in stack.control("actions") if row["guid"] == guid]
    return [there - here for there, here in zip(seen, sorted(ended)[-count:], strict=True)]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    stack = Stack(SANDBOX_ACTION_SECONDS="0.5-3")
    try:
        stack.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_WORDS))
            found = sorted(lags(stack, browser.new_page(), count))
            browser.close()
    finally:
        stack.remove()
    print(
        f"actions {len(found)}  median {statistics.median(found):.2f} s  95 % {found[int(len(found) * 0.95) - 1]:.2f} s"
    )
    print(f"least {found[0]:.2f} s  most {found[-1]:.2f} s")


if __name__ == "__main__":
    main()
