"""An owner adds a connection on staging, sees it tried, and changes its key: refused first, then accepted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from dev.ports import free_port
from tests.acceptance.person import SLOW, Person, of_mirror
from tests.acceptance.stack import CHECKOUT, Stack
from tests.acceptance.test_axe import findings

KEY, NEXT_KEY, WRONG_KEY = "first-key-of-staging", "second-key-of-staging", "a-key-of-somebody-else"
RESELLER = "5ca1ab1e-0000-4000-8000-000000000001"


@contextmanager
def api(state: Path, port: int, key: str) -> Iterator[None]:
    """The API of another account, which takes this key. Started again on the same state with another one, it is the
    account whose key was changed at SYNAQ."""
    facts = {"USER": "staging", "KEY": key, "RESELLER_GUID": RESELLER, "SEED": "empty"}
    facts |= {"PORT": str(port), "STATE": str(state)}
    environment = {**os.environ, **{f"SANDBOX_{name}": value for name, value in facts.items()}}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        try:
            assert "listens" in process.stdout.readline()
            yield
        finally:
            process.terminate()


@pytest.fixture
def owner(page: Page, stack: Stack) -> Iterator[Person]:
    """The demo's owner, who afterwards has nothing to do with the other account any more."""
    yield Person(page, stack, "owner")
    with psycopg.connect(stack.database_url) as database:
        database.execute(
            "DELETE FROM accounts_membership WHERE ou_id IN (SELECT id FROM provisioning_ou WHERE guid = %s)",
            [RESELLER],
        )


def changes_key(owner: Person, key: str) -> None:
    owner.follow("Edit")
    expect(owner.page.get_by_label("New API key")).to_have_value("")
    owner.fill(key=key)
    owner.press("Save")


def test_a_connection_on_staging_is_added_tried_and_given_another_key(
    owner: Person, page: Page, stack: Stack, tmp_path: Path
) -> None:
    main, port = page.get_by_role("main"), free_port()
    works = main.get_by_text("Works", exact=True)
    with api(tmp_path / "staging.sqlite3", port, KEY):
        owner.open("/connections/")
        expect(page.locator(".staging-mark")).to_have_count(0)
        owner.follow("New connection")
        owner.fill(
            name="Trial", base_url="http://api.synaq.com", api_user="staging", key=KEY, reseller_guid=RESELLER
        )
        page.get_by_label("Stage").select_option("staging")
        owner.press("Add connection")
        expect(main).to_contain_text("must begin with https://")
        expect(page.get_by_label("API key")).to_have_value("")
        assert findings(page) == []
        owner.fill(base_url=f"http://127.0.0.1:{port}/", key=KEY)
        owner.press("Add connection")
        expect(works).to_be_visible(timeout=SLOW)
        expect(page.locator(".staging-mark")).to_be_visible()
        assert findings(page) == []

        changes_key(owner, WRONG_KEY)
        expect(main).to_contain_text("The new key was not taken.", timeout=SLOW)
        expect(works).to_be_visible()
        assert findings(page) == []

    with api(tmp_path / "staging.sqlite3", port, NEXT_KEY):
        changes_key(owner, NEXT_KEY)
        expect(main.get_by_text("A new key waits to be taken.")).to_have_count(0, timeout=SLOW)
        expect(main.get_by_text("The new key was not taken.")).to_have_count(0)
        expect(works).to_be_visible()
        owner.press("Test")
        expect(works).to_be_visible(timeout=SLOW)
    assert not any(key in page.content() for key in (KEY, NEXT_KEY, WRONG_KEY))
    told = of_mirror(stack, "SELECT text FROM provisioning_auditentry WHERE kind = 'connection' ORDER BY id")
    assert [text for (text,) in told if "SYNAQ" in text] == [
        "SYNAQ did not accept the new key. It was dropped.",
        "SYNAQ accepted the new key. It has taken the old one's place.",
    ]
