"""The columns of the list of people."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from portal import access
from portal.accounts import held
from portal.accounts.models import Membership, Person
from portal.accounts.second_factor import FACTORS
from portal.tables import Column, Table


def cells(request: HttpRequest, found: list[Person]) -> list[dict[str, Any]]:
    """Rows for the page and for files: of all that somebody holds, what the viewer sees of it."""
    seen = (
        access.memberships(request).filter(person__in=found).select_related("ou").order_by("ou__path", "role")
    )
    by_person: dict[int, list[Membership]] = defaultdict(list)
    for row in seen:
        by_person[row.person_id].append(row)
    known = held.find_all({row.role for row in seen})
    safe = set(Authenticator.objects.filter(user__in=found, type__in=FACTORS).values_list("user", flat=True))
    return [
        {
            "person": person,
            "held": [
                {"role": known[row.role].label if row.role in known else row.role, "ou": row.ou}
                for row in by_person[person.pk]
            ],
            "factor": person.pk in safe,
        }
        for person in found
    ]


def _roles(row: dict[str, Any]) -> str:
    return "; ".join(f"{one['role']} at {one['ou'].title}" for one in row["held"])


_COLUMNS = (
    Column("address", "Address", lambda row: row["person"].email, sort="email", first=True),
    Column("name", "Name", lambda row: row["person"].name, sort="name"),
    Column("roles", "Roles", _roles),
    Column("factor", "Second factor", lambda row: "set up" if row["factor"] else "none"),
    Column("last", "Last sign-in", lambda row: row["person"].last_login),
    Column("since", "Here since", lambda row: row["person"].date_joined, sort="date_joined", extra=True),
)


def table(request: HttpRequest) -> Table:
    """The list as this person looks at it."""
    return Table(request, "people", _COLUMNS)
