"""The two generations of the API, and what each lacks (contract, "Actions" and the tables of calls)."""

from __future__ import annotations

from enum import StrEnum

from provisioning.synaq.errors import SynaqError
from provisioning.synaq.meanings import Meaning


class Dialect(StrEnum):
    """Which generation of the API a connection talks to."""

    LEGACY = "legacy"
    CURRENT = "current"


# Things that only one dialect has; whatever is not named here exists in both.
ONLY: dict[str, Dialect] = {
    "ous.create_subreseller": Dialect.LEGACY,
    "ous.update": Dialect.CURRENT,
    "ous.list": Dialect.CURRENT,
    "ous.find_reseller": Dialect.CURRENT,
    "domains.list": Dialect.CURRENT,
    "mailboxes.list": Dialect.CURRENT,
    "usage.detailed": Dialect.CURRENT,
    "packages.unlink": Dialect.CURRENT,
    "packages.create.editions": Dialect.LEGACY,
    "packages.create.expect_migration": Dialect.CURRENT,
    "packages.create.expect_domain_move": Dialect.CURRENT,
    "packages.create_domain.provision_immediately": Dialect.LEGACY,
    "mailbox.ssha_password": Dialect.CURRENT,
}

_LEGACY_ACTIONS: dict[str, tuple[str, ...]] = {
    "domain": ("Provision", "Close", "Activate", "Delete", "Usage"),
    "package": ("Provision", "Close", "Activate"),
    "mailbox": ("Provision", "Suspend", "Close", "Activate", "Unlock"),
}
_CURRENT_ADDS: dict[str, tuple[str, ...]] = {
    "domain": ("Suspend", "Refresh", "Update", "Purge", "Prune", "Move", "Token", "AppUsage"),
    "package": ("Suspend", "Cancel"),
    "mailbox": ("Token", "Purge", "Sync", "Import", "AddContacts", "ForceMove"),
}


def offers(dialect: Dialect, thing: str) -> bool:
    """Whether this dialect has the call or field named as in `ONLY`."""
    return ONLY.get(thing, dialect) is dialect


def require(dialect: Dialect, thing: str) -> None:
    """Raise an unsent `SynaqError` unless the dialect has this call or field."""
    if not offers(dialect, thing):
        raise unsupported(f"The {dialect} dialect of the SYNAQ API has no {thing}.")


def actions(dialect: Dialect, kind: str) -> tuple[str, ...]:
    """The wire names of the actions that this dialect documents for a domain, package or mailbox."""
    added = _CURRENT_ADDS.get(kind, ()) if dialect is Dialect.CURRENT else ()
    return _LEGACY_ACTIONS.get(kind, ()) + added


def wire_action(dialect: Dialect, kind: str, action: str) -> str:
    """The action's name as the documents spell it, or an unsent `SynaqError` if this dialect lacks it."""
    for name in actions(dialect, kind):
        if name.lower() == action.lower():
            return name
    raise unsupported(f"The {dialect} dialect of the SYNAQ API has no action {action} on a {kind}.")


def unsupported(message: str) -> SynaqError:
    """The error for what is not sent because no document names it."""
    return SynaqError(Meaning.UNSUPPORTED, message)
