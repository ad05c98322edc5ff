from __future__ import annotations

import pytest

from provisioning.synaq import Client, Dialect, Meaning, SynaqError
from provisioning.synaq.dialects import actions, wire_action

CONTRACT = {
    ("domain", Dialect.LEGACY): "Provision, Close, Activate, Delete, Usage",
    (
        "domain",
        Dialect.CURRENT,
    ): "Provision, Close, Activate, Delete, Usage, Suspend, Refresh, Update, Purge, Prune, "
    "Move, Token, AppUsage",
    ("package", Dialect.LEGACY): "Provision, Close, Activate",
    ("package", Dialect.CURRENT): "Provision, Close, Activate, Suspend, Cancel",
    ("mailbox", Dialect.LEGACY): "Provision, Suspend, Close, Activate, Unlock",
    ("mailbox", Dialect.CURRENT): "Provision, Suspend, Close, Activate, Unlock, Token, Purge, Sync, Import, "
    "AddContacts, ForceMove",
}


@pytest.mark.parametrize(("kind", "dialect"), CONTRACT)
def test_actions_are_those_of_the_contract(kind: str, dialect: Dialect) -> None:
    assert ", ".join(actions(dialect, kind)) == CONTRACT[kind, dialect]


def test_action_is_sent_as_the_documents_spell_it() -> None:
    assert wire_action(Dialect.CURRENT, "mailbox", "forcemove") == "ForceMove"


@pytest.mark.parametrize(
    ("kind", "action"), [("domain", "Suspend"), ("package", "Delete"), ("calendar", "Sync")]
)
def test_action_that_the_dialect_lacks_is_refused(kind: str, action: str) -> None:
    with pytest.raises(SynaqError, match=action) as caught:
        wire_action(Dialect.LEGACY, kind, action)
    assert caught.value.meaning is Meaning.UNSUPPORTED


def test_legacy_refuses_the_flags_of_a_migration(legacy: Client) -> None:
    with pytest.raises(SynaqError, match="expect_migration"):
        legacy.packages.create("O", "SYN-CMS", [], expect_migration=True)


def test_legacy_refuses_hashed_passwords(legacy: Client) -> None:
    with pytest.raises(SynaqError, match="ssha_password"):
        legacy.mailboxes.create("D", {"email_local": "a", "last_name": "b", "ssha_password": "{SSHA256}x"})
