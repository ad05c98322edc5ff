"""The columns of the list of domains."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.domains import names
from portal.tables import Column, Table
from provisioning.models import Domain


def cells(found: list[Domain]) -> list[dict[str, Any]]:
    """Rows for a file."""
    return [{"domain": domain, "in_letters": names.in_letters(domain.name)} for domain in found]


_COLUMNS = (
    Column("domain", "Domain", lambda row: row["domain"].name, sort="name", first=True),
    Column("letters", "In letters", lambda row: row["in_letters"], under=True),
    Column("state", "State", lambda row: row["domain"].state, sort="state", first=True),
    Column("company", "Company", lambda row: row["domain"].ou.title),
    Column("packages", "Packages", lambda row: ", ".join(str(one) for one in row["domain"].packages.all())),
    Column("guid", "GUID", lambda row: row["domain"].guid, extra=True),
    Column("as_at", "As at", lambda row: row["domain"].as_at, sort="as_at"),
)


def table(request: HttpRequest) -> Table:
    """The list as this person looks at it."""
    return Table(request, "domains", _COLUMNS)
