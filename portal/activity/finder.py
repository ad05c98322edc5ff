"""The list of actions: what it is filtered by, and its columns as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal import access, filters
from portal.http import label
from portal.tables import Column, Table
from portal.typed import search_term
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS

STATES = {
    "open": ("In progress", Q(state__in=["queued", "sending", "waiting"])),
    "unconfirmed": ("Unconfirmed", Q(state="unconfirmed")),
    "failed": ("Failed", Q(state="failed")),
    "finished": ("Finished", Q(state="finished")),
    "cancelled": ("Cancelled", Q(state="cancelled")),
}
AGES = {
    "1h": ("In the last hour", timedelta(hours=1)),
    "1d": ("In the last day", timedelta(days=1)),
    "7d": ("In the last week", timedelta(days=7)),
    "30d": ("In the last 30 days", timedelta(days=30)),
}


@dataclass(frozen=True)
class Wanted:
    """The filters in the address. `by`: "me", or a person's number; `company`: the OUs of that GUID in scope."""

    query: str
    state: str
    operation: str
    age: str
    by: str
    company: list[OU]

    @property
    def any(self) -> bool:
        return bool(self.query or self.state or self.operation or self.age or self.by or self.company)


def wanted(request: HttpRequest) -> Wanted:
    """Read the filters; what nobody knows is no filter."""

    def known(name: str, among: Any) -> str:
        said = request.GET.get(name, "")
        return said if said in among else ""

    by = request.GET.get("by", "")
    return Wanted(
        query=search_term(request),
        state=known("state", STATES),
        operation=known("operation", OPERATIONS),
        age=known("age", AGES),
        by=by if by == "me" or (by.isascii() and by.isdigit() and len(by) < 19) else "",
        company=_company(request),
    )


def _company(request: HttpRequest) -> list[OU]:
    guid = search_term(request, "company")
    return list(access.ous(request).filter(guid=guid).order_by("pk")) if guid else []


def found(request: HttpRequest, asked: Wanted) -> QuerySet[Action]:
    """The actions in scope that match."""
    rows = access.actions(request).select_related("by", "ou")
    if asked.state:
        rows = rows.filter(STATES[asked.state][1])
    if asked.operation:
        rows = rows.filter(operation=asked.operation)
    if asked.age:
        rows = rows.filter(asked_at__gte=timezone.now() - AGES[asked.age][1])
    if asked.by:
        rows = rows.filter(by=access.viewer(request).pk if asked.by == "me" else int(asked.by))
    if asked.company:
        rows = rows.filter(reduce(or_, (Q(ou__path__startswith=ou.path) for ou in asked.company)))
    return rows.filter(_named(asked.query)) if asked.query else rows


def _named(query: str) -> Q:
    numbered = Q(pk=int(query)) if query.isascii() and query.isdigit() and len(query) < 19 else Q()
    return Q(title__istartswith=query) | Q(guid=query) | Q(result_guid=query) | Q(remote_id=query) | numbered


def tabs(request: HttpRequest, asked: Wanted) -> list[dict[str, object]]:
    """The states, one of them chosen."""
    kept = request.GET.copy()
    lines = []
    for name, said in [("", "All"), *((name, row[0]) for name, row in STATES.items())]:
        for gone in ("state", *filters.CURSORS):
            kept.pop(gone, None)
        if name:
            kept["state"] = name
        lines.append(
            {"label": said, "url": f"{request.path}?{kept.urlencode()}", "active": asked.state == name}
        )
    return lines


def chips(request: HttpRequest, asked: Wanted) -> list[dict[str, str]]:
    """The filters in force, except the state, which is a tab."""
    shown = {"q": ("Search", asked.query)} if asked.query else {}
    if asked.operation:
        row = OPERATIONS[asked.operation]
        shown["operation"] = ("Operation", f"{row.label} ({row.kind})")
    if asked.age:
        shown["age"] = ("Asked", AGES[asked.age][0].lower())
    if asked.by:
        shown["by"] = ("By", "me" if asked.by == "me" else _name_of(request, asked.by))
    if asked.company:
        shown["company"] = ("For", asked.company[0].title)
    return filters.chips(request, shown)


def _name_of(request: HttpRequest, number: str) -> str:
    """A person's name, told by one of the actions in scope; else the number that was typed."""
    row = access.actions(request).filter(by=int(number)).select_related("by").first()
    return str(row.by) if row else number


_COLUMNS = (
    Column("asked", "Asked for at", lambda row: row.asked_at, sort="id"),
    Column("state", "State", lambda row: row.state),
    Column("operation", "Operation", label),
    Column("what", "What", lambda row: row.title),
    Column("kind", "Kind", lambda row: row.result_kind or row.kind),
    Column("guid", "GUID", lambda row: row.result_guid if row.result_kind else row.guid),
    Column("company", "For", lambda row: row.ou.title),
    Column("by", "Asked for by", lambda row: str(row.by) if row.by else "The portal"),
    Column("reason", "Reason", lambda row: row.reason),
    Column("words", "SYNAQ's words", lambda row: row.words),
    Column("ended", "Ended at", lambda row: row.ended_at),
    Column("remote", "SYNAQ's action", lambda row: row.remote_id),
    Column("number", "Action", lambda row: row.pk),
)


def table(request: HttpRequest) -> Table:
    """The list, newest first unless asked otherwise. Its page is made of lines; the columns are those of its files."""
    return Table(request, "activity", _COLUMNS, newest=True)
