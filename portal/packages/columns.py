"""The columns of the list of packages."""

from __future__ import annotations

from django.http import HttpRequest

from portal import access, roles
from portal.tables import Column, Table

_COLUMNS = (
    Column("package", "Package", lambda row: str(row["package"]), sort="code", first=True),
    Column("code", "Code", lambda row: row["package"].code, under=True),
    Column("company", "Company", lambda row: row["package"].ou.title),
    Column("domains", "Domains", lambda row: row["domains"], num=True),
    Column("state", "State", lambda row: row["package"].state, sort="state", first=True),
    Column("guid", "GUID", lambda row: row["package"].guid, extra=True),
    Column("as_at", "As at", lambda row: row["package"].as_at, sort="as_at"),
)


def table(request: HttpRequest) -> Table:
    """The list as this person looks at it."""
    sees_domains = access.grants(request).has(roles.SEE_DOMAINS)
    return Table(request, "packages", [row for row in _COLUMNS if sees_domains or row.name != "domains"])
