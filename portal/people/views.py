from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal import access, listing, roles
from portal.access import policy
from portal.accounts import membership, second_factor, sessions
from portal.accounts.models import Invitation, Membership, Person
from portal.moment import of_one_moment
from portal.people import columns, finder, standing
from portal.trail import present as trail

MOST = 10


@policy(roles.SEE_PEOPLE)
@of_one_moment
def people(request: HttpRequest) -> HttpResponseBase:
    """Who has access, within scope."""
    asked, table = finder.wanted(request), columns.table(request)
    found = finder.found(request, asked)
    if table.wanted_file:
        return table.file(found, lambda some: columns.cells(request, some))
    page = table.page(found)
    waiting = access.invitations(request).filter(accepted_at=None, withdrawn_at=None)
    context = {
        "page_title": "People",
        "table": table,
        "page": page,
        "rows": columns.cells(request, page.rows),
        "wanted": asked,
        "roles": finder.known_roles(request),
        "chips": finder.chips(request, asked),
        "clear_url": reverse("people:list"),
        "waiting": waiting.count(),
        "invite_url": _invite_url(request, asked.ou),
    }
    return render(request, "people/list.html", context)


def _invite_url(request: HttpRequest, guid: str) -> str:
    """Where somebody is invited: to the OU that the list is of, else with the choice of one."""
    if not access.grants(request).has(roles.CHANGE_PEOPLE):
        return ""
    known = guid and access.ous_to_staff(request).filter(guid=guid).exists()
    return reverse("people:invite", args=[guid]) if known else reverse("people:invite_where")


@policy(roles.SEE_PEOPLE)
@of_one_moment
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what they hold where the viewer sees people, how they sign in, what they did last."""
    row = get_object_or_404(access.people(request), pk=pk)
    rows = [_held(request, one) for one in standing.memberships(request, row)]
    held = access.grants(request)
    context = {
        "page_title": str(row),
        "pretitle": "Person",
        "subtitle": row.email if row.name else "",
        "crumbs": [("People", reverse("people:list"))],
        "person": row,
        "rows": rows,
        "factor": second_factor.has_one(row),
        "factor_required": second_factor.is_required(row),
        "sessions": sessions.count(row),
        "may_give": held.has(roles.CHANGE_PEOPLE),
        "may_remove": any(one["may_take"] for one in rows),
        "may_reset": standing.may_reset(request, row),
        **_done(request, row),
    }
    return render(request, "people/detail.html", context)


def _held(request: HttpRequest, row: Membership) -> dict[str, Any]:
    return {
        "row": row,
        "label": membership.label_of(row.role),
        "may_take": membership.may_take(access.grants(request), row),
        "sees_ou": access.grants(request).has_on(roles.SEE_OUS, row.ou),
    }


def _done(request: HttpRequest, row: Person) -> dict[str, Any]:
    """What they did last, for those who read the trail."""
    if not access.grants(request).has(roles.SEE_AUDIT):
        return {}
    entries = access.audit(request).filter(by=row).select_related("by", "acting_as", "ou").order_by("-id")
    return {
        "entries": trail.rows(list(entries[:MOST])),
        "trail_url": f"{reverse('trail:list')}?{urlencode({'person': row.email})}",
    }


@policy(roles.SEE_PEOPLE)
@of_one_moment
def invitations(request: HttpRequest) -> HttpResponse:
    """Everybody who was invited, the newest first, and what came of it."""
    found = access.invitations(request).select_related("ou", "by", "accepted_by")
    page = listing.page(request, found, "-id")
    context = {
        "page_title": "Invitations",
        "crumbs": [("People", reverse("people:list"))],
        "page": page,
        "rows": [_asked(request, row) for row in page.rows],
        "may_invite": access.grants(request).has(roles.CHANGE_PEOPLE),
    }
    return render(request, "people/invitations.html", context)


def _asked(request: HttpRequest, row: Invitation) -> dict[str, Any]:
    return {
        "invitation": row,
        "label": membership.label_of(row.role),
        "word": standing.word(row),
        "may": standing.may_send(request, row),
    }
