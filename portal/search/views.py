from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from portal.access import SIGNED_IN, policy
from portal.moment import of_one_moment
from portal.search import finder
from portal.typed import search_term

_UNDER_THE_BOX, _ON_THE_PAGE = 5, 20


@policy(SIGNED_IN)
@of_one_moment
def everything(request: HttpRequest) -> HttpResponse:
    """What the one search box finds: a page, or for HTMX the list under the box."""
    term = search_term(request)
    live = bool(request.htmx)  # type: ignore[attr-defined]
    groups = finder.find(request, term, _UNDER_THE_BOX if live else _ON_THE_PAGE)
    context = {
        "page_title": "Search",
        "groups": groups,
        "search_query": term,
        "shortest": finder.SHORTEST,
        "too_short": len(term) < finder.SHORTEST,
    }
    if not live:
        return render(request, "search/list.html", context)
    response = render(request, "search/_found.html", context)
    return trigger_client_event(response, "announce", {"text": _said(groups, term)})


def _said(groups: list[finder.Group], term: str) -> str:
    """For assistive technology."""
    if len(term) < finder.SHORTEST:
        return ""
    counts = ", ".join(f"{len(group.hits)}{'+' if group.more_url else ''} {group.label}" for group in groups)
    return f"Found: {counts}." if counts else "Nothing found."
