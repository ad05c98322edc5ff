"""What mirrors SYNAQ: OUs, packages, domains, mailboxes, within the viewer's scope."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import get_script_prefix

from portal import roles
from portal.access.granted import below, grants
from provisioning.models import OU, Domain, Mailbox, Package

_NAMED = re.compile(r"/on/([0-9]{1,18})/$")  # put before every address of a page by portal.which


def ous(request: HttpRequest) -> QuerySet[OU]:
    return OU.objects.filter(below(grants(request).paths(roles.SEE_OUS), ""))


def own_company(request: HttpRequest) -> OU | None:
    """The company of one of its own people: somebody who holds something there alone, and sees no other OU."""
    held = grants(request)
    paths = {path for path, _, _ in held.rows}
    if len(paths) != 1 or held.has(roles.SEE_OUS):
        return None
    return OU.objects.filter(path=paths.pop(), type=OU.Type.COMPANY).first()


def companies(request: HttpRequest) -> QuerySet[OU]:
    return ous(request).filter(type=OU.Type.COMPANY)


def packages(request: HttpRequest) -> QuerySet[Package]:
    return Package.objects.filter(below(grants(request).paths(roles.SEE_PACKAGES), "ou__"))


def domains(request: HttpRequest) -> QuerySet[Domain]:
    return Domain.objects.filter(below(grants(request).paths(roles.SEE_DOMAINS), "ou__"))


def mailboxes(request: HttpRequest) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(below(grants(request).paths(roles.SEE_MAILBOXES), "ou__"))


def mailbox_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains on which the person may make mailboxes, though the domain's own pages may be closed to them."""
    return Domain.objects.filter(below(grants(request).paths(roles.CHANGE_MAILBOXES), "ou__"))


class Ambiguous(Exception):
    """Several things of that GUID, each of another connection, are in the viewer's scope: portal.which asks."""

    def __init__(self, found: list[Any]) -> None:
        super().__init__("several things of one GUID")
        self.found = found


def get(queryset: QuerySet[Any], guid: str) -> Any:
    """One thing of a scoped queryset, or 404. Of several with one GUID, that of the connection that the address names."""
    if "\x00" in guid:  # the database refuses to be asked for one
        raise Http404
    rows = queryset.select_related("connection").filter(guid=guid)
    named = _NAMED.search(get_script_prefix())
    found = list(rows.filter(connection=int(named[1])) if named else rows)
    if not found:
        raise Http404
    if len(found) > 1:
        raise Ambiguous(found)
    return found[0]
