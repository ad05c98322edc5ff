"""What the page of one domain shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse

from portal import access, creations, endings, inflight, reading, roles
from portal.activity import present, timeline
from portal.domains import lifecycle, names, service_fields, usage
from provisioning.models import Action, Domain, Package
from provisioning.operations import OPERATIONS
from provisioning.operations.rules import may_be_linked
from provisioning.synaq import catalogue

SHOWN_MAILBOXES = 10
PROVISION, REFRESH = "domain.provision", "domain.refresh"
# Asked for by the button itself, without a question before.
_AT_ONCE = frozenset({PROVISION, REFRESH})
# Shown only while they are possible: in any other state they would say nothing.
_TOLD = {
    REFRESH: "refresh",
    "domain.close": "close",
    "domain.activate": "activate",
    "domain.usage": "usage",
}


@dataclass(frozen=True)
class Step:
    """The one thing that the domain wants next; `post`: a button, not a link."""

    operation: str
    text: str
    verb: str
    url: str
    post: bool = False


@dataclass(frozen=True)
class Shown:
    context: dict[str, Any]
    actions: list[Action]
    moving: bool


def of(request: HttpRequest, domain: Domain) -> Shown:
    """Everything for domains/_detail.html, and the actions that it shows."""
    own = inflight.on(request, domain)
    sees = _sees(request, domain)
    about = present.about(request, domain)
    asked = creations.pending(request, "mailbox", kind="domain", guid=domain.guid)
    packages = list(domain.packages.filter(gone_at=None).prefetch_related("editions").order_by("code", "id"))
    buttons = _buttons(request, domain, own)
    ending = endings.of(request, domain)
    counted = usage.of(request, domain) if sees["usage"] else {}
    context = {
        "domain": domain,
        "in_letters": names.in_letters(domain.name),
        "packages": packages,
        "untold": not packages and may_be_linked(domain),
        "fields": service_fields.entries(domain.fields),
        "missing": service_fields.missing(domain.fields),
        "buttons": buttons,
        "menu": _menu(request, domain),
        **ending,
        "steps": lifecycle.steps(ending["ending_batch"]),
        "next": next_step(request, domain, packages, buttons, own),
        "failure": _failure(domain, own, buttons),
        "open_rows": present.rows(action for action in own if action.is_open),
        "activity": present.rows(about),
        **counted,
        "usage_button": buttons.pop("domain.usage", None),
        "left_stale": domain.state == "stale" and domain.connection.is_legacy,
        "stuck": domain.state == "pending" and not any(action.is_open for action in own),
        **_mailboxes(request, domain),
        "asked": present.rows(asked),
        "sees": sees,
        "refresh_url": reverse("domains:refresh", args=[domain.guid]),
        **reading.state(domain),
    }
    shown = inflight.together(own, about, asked, inflight.known_before(request))
    return Shown(context, shown, bool(context["reading_due"] or context.get("usage_moves")))


def _sees(request: HttpRequest, domain: Domain) -> dict[str, bool]:
    held = access.grants(request)
    return {
        "ous": held.has_on(roles.SEE_OUS, domain.ou),
        "packages": held.has_on(roles.SEE_PACKAGES, domain.ou),
        "mailboxes": held.has_on(roles.SEE_MAILBOXES, domain.ou),
        "usage": held.has_on(roles.SEE_USAGE, domain.ou),
    }


def _buttons(request: HttpRequest, domain: Domain, own: list[Action]) -> dict[str, dict[str, Any]]:
    """What the person may ask for, by operation; `why_not` also where it is under way already."""
    routes = {
        "domain.link": reverse("domains:link", args=[domain.guid]),
        "domain.fields": reverse("domains:fields", args=[domain.guid]),
        PROVISION: reverse("domains:provision", args=[domain.guid]),
        "mailbox.create": reverse("mailboxes:new", args=[domain.guid]),
        **{name: reverse("domains:do", args=[domain.guid, word]) for name, word in _TOLD.items()},
    }
    found = {button["operation"]: button for button in present.buttons(request, domain, routes)}
    if not domain.fields:
        found.pop("domain.fields", None)
    if PROVISION in found and provisioning_now(own):
        found[PROVISION]["why_not"] = "It is being provisioned already."
    for name in _TOLD:
        if name in found and found[name]["why_not"]:
            del found[name]
    for name, button in found.items():
        button |= {"icon": lifecycle.icon(name), "at_once": name in _AT_ONCE}
    running = {action.operation for action in own if action.is_open}
    for name in running & found.keys() & _TOLD.keys():
        found[name]["why_not"] = f"{found[name]['label']} is under way already."
    return found


def _menu(request: HttpRequest, domain: Domain) -> list[dict[str, Any]]:
    """What ends it: on a page of its own, which says what stands in the way."""
    if domain.gone_at or not access.may(request, lifecycle.REMOVE, domain.ou):
        return []
    url = reverse("domains:delete", args=[domain.guid])
    return [{"label": "Delete", "url": url, "icon": "trash", "bad": True}]


def provisioning_now(own: list[Action]) -> Action | None:
    """The open action that provisions the domain, if there is one."""
    return next((action for action in own if action.is_open and _provisions(action)), None)


def _provisions(action: Action) -> bool:
    return action.operation == PROVISION or bool(action.payload.get("provision_immediately"))


def next_step(
    request: HttpRequest,
    domain: Domain,
    packages: list[Package],
    buttons: dict[str, dict[str, Any]],
    own: list[Action],
) -> Step | None:
    """Link a package → fill in service fields → provision → first mailbox, and in service what was changed is applied; None
    while something is under way."""
    if domain.gone_at or any(action.is_open for action in own):
        return None
    if not packages and not may_be_linked(domain):
        return _sold_first(request, domain, buttons)
    if domain.state == "stale" and _possible(buttons, REFRESH):
        text = "What was changed last is not in effect yet. Applying it, which SYNAQ calls Refresh, bills nothing."
        return _step(buttons, REFRESH, text, "Apply changes")
    wanted = service_fields.missing(domain.fields)
    if wanted and _possible(buttons, "domain.fields"):
        labels = ", ".join(entry.label for entry in wanted)
        text = f"Before it can be provisioned, SYNAQ wants to know: {labels}."
        return _step(buttons, "domain.fields", text, "Fill in service fields")
    if _possible(buttons, PROVISION):
        text = "Everything is there. Provision sets its services up; they can be billed from then on."
        return _step(buttons, PROVISION, text, "Provision")
    return _first_mailbox(request, domain, packages, buttons)


def _possible(buttons: dict[str, dict[str, Any]], operation: str) -> bool:
    return operation in buttons and not buttons[operation]["why_not"]


def _step(buttons: dict[str, dict[str, Any]], operation: str, text: str, verb: str) -> Step:
    return Step(operation, text, verb, buttons[operation]["url"], operation in _AT_ONCE)


def _sold_first(request: HttpRequest, domain: Domain, buttons: dict[str, dict[str, Any]]) -> Step | None:
    if not _possible(buttons, "domain.link"):
        return None
    if access.packages(request).filter(ou=domain.ou_id, gone_at=None).exists():
        text = "It stands alone. A package decides which services it gets."
        return _step(buttons, "domain.link", text, "Link a package")
    if not access.may(request, OPERATIONS["package.create"], domain.ou):
        return None
    text = f"Nothing is sold to {domain.ou} yet. Sell it a package, then link it here."
    return Step("package.create", text, "Sell a package", reverse("packages:new", args=[domain.ou.guid]))


def _first_mailbox(
    request: HttpRequest, domain: Domain, packages: list[Package], buttons: dict[str, dict[str, Any]]
) -> Step | None:
    if not _possible(buttons, "mailbox.create") or not holds_mailboxes(packages):
        return None
    if access.mailboxes(request).filter(domain=domain, gone_at=None).exists():
        return None
    return _step(buttons, "mailbox.create", "It is in service and has no mailbox yet.", "New mailbox")


def holds_mailboxes(packages: list[Package]) -> bool:
    """Whether one of the packages is, or may be, a product with mailboxes."""
    families = [catalogue.family_of(package.code, package.name) for package in packages]
    return any(family in (None, "cloudmail", "continuity") for family in families)


def _failure(domain: Domain, own: list[Action], buttons: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The latest action, if it failed, with the way to ask for it again; None once it does not matter any more."""
    failed = inflight.latest_failure(own)
    if failed is None:
        return None
    operation = PROVISION if _provisions(failed) else failed.operation
    if failed.result_kind and operation != PROVISION:
        return None
    if operation not in OPERATIONS or OPERATIONS[operation].why_not(domain, domain.connection.dialect):
        return None
    button = buttons.get(operation)
    again = f"{button['url']}?again={failed.pk}" if button and operation == "domain.fields" else ""
    return {
        **timeline.failed(failed),
        "button": button,
        "post": operation in _AT_ONCE,
        "url": again or (button["url"] if button else ""),
    }


def _mailboxes(request: HttpRequest, domain: Domain) -> dict[str, Any]:
    """The first of its mailboxes, and how many there are in each state."""
    own = access.mailboxes(request).filter(domain=domain, gone_at=None)
    counted = (
        own.order_by()
        .values("state")
        .annotate(number=Count("pk"), locked=Count("pk", filter=Q(account_locked=True)))
    )
    states = sorted(counted, key=lambda row: -row["number"])
    rows = list(own.order_by("email", "id")[:SHOWN_MAILBOXES])
    doing = creations.open_by_guid(request, rows)
    return {
        "mailboxes": [{"mailbox": row, "action": doing.get(row.guid)} for row in rows],
        "mailbox_states": states,
        "mailbox_count": sum(row["number"] for row in states),
        "locked_count": sum(row["locked"] for row in states),
    }
