"""The list of the audit trail: what it is filtered by, and its columns as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

from portal import access, filters
from portal.accounts.models import Person
from portal.tables import Column, Table
from portal.typed import search_term
from provisioning.audit import KINDS
from provisioning.models import OU, AuditEntry

OBJECTS = ("ou", "package", "domain", "mailbox")
_MOST_COMPANIES = 50


@dataclass(frozen=True)
class Wanted:
    """The filters in the address. `kind`: a kind or a group of kinds; `since` and `until`: days as typed."""

    query: str
    person: str
    kind: str
    company: str
    thing: tuple[str, str] | None
    since: str
    until: str
    problems: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return any((self.query, self.person, self.kind, self.company, self.thing, self.since, self.until))


def groups() -> dict[str, list[Any]]:
    """The kinds by their group, in the table's order."""
    found: dict[str, list[Any]] = {}
    for kind in KINDS.values():
        found.setdefault(kind.group, []).append(kind)
    return found


def wanted(request: HttpRequest) -> Wanted:
    """Read the filters; what nobody knows is no filter, and a day that is none is told."""
    kind = request.GET.get("kind", "")
    name, _, guid = search_term(request, "object").partition(":")
    since, until = search_term(request, "since"), search_term(request, "until")
    problems = [
        f"{label}: type a day such as {timezone.localdate().isoformat()}, not “{said}”."
        for label, said in (("From", since), ("To", until))
        if said and _day(said) is None
    ]
    return Wanted(
        query=search_term(request),
        person=search_term(request, "person"),
        kind=kind if kind in KINDS or kind in groups() else "",
        company=search_term(request, "company"),
        thing=(name, guid) if guid and name.isalpha() else None,
        since=since,
        until=until,
        problems=problems,
    )


def _day(said: str) -> datetime | None:
    """Its first moment, in the portal's zone."""
    try:
        day = parse_date(said)
    except ValueError:
        return None
    if day is None or not 2000 <= day.year <= 2200:
        return None
    return timezone.make_aware(datetime.combine(day, time.min))


def found(request: HttpRequest, asked: Wanted) -> QuerySet[AuditEntry]:
    """The entries in scope that match."""
    rows = access.audit(request).select_related("by", "acting_as", "ou")
    since, until = _day(asked.since), _day(asked.until)
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until + timedelta(days=1))
    if asked.kind:
        names = [kind.name for kind in groups().get(asked.kind, [])] or [asked.kind]
        rows = rows.filter(kind__in=names)
    if asked.person:
        people = _people(asked.person)
        rows = rows.filter(Q(by__in=people) | Q(acting_as__in=people))
    if asked.company:
        rows = rows.filter(_under(request, asked.company))
    if asked.thing:
        rows = rows.filter(_about(*asked.thing))
    return rows.filter(_named(asked.query)) if asked.query else rows


def until_now(rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """For a file, which is read while it is sent: without what is written meanwhile, that it was taken among it."""
    latest = rows.order_by("-pk").values_list("pk", flat=True).first()
    return rows.filter(pk__lte=latest or 0)


def _people(term: str) -> QuerySet[Any]:
    named = Person.objects.filter(Q(email__icontains=term) | Q(name__icontains=term))
    return named.values("pk")


def _under(request: HttpRequest, term: str) -> Q:
    """Of the companies of that name or GUID, and of all below them."""
    named = access.audited_ous(request).filter(Q(guid=term) | Q(title__istartswith=term))
    where = Q(pk__in=[])
    for path in named.order_by("path").values_list("path", flat=True)[:_MOST_COMPANIES]:
        where |= Q(ou__path__startswith=path)
    return where


def _about(kind: str, guid: str) -> Q:
    """Of one thing, the action that made it included."""
    return Q(object_kind=kind, object_guid=guid) | Q(action__result_kind=kind, action__result_guid=guid)


def _named(query: str) -> Q:
    known = Q(object_kind__in=OBJECTS, object_guid=query)
    return Q(object_title__istartswith=query) | known | Q(request_id=query)


def chips(request: HttpRequest, asked: Wanted) -> list[dict[str, str]]:
    """The filters in force."""
    kind = KINDS[asked.kind].label if asked.kind in KINDS else asked.kind
    shown = {
        "q": ("Search", asked.query),
        "person": ("Person", asked.person),
        "kind": ("Kind", kind),
        "company": ("Company", asked.company),
        "object": ("Object", " ".join(asked.thing or ())),
        "since": ("From", asked.since),
        "until": ("To", asked.until),
    }
    return filters.chips(request, {name: said for name, said in shown.items() if said[1]})


def label(entry: AuditEntry) -> str:
    kind = KINDS.get(entry.kind)
    return kind.label if kind else entry.kind


def _values(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else ""


_COLUMNS = (
    Column("at", "At", lambda row: row.at, sort="id"),
    Column("kind", "Kind", label),
    Column("by", "By", lambda row: str(row.by) if row.by else "The portal"),
    Column("address", "Address", lambda row: row.by.email if row.by else ""),
    Column("as", "Looking as", lambda row: str(row.acting_as) if row.acting_as else ""),
    Column("object", "Object", lambda row: row.object_kind),
    Column("title", "Name", lambda row: row.object_title),
    Column("guid", "GUID", lambda row: row.object_guid),
    Column("company", "For", lambda row: row.ou.title if row.ou else ""),
    Column("reason", "Reason", lambda row: row.reason),
    Column("text", "Said", lambda row: row.text),
    Column("old", "Old values", lambda row: _values(row.old)),
    Column("new", "New values", lambda row: _values(row.new)),
    Column("action", "Action", lambda row: row.action_id),
    Column("batch", "Batch", lambda row: row.batch_id),
    Column("request", "Request", lambda row: row.request_id),
    Column("number", "Entry", lambda row: row.pk),
)


def table(request: HttpRequest) -> Table:
    """The list, newest first unless asked otherwise; the columns are those of its files."""
    return Table(request, "audit", _COLUMNS, newest=True)


def ou_of(request: HttpRequest, entry: AuditEntry) -> OU | None:
    """Its OU, if the viewer may open the page of it."""
    if entry.ou_id is None or not access.ous(request).filter(pk=entry.ou_id).exists():
        return None
    return entry.ou
