"""How the portal itself is doing, for owners: what is not well first, each with what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal import access, roles
from portal.access import policy
from portal.health import probes, showing
from portal.http import live_page
from provisioning import health


@policy(roles.SEE_HEALTH)
def page(request: HttpRequest) -> HttpResponse:
    """At a glance, and live."""
    links = health.links(access.connections_to_watch(request).order_by("name", "pk"))
    lines = [line for line in probes.lines() if line.name != "connections"]  # that one is about everybody's
    lines.append(health.of_links(links))
    watched = [link.row for link in links]
    context = {
        "page_title": "Health",
        "components": showing.components(lines),
        "overall": showing.overall(lines),
        "links": links,
        "may_open": access.grants(request).has(roles.CHANGE_CONNECTIONS),
        "ledger": showing.ledger(watched, lines),
        "nights": showing.nights(watched),
        "processes": showing.processes(),
        "mail": showing.mail(),
        "versions": showing.versions(),
    }
    return live_page(request, "health/page.html", "health/_page.html", context, moving=True)
