"""What taking a domain out of service, and ending it, comes to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access, addresses
from portal.activity import present
from provisioning.models import Batch, Domain, Step
from provisioning.operations import KNOWN_STATES, OPERATIONS, Operation

DELETE, REMOVE = OPERATIONS["domain.delete"], OPERATIONS["domain.remove"]
MOST_STEPS = 20
# operation → its page, what else the page's address holds, its icon; each asks before it does anything
_PAGES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "domain.link": ("domains:link", (), "link"),
    "domain.fields": ("domains:fields", (), "settings"),
    "domain.provision": ("domains:provision", (), "rocket"),
    "domain.refresh": ("domains:do", ("refresh",), "circle-check"),
    "domain.close": ("domains:do", ("close",), "archive"),
    "domain.activate": ("domains:do", ("activate",), "player-play"),
    "domain.delete": ("domains:delete", (), "trash"),
}


def icon(name: str) -> str:
    """The sign on an operation's button."""
    return _PAGES[name][2] if name in _PAGES else "plus"


def delete_why_not(domain: Domain) -> str:
    """Why it cannot be deleted, by either of the two steps; else ""."""
    first = REMOVE if only_record(domain) else DELETE
    return first.why_not(domain, domain.connection.dialect)


def only_record(domain: Domain) -> bool:
    """Whether none of its services run, so that only the record is left to remove."""
    return domain.state in (REMOVE.states or ())


def touched(domain: Domain) -> list[str]:
    """What a change of the whole domain touches: each package that is linked."""
    packages = list(domain.packages.filter(gone_at=None).order_by("code", "id"))
    if len(packages) < 2:
        return [f"It is on {package} ({package.code})." for package in packages]
    named = ", ".join(map(str, packages))
    return [f"It is on {len(packages)} packages; all of them are touched: {named}."]


def row_menu(request: HttpRequest, domain: Domain) -> list[dict[str, Any]]:
    """What a row of the list leads to, told by its state alone: whatever the length of the list, nothing is looked up."""
    offered = []
    for name, (route, words, icon) in _PAGES.items():
        operation = OPERATIONS[name]
        if not domain.gone_at and access.may(request, operation, domain.ou) and _fits(operation, domain):
            url = addresses.of(route, domain.guid, *words)
            bad = operation.destructive
            label = "Delete" if bad else operation.label
            offered.append({"label": label, "url": url, "icon": icon, "bad": bad})
    return offered


def _fits(operation: Operation, domain: Domain) -> bool:
    dialect = domain.connection.dialect
    if dialect not in operation.dialects or (operation.name == "domain.fields" and not domain.fields):
        return False
    states = operation.states_in(dialect)
    return states is None or domain.state not in KNOWN_STATES or domain.state in states


def steps(batch: Batch | None) -> list[dict[str, Any]]:
    """What the batch does one after the other, each step with its action as far as it has one."""
    found = batch.steps.select_related("action__by")[:MOST_STEPS] if batch else []
    return [_step(step) for step in found]


def _step(step: Step) -> dict[str, Any]:
    operation = OPERATIONS.get(step.operation)
    return {
        "step": step,
        "label": operation.label if operation else step.operation,
        "row": present.row(step.action) if step.action else None,
    }
