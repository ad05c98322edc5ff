"""What the shell around every page needs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from portal import access, outages, roles, staging
from portal.bell import counts
from portal.branding import of
from portal.times import short

_NAV = (
    ("Attention", "attention:list", "alert-circle", roles.SEE_ACTIVITY),
    ("Companies", "ous:list", "building", roles.SEE_OUS),
    ("New customers", "customers:list", "rocket", roles.CHANGE_OUS),
    ("Packages", "packages:list", "package", roles.SEE_PACKAGES),
    ("Domains", "domains:list", "world", roles.SEE_DOMAINS),
    ("Mailboxes", "mailboxes:list", "mail", roles.SEE_MAILBOXES),
    ("Batches", "batches:list", "list-check", roles.SEE_ACTIVITY),
    ("Activity", "activity:list", "activity", roles.SEE_ACTIVITY),
)
_MONEY = (
    ("Usage", "usage:list", "chart-bar", roles.SEE_USAGE),
    ("Prices", "prices:list", "file-text", roles.SEE_USAGE),
    ("Months", "months:list", "receipt-2", roles.SEE_USAGE),
)
# Below the nouns, under a heading: People, Roles, Audit, Connections, Appearance, Health
_PORTAL = (
    ("People", "people:list", "users", roles.SEE_PEOPLE),
    ("Roles", "rights:list", "shield-lock", roles.SEE_PEOPLE),
    ("Audit", "trail:list", "history", roles.SEE_AUDIT),
    ("Connections", "connecting:list", "plug-connected", roles.CHANGE_CONNECTIONS),
    ("Appearance", "branding:list", "brush", roles.CHANGE_BRAND),
    ("Health", "health_page:page", "circle-check", roles.SEE_HEALTH),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """theme, brand; for people besides nav, viewer, acting, role_labels, bell, connection_banner. What is around a page is
    looked up only where a page shows it: fragments do not. An answer made of several templates has one shell."""
    user = getattr(request, "user", None)
    known: tuple[Any, dict[str, Any]] | None = getattr(request, "_shell", None)
    if known is None or known[0] != user:
        known = request._shell = (user, _shell(request))  # type: ignore[attr-defined]
    return known[1]


def _shell(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "auto")
    context: dict[str, Any] = {
        "theme": theme if theme in ("light", "dark", "auto") else "auto",
        "brand": partial(of.for_request, request),
    }
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return context
    held, acting = access.grants(request), access.acting_now(request)
    return context | {
        "viewer": request.user,
        "role_labels": SimpleLazyObject(lambda: [f"looking as {acting.person}"] if acting else held.labels()),
        "nav": SimpleLazyObject(partial(_whole_nav, request, held)),
        "acting": acting,
        "connection_banner": SimpleLazyObject(partial(_banner, request)),
        "staging": SimpleLazyObject(lambda: bool(staging.connections(request))),
        "search_url": reverse("search:all") if held.rows else "",
        "bell": counts.of(request),
        "time_zone": settings.TIME_ZONE,
    }


def _whole_nav(request: HttpRequest, held: access.Grants) -> list[dict[str, Any]]:
    return [
        *_nav(request, held, _NAV),
        *_nav(request, held, _MONEY, "Money"),
        *_nav(request, held, _PORTAL, "Portal"),
    ]


def _nav(
    request: HttpRequest, held: access.Grants, rows: Iterable[tuple[str, ...]], section: str = ""
) -> list[dict[str, Any]]:
    """Those that the person may open, the first under the section's heading."""
    items = [_item(request, *row[:3]) for row in rows if held.has(row[3])]
    return [items[0] | {"section": section}, *items[1:]] if items else []


def _item(request: HttpRequest, label: str, route: str, icon: str) -> dict[str, Any]:
    url = reverse(route)
    return {"label": label, "url": url, "icon": icon, "active": request.path.startswith(url)}


def _banner(request: HttpRequest) -> dict[str, str] | None:
    """A sentence while nothing can be sent to SYNAQ, for those whom it concerns. What SYNAQ said is for support."""
    row = next((row for row in access.connections_behind(request) if row.broken_since), None)
    if row is None or row.broken_since is None:
        return _nobody_works(request)
    last = f" Last: {row.trouble[:200]}" if access.grants(request).has(roles.SEE_DOMAINS) else ""
    return {
        "tone": "warn",
        "title": "SYNAQ does not answer as it should.",
        "text": f"Since {short(row.broken_since)}. What you ask for is kept and sent in order once it answers again.{last}",
    }


def _nobody_works(request: HttpRequest) -> dict[str, str] | None:
    since = outages.nobody_works_since() if access.grants(request).rows else None
    if since is None:
        return None
    text = (
        f"No worker was heard of since {short(since)}. What you ask for is kept, and sent once one is back."
    )
    found = {"tone": "bad", "title": "Nothing is sent to SYNAQ now.", "text": text}
    if access.grants(request).has(roles.SEE_HEALTH):
        found |= {"url": reverse("health_page:page"), "label": "What is wrong"}
    return found
