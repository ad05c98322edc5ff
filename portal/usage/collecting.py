"""Collect now: which domains of a selection a person may have counted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from portal import access
from portal.usage.asked import Asked
from provisioning.collecting import COUNTED_STATES, OPERATION, SOMETHING_SOLD
from provisioning.models import Connection, Domain, UsageRun
from provisioning.operations import OPERATIONS
from provisioning.services import usage as services

WHY_NOT = "Asking SYNAQ to count is for support. All domains are counted each night by themselves."


@dataclass(frozen=True)
class Share:
    """The domains of one connection: each has a run of its own."""

    connection: Connection
    domains: list[Domain]


def may(request: HttpRequest) -> bool:
    return access.grants(request).has(OPERATIONS[OPERATION].permission)


def selection(asked: Asked) -> QuerySet[Domain]:
    """What the filters leave of the domains in service that the person may have counted. Editions do not narrow it:
    SYNAQ counts all of a domain."""
    found = access.domains_to_count(asked.request).filter(
        asked.domains, ou__in=asked.companies.order_by().values("pk"), gone_at=None, state__in=COUNTED_STATES
    )
    return found.filter(SOMETHING_SOLD).distinct()


def shares(asked: Asked) -> list[Share]:
    rows = selection(asked).select_related("ou", "connection").order_by("connection_id", "name", "id")
    return [Share(some[0].connection, some) for _, group in groupby(rows, lambda row: row.connection_id)
            if (some := list(group))]  # fmt: skip


def begin(asked: Asked, *, by: Any, submission: uuid.UUID) -> list[UsageRun]:
    """One run a connection; the same form sent twice is the same runs. Raises Refused where there is nothing to count."""
    found = shares(asked)
    if not found:
        raise services.Refused("There is no domain in service to count among these.")
    return [
        services.collect(
            share.domains, by=by, submission=uuid.uuid5(submission, str(number)) if number else submission
        )
        for number, share in enumerate(found)
    ]
