"""The columns of the list of companies."""

from __future__ import annotations

from django.http import HttpRequest

from portal.ous import figures
from portal.tables import Column, Table

_COLUMNS = (
    Column("company", "Company", lambda row: row["ou"].title, sort="title", first=True),
    Column("parent", "Under", lambda row: row["over"].title if row["over"] else "", under=True),
    Column("client_ref", "Client reference", lambda row: row["ou"].client_ref, sort="client_ref"),
    Column("packages", "Packages", lambda row: row["packages"], num=True),
    Column("domains", "Domains", lambda row: row["domains"], num=True),
    Column("mailboxes", "Mailboxes", lambda row: row["mailboxes"], num=True),
    Column("state", "State", lambda row: row["ou"].state, first=True),
    Column("troubled", "In error", lambda row: row["troubled"], under=True, first=True),
    Column("locked", "Locked", lambda row: row["locked"], under=True, first=True),
    Column("guid", "GUID", lambda row: row["ou"].guid, extra=True),
    Column("as_at", "As at", lambda row: row["ou"].as_at, sort="as_at"),
)


def table(request: HttpRequest) -> Table:
    """The list as this person looks at it; counts of what they see nowhere are left out."""
    sees = figures.sees(request)
    return Table(request, "companies", [row for row in _COLUMNS if sees.get(row.name, True)])
