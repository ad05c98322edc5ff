from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal import access, roles
from portal.access import policy
from portal.moment import of_one_moment
from portal.trail import finder, present


@policy(roles.SEE_AUDIT)
@of_one_moment
def entries(request: HttpRequest) -> HttpResponseBase:
    """Who did what, newest first, within scope."""
    asked, table = finder.wanted(request), finder.table(request)
    found = finder.found(request, asked)
    if table.wanted_file:
        return table.file(finder.until_now(found), list)
    page = table.page(found)
    context = {
        "page_title": "Audit trail",
        "table": table,
        "page": page,
        "rows": present.rows(page.rows),
        "wanted": asked,
        "groups": finder.groups(),
        "chips": finder.chips(request, asked),
        "clear_url": reverse("trail:list"),
    }
    return render(request, "trail/list.html", context)


@policy(roles.SEE_AUDIT)
@of_one_moment
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry: who, as whom, what, when, why; old beside new."""
    found = access.audit(request).select_related("by", "acting_as", "ou", "action", "batch")
    row = get_object_or_404(found, pk=pk)
    context = {
        "page_title": finder.label(row),
        "pretitle": f"Entry {row.pk}",
        "subtitle": row.text,
        "crumbs": [("Audit trail", reverse("trail:list"))],
        "entry": row,
        "noun": present.noun(row.object_kind),
        "values": present.values(row),
        **present.links(request, row),
    }
    return render(request, "trail/detail.html", context)
