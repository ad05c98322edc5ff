"""The worker is killed in the middle of an action, and started again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Page

from tests.acceptance.person import Person, applied
from tests.acceptance.stack import Stack


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, theirs included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry.parent.name), *children_of(int(entry.parent.name))]
    return found


def kill_worker(stack: Stack) -> None:
    """-9 to the worker and to all that it forked: nothing of it can end its work."""
    pids = children_of(stack.pids()["worker"])
    stack.kill("worker", signal.SIGKILL)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def ledger_row(stack: Stack, title: str) -> dict[str, Any]:
    with psycopg.connect(stack.database_url) as database:
        row = database.execute(
            "SELECT state, result_guid FROM provisioning_action WHERE operation = 'mailbox.create' AND title = %s",
            [title],
        ).fetchone()
    return {"state": row[0], "guid": row[1]} if row else {}


def test_a_worker_killed_between_submit_and_finish_loses_and_doubles_nothing(
    page: Page, stack: Stack
) -> None:
    person = Person(page, stack)
    person.open("/domains/?state=active")
    page.locator("td.cell-main a").first.click()
    domain_name = page.get_by_role("heading", level=1).inner_text()
    title = f"crash@{domain_name}"
    stack.control("speed", {"seconds": "6-6"})
    try:
        person.create_mailbox("crash", "Test", "Sample-123$-word")
        stack.wait_until(lambda: ledger_row(stack, title).get("state") == "waiting", 20, "the submit")
        kill_worker(stack)
        assert ledger_row(stack, title)["state"] == "waiting"
    finally:
        stack.control("speed", {"seconds": "default"})
        stack.start_again("worker")
    stack.wait_until(lambda: ledger_row(stack, title)["state"] == "finished", 60, "the end of the action")
    guid = ledger_row(stack, title)["guid"]
    person.open(f"/mailboxes/{guid}/")
    person.has_state("Active")
    assert applied(stack, guid) == {"Create": 1, "Provision": 1}
    assert [entry["email"] for entry in stack.control("inventory")["mailboxes"]].count(title) == 1
