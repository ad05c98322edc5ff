"""Where a package stands: whose it is, and what can be asked for on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access, inflight, roles
from portal.activity import present, timeline
from provisioning.models import OU, Action, Package
from provisioning.operations import OPERATIONS, Operation, of_kind

DELETE = "package.delete"
ICONS = {
    "package.provision": "rocket",
    "package.close": "player-pause",
    "package.activate": "player-play",
    DELETE: "trash",
}


def bare_operations() -> dict[str, Operation]:
    """What a package can simply be told to do, by the last part of its name: the bare actions of the table."""
    return {row.name.partition(".")[2]: row for row in of_kind("package") if row.wire}


def buttons(request: HttpRequest, package: Package, actions: list[Action]) -> list[dict[str, Any]]:
    """What the person may ask for on its page. `why_not`: the state forbids it, or it is under way already; what the
    connection's dialect has not got is left out."""
    dialect = package.connection.dialect
    routes = {
        row.name: reverse("packages:do", args=[package.guid, name])
        for name, row in bare_operations().items()
        if dialect in row.dialects
    }
    routes[DELETE] = reverse("packages:delete", args=[package.guid])
    running = {action.operation for action in actions if action.is_open and action.kind == "package"}
    offered = [] if package.gone_at else present.buttons(request, package, routes)
    for button in offered:
        button["icon"] = ICONS.get(button["operation"], "send")
        if button["operation"] in running:
            button["why_not"] = f"{button['label']} is under way already."
    return offered


def failure(package: Package, actions: list[Action]) -> dict[str, Any] | None:
    """The latest that was asked of the package itself, if it failed and the state still asks for it."""
    own = [action for action in actions if action.kind == "package" and not action.result_kind]
    failed = inflight.latest_failure(own)
    if failed is None or failed.operation not in OPERATIONS:
        return None
    if OPERATIONS[failed.operation].why_not(package, package.connection.dialect):
        return None
    return timeline.failed(failed)


def teardown_url(request: HttpRequest, package: Package) -> str:
    """Where the package goes with all that is on it, if the person may."""
    may = not package.gone_at and access.may(request, OPERATIONS[DELETE], package.ou)
    return reverse("batches:teardown", args=["package", package.guid]) if may else ""


def crumbs(request: HttpRequest, ou: OU) -> list[tuple[str, str]]:
    """The way to its packages: through the company, for those who may open that."""
    url = company_url(request, ou)
    return (
        [("Companies", reverse("ous:list")), (ou.title, url)]
        if url
        else [("Packages", reverse("packages:list"))]
    )


def company_url(request: HttpRequest, ou: OU) -> str:
    """The company's page, if the person may open it."""
    sees = access.grants(request).has_on(roles.SEE_OUS, ou)
    return reverse("ous:detail", args=[ou.guid]) if sees else ""
