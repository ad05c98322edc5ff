"""The columns of the list of mailboxes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access, roles
from portal.tables import Column, Table
from provisioning.models import Mailbox


def name_of(mailbox: Mailbox) -> str:
    """Whose it is, as far as SYNAQ says."""
    return mailbox.display_name or f"{mailbox.first_name} {mailbox.last_name}".strip()


def cells(found: list[Mailbox]) -> list[dict[str, Any]]:
    """Rows for a file."""
    return [{"mailbox": mailbox, "name": name_of(mailbox)} for mailbox in found]


_COLUMNS = (
    Column("address", "Address", lambda row: row["mailbox"].email, sort="email", first=True),
    Column("name", "Name", lambda row: row["name"], under=True),
    Column("state", "State", lambda row: row["mailbox"].state, sort="state", first=True),
    Column("locked", "Locked", lambda row: row["mailbox"].account_locked, under=True, first=True),
    Column("edition", "Edition", lambda row: row["mailbox"].edition_code, sort="edition_code"),
    Column("domain", "Domain", lambda row: row["mailbox"].domain.name),
    Column("company", "Company", lambda row: row["mailbox"].ou.title, under=True),
    Column("guid", "GUID", lambda row: row["mailbox"].guid, extra=True),
    Column("as_at", "As at", lambda row: row["mailbox"].as_at, sort="as_at"),
)


def table(request: HttpRequest) -> Table:
    """The list as this person looks at it."""
    sees_ous = access.grants(request).has(roles.SEE_OUS)
    return Table(request, "mailboxes", [row for row in _COLUMNS if sees_ous or row.name != "company"])
