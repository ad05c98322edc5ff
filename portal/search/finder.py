"""One box for everything: address, domain, company, GUID, client reference, number of an action.

Only within scope, and only by what an index answers: beginnings, any word of a company's name, whole numbers. A search
"somewhere inside" costs 150 times as much at 100,000 mailboxes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal import access, named, roles, staging
from portal.activity import present
from portal.domains import names
from portal.http import label
from provisioning.models import OU, Action

SHORTEST = 2
_GUID_BEGINNING = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{5,35}")
_KINDS = ("ou", "package", "domain", "mailbox")


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    title: str
    url: str
    about: str = ""
    state: str = ""
    noun: str = ""
    locked: bool = False
    connection_id: int | None = None


@dataclass(frozen=True)
class Group:
    """Hits of one kind; `more_url` leads to the whole list where there are more."""

    label: str
    icon: str
    hits: list[Hit] = field(default_factory=list)
    more_url: str = ""


def find(request: HttpRequest, term: str, most: int) -> list[Group]:
    """What is found, by kind; kinds without a hit are left out."""
    if len(term) < SHORTEST:
        return []
    held = access.grants(request)
    groups = [way(request, term, most) for permission, way in _WAYS if held.has(permission)]
    return [group for group in groups if group.hits]


def _group(
    title: tuple[str, str],
    found: QuerySet[Any],
    most: int,
    hit: Callable[[Any], Hit],
    more: tuple[str, dict[str, str]],
) -> Group:
    rows = list(found[: most + 1])
    route, query = more
    more_url = f"{reverse(route)}?{urlencode(query)}" if len(rows) > most else ""
    hits = [replace(hit(row), connection_id=staging.connection_of(row)) for row in rows[:most]]
    return Group(*title, hits, more_url)


def _is(term: str) -> Q:
    """The thing of that GUID, or of a GUID that begins so."""
    if _GUID_BEGINNING.fullmatch(term):
        return Q(guid__startswith=term) | Q(guid__startswith=term.lower())
    return Q(guid=term)


def _mailboxes(request: HttpRequest, term: str, most: int) -> Group:
    begins = Q(email__startswith=term) | Q(email__startswith=term.lower())
    found = access.mailboxes(request).filter(begins | _is(term), gone_at=None).select_related("ou")

    def hit(row: Any) -> Hit:
        name = row.display_name or f"{row.first_name} {row.last_name}".strip()
        about = " · ".join(part for part in (name, row.ou.title) if part)
        return Hit(row.email, present.url_of(row), about, row.state, "mailbox", row.account_locked)

    return _group(
        ("Mailboxes", "mail"), found.order_by("email", "id"), most, hit, ("mailboxes:list", {"q": term})
    )


def _domains(request: HttpRequest, term: str, most: int) -> Group:
    begins = Q()
    for name in _as_domain(term):
        begins |= Q(name__startswith=name)
    found = access.domains(request).filter(begins | _is(term), gone_at=None).select_related("ou")

    def hit(row: Any) -> Hit:
        about = " · ".join(part for part in (names.in_letters(row.name), row.ou.title) if part)
        return Hit(row.name, present.url_of(row), about, row.state, "domain")

    return _group(
        ("Domains", "world"), found.order_by("name", "id"), most, hit, ("domains:list", {"q": term})
    )


def _as_domain(term: str) -> list[str]:
    """Beginnings of a domain's name that the term may mean: also what stands behind the @, and as it is sent."""
    name = term.rpartition("@")[2].lower().rstrip(".")
    if not name:
        return []
    try:
        sent = names.to_ascii(name)
    except ValidationError:
        return [name]
    return list(dict.fromkeys((name, sent)))


def _companies(request: HttpRequest, term: str, most: int) -> Group:
    found = access.ous(request).select_related("parent").filter(gone_at=None)

    def hit(row: OU) -> Hit:
        kind = "" if row.is_company else row.get_type_display()
        about = " · ".join(part for part in (kind, row.client_ref) if part)
        return Hit(row.title, present.url_of(row), about, row.state, "ou")

    shown = named.companies(found, term, _is(term)).order_by("title", "id")
    return _group(("Companies", "building"), shown, most, hit, ("ous:list", {"q": term}))


def _packages(request: HttpRequest, term: str, most: int) -> Group:
    found = access.packages(request).filter(Q(code__istartswith=term) | _is(term), gone_at=None)

    def hit(row: Any) -> Hit:
        return Hit(str(row), present.url_of(row), row.ou.title, row.state, "package")

    ordered = found.select_related("ou").order_by("code", "id")
    return _group(("Packages", "package"), ordered, most, hit, ("packages:list", {"q": term}))


def _actions(request: HttpRequest, term: str, most: int) -> Group:
    about = Q(kind__in=_KINDS, guid=term) | Q(result_kind__in=_KINDS, result_guid=term)
    where = about | Q(remote_id=term)
    if term.isascii() and term.isdigit() and len(term) < 19:
        where |= Q(pk=int(term))
    found = access.actions(request).filter(where).order_by("-id")

    def hit(row: Action) -> Hit:
        theirs = f"SYNAQ’s action {row.remote_id}" if row.remote_id else ""
        number = " · ".join(part for part in (f"action {row.pk}", theirs) if part)
        return Hit(
            f"{label(row)} {row.title}",
            reverse("activity:detail", args=[row.pk]),
            number,
            row.state,
            "action",
        )

    return _group(("Actions", "activity"), found, most, hit, ("activity:list", {"q": term}))


_WAYS: tuple[tuple[str, Callable[[HttpRequest, str, int], Group]], ...] = (
    (roles.SEE_MAILBOXES, _mailboxes),
    (roles.SEE_DOMAINS, _domains),
    (roles.SEE_OUS, _companies),
    (roles.SEE_PACKAGES, _packages),
    (roles.SEE_ACTIVITY, _actions),
)
