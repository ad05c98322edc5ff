"""The list that support lives in: what it is searched and filtered by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import access, creations, filters
from portal.typed import search_term
from provisioning.models import Action, Mailbox

STATES = (
    "active",
    "inactive",
    "pending",
    "suspended",
    "closed",
    "stale",
    "error",
    "failed",
    "deleted",
    "orphaned",
)
_MOST_WAYS = 200


@dataclass(frozen=True)
class Wanted:
    """The filters in the address; "" where there is none. `domain` and `company` are GUIDs."""

    query: str
    state: str
    domain: str
    company: str
    locked: bool

    @property
    def any(self) -> bool:
        return bool(self.query or self.state or self.domain or self.company or self.locked)


def wanted(request: HttpRequest) -> Wanted:
    """Read the filters."""
    texts = {name: search_term(request, name) for name in ("state", "domain", "company")}
    return Wanted(query=search_term(request), locked=request.GET.get("locked") == "1", **texts)


def found(request: HttpRequest, asked: Wanted) -> QuerySet[Mailbox]:
    """The mailboxes in scope that match."""
    rows = access.mailboxes(request).select_related("ou", "domain", "connection")
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.locked:
        rows = rows.filter(account_locked=True)
    if asked.domain:
        rows = rows.filter(domain__guid=asked.domain)
    if asked.company:
        rows = rows.filter(ou__guid=asked.company)
    if not asked.query:
        return rows.filter(gone_at=None)
    one = rows.filter(guid=asked.query)
    return one if one.exists() else rows.filter(_matches(request, asked.query), gone_at=None)


def _matches(request: HttpRequest, query: str) -> Q:
    """Addresses that begin so; of what has no @, also all of a domain or company whose name begins so."""
    begins = Q(email__startswith=query) | Q(email__startswith=query.lower())
    local, at, domain = query.rpartition("@")
    if at and local:
        return begins
    named = access.mailboxes(request).filter(domain__name__startswith=(domain if at else query).lower())
    ways = Q(domain__in=_pks(named, "domain_id"))
    if at:
        return ways
    titled = access.companies(request).filter(title__istartswith=query)
    return begins | ways | Q(ou__in=_pks(titled, "pk"))


def _pks(rows: QuerySet[Any], name: str) -> list[int]:
    """Looked up first: the search itself is then served by indexes alone."""
    return list(rows.order_by().values_list(name, flat=True).distinct()[:_MOST_WAYS])


def asked_for(request: HttpRequest, asked: Wanted) -> list[Action]:
    """Mailboxes that were asked for and do not exist yet, as far as the filters let them be told."""
    if asked.state or asked.locked:
        return []
    where: dict[str, Any] = {}
    if asked.domain:
        where |= {"kind": "domain", "guid": asked.domain}
    if asked.company:
        where["ou__guid"] = asked.company
    if asked.query:
        where["title__istartswith"] = asked.query
    return creations.pending(request, "mailbox", **where)


def chips(request: HttpRequest, asked: Wanted) -> list[dict[str, str]]:
    """The filters in force."""
    shown = {}
    if asked.query:
        shown["q"] = ("Search", asked.query)
    if asked.state:
        shown["state"] = ("State", asked.state)
    if asked.locked:
        shown["locked"] = ("Only", "locked")
    if asked.domain:
        shown["domain"] = ("Domain", _named(request, "domain__guid", asked.domain, "domain__name"))
    if asked.company:
        shown["company"] = ("Company", _named(request, "ou__guid", asked.company, "ou__title"))
    return filters.chips(request, shown)


def _named(request: HttpRequest, way: str, guid: str, name: str) -> str:
    """What a domain or company is called, told by one of its mailboxes: that is in everybody's scope who asks."""
    mailbox = access.mailboxes(request).filter(**{way: guid}).order_by().values_list(name, flat=True).first()
    return str(mailbox or guid)
