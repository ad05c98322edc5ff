"""The list of domains: what it is searched and filtered by."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import access, creations, filters
from portal.domains import names
from provisioning.models import Action, Domain

STATES = (
    "active",
    "inactive",
    "pending",
    "stale",
    "error",
    "failed",
    "suspended",
    "closed",
    "deleted",
    "orphaned",
)
_MOST_CODED = 5000


def found(request: HttpRequest, term: str, state: str, company: str) -> QuerySet[Domain]:
    """The domains in scope that match; `company` is a GUID."""
    rows = access.domains(request).select_related("ou", "connection").prefetch_related("packages")
    if company:
        rows = rows.filter(ou__guid=company)
    if state:
        rows = rows.filter(state=state)
    if not term:
        return rows.filter(gone_at=None)
    return rows.filter(Q(_beginning(request, term), gone_at=None) | Q(guid__iexact=term))


def _beginning(request: HttpRequest, term: str) -> Q:
    """Names that begin so, as they are sent or as their owners write them."""
    name = term.lower().rstrip(".")
    if name.isascii():
        return Q(name__startswith=name)
    coded = access.domains(request).filter(name__startswith="xn--").values_list("pk", "name")[:_MOST_CODED]
    return Q(pk__in=[pk for pk, sent in coded if names.in_letters(sent).startswith(name)])


def asked_for(request: HttpRequest, term: str, company: str) -> list[Action]:
    """Domains that were asked for and do not exist yet."""
    where = {"ou__guid": company} if company else {}
    if term:
        where["title__istartswith"] = term
    return creations.pending(request, "domain", **where)


def chips(request: HttpRequest, term: str, state: str, company: str) -> list[dict[str, str]]:
    """The filters in force."""
    shown = {}
    if term:
        shown["q"] = ("Name", term)
    if state:
        shown["state"] = ("State", state)
    if company:
        known = access.companies(request).filter(guid=company).first()
        shown["company"] = ("Company", known.title if known else company)
    return filters.chips(request, shown)
