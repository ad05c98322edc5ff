from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal import inflight, roles
from portal.access import policy
from portal.activity import present
from portal.attention import causes
from portal.http import live_page
from portal.moment import of_one_moment


@policy(roles.SEE_ACTIVITY)
@of_one_moment
def attention(request: HttpRequest) -> HttpResponse:
    """What needs a person, by cause, each with its one next step; then what is in flight."""
    stuck = causes.is_stuck(request)
    doing, doing_count = causes.in_flight(request, stuck)
    found = causes.found(request, stuck)
    context = {
        "page_title": "Attention",
        "causes": found,
        "doing": present.rows(doing),
        "doing_count": doing_count,
    }
    shown = inflight.together(doing, inflight.known_before(request))
    return live_page(
        request,
        "attention/list.html",
        "attention/_list.html",
        context,
        shown,
        moving=doing_count > 0 or any(cause.name == "stuck" for cause in found),
    )
