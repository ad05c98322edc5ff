"""What the page of one OU shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from portal import access, creations, endings, inflight, listing, roles
from portal.activity import present
from portal.ous import countries, figures, standing, tree, usage
from provisioning.models import OU, Action
from provisioning.operations import OPERATIONS
from provisioning.synaq.wire import VAT_NUMBER

MOST = 25
_LATEST = 10


@dataclass(frozen=True)
class Shown:
    context: dict[str, Any]
    actions: list[Action]
    moving: bool = False


def company(request: HttpRequest, ou: OU) -> Shown:
    """Packages, domains, mailboxes by edition, what is in progress."""
    actions = _actions(request, ou)
    asked = creations.pending(request, "package", "domain", ou=ou)
    context = {
        "details": _details(ou.raw),
        "address": _address(ou.raw),
        **_packages_and_domains(request, ou),
        "asked_packages": present.rows(row for row in asked if row.result_kind == "package"),
        "asked_domains": present.rows(row for row in asked if row.result_kind == "domain"),
        "editions": figures.mailboxes_by_edition(request, ou),
        "usage": usage.of(request, ou),
        "activity": present.rows(actions),
        "sees": _sees(request, ou),
        **_to_do(request, ou),
        "new_package_url": _url_if(request, "package.create", ou, "packages:new"),
        "new_domain_url": _url_if(request, "domain.create", ou, "domains:new"),
        "look_url": _look_url(request, ou),
        "people_url": _people_url(request, ou),
    }
    return Shown(context, inflight.together(actions, asked))


def reseller(request: HttpRequest, ou: OU) -> Shown:
    """The OUs directly below it, and what is in progress under it."""
    page = listing.page(
        request, access.ous(request).filter(parent=ou, gone_at=None).select_related("parent"), "title", "id"
    )
    rows = figures.of_companies(request, page.rows)
    asked = creations.pending(request, "ou", kind="ou", guid=ou.guid)
    actions = _actions(request, ou)
    context = {
        "details": _details(ou.raw),
        "address": _address(ou.raw),
        "rows": rows,
        "page": page,
        "asked": present.rows(asked),
        "activity": present.rows(actions),
        "sees": _sees(request, ou) | figures.sees(request),
        **_to_do(request, ou),
        "new_url": _new_url(request, ou, "ou.create_company", "ous:new"),
        "new_subreseller_url": _new_url(request, ou, "ou.create_subreseller", "ous:new_subreseller"),
        "people_url": _people_url(request, ou),
    }
    return Shown(context, inflight.together(actions, asked), any(row["moving"] for row in rows))


def _new_url(request: HttpRequest, ou: OU, name: str, route: str) -> str:
    """Where an OU is made under this one, if the person may and the connection has it."""
    return f"{reverse(route)}?parent={ou.guid}" if tree.parents(request, OPERATIONS[name], [ou]) else ""


def _to_do(request: HttpRequest, ou: OU) -> dict[str, Any]:
    """What can be asked for on the OU itself."""
    buttons = {button["operation"]: button for button in standing.buttons(request, ou)}
    return {
        "editing": buttons.get("ou.update"),
        "ending": buttons.get("ou.delete"),
        "noun": ou.get_type_display(),
        "teardown_url": standing.teardown_url(request, ou),
        **endings.of(request, ou),
    }


def _sees(request: HttpRequest, ou: OU) -> dict[str, bool]:
    held = access.grants(request)
    return {
        "packages": held.has_on(roles.SEE_PACKAGES, ou),
        "domains": held.has_on(roles.SEE_DOMAINS, ou),
        "mailboxes": held.has_on(roles.SEE_MAILBOXES, ou),
        "activity": held.has_on(roles.SEE_ACTIVITY, ou),
    }


def _url_if(request: HttpRequest, operation: str, ou: OU, route: str) -> str:
    """The address, if the person may ask for the operation there."""
    may = not ou.gone_at and access.may(request, OPERATIONS[operation], ou)
    return reverse(route, args=[ou.guid]) if may else ""


def _look_url(request: HttpRequest, ou: OU) -> str:
    """Where one looks at the portal as one of the company's people, if the person may."""
    may = not ou.gone_at and access.grants(request).has_on(roles.ACT_AS, ou)
    return reverse("acting:begin", args=[ou.guid]) if may else ""


def _people_url(request: HttpRequest, ou: OU) -> str:
    """The list of those who hold something on it, if the person may see them."""
    may = access.grants(request).has_on(roles.SEE_PEOPLE, ou)
    return f"{reverse('people:list')}?{urlencode({'ou': ou.guid})}" if may else ""


def _actions(request: HttpRequest, ou: OU) -> list[Action]:
    """Everything open for the OU and the latest that has ended, the one that made it included; newest first."""
    seen = access.actions(request).select_related("by")
    own = seen.filter(ou=ou).order_by("-id")
    made = seen.filter(result_kind="ou", result_guid=ou.guid, connection=ou.connection_id).order_by("-id")
    found = inflight.together(own.filter(state__in=Action.OPEN)[:MOST], own[:_LATEST], made[:1])
    return sorted(found, key=lambda action: (not action.is_open, -action.pk))[:MOST]


def _packages_and_domains(request: HttpRequest, ou: OU) -> dict[str, Any]:
    """The first of each, with what is under way on it."""
    own_packages = access.packages(request).filter(ou=ou, gone_at=None)
    own_domains = access.domains(request).filter(ou=ou, gone_at=None)
    packages = list(own_packages.prefetch_related("editions").order_by("code", "id")[:MOST])
    domains = list(own_domains.prefetch_related("packages").order_by("name", "id")[:MOST])
    doing = creations.open_by_guid(request, [*packages, *domains])
    counted = access.mailboxes(request).filter(domain__in=domains, gone_at=None).order_by()
    numbers = dict(counted.values_list("domain").annotate(number=Count("pk")))
    return {
        "packages": [{"package": row, "action": doing.get(row.guid)} for row in packages],
        "packages_count": _how_many(packages, own_packages),
        "domains": [
            {"domain": row, "action": doing.get(row.guid), "mailboxes": numbers.get(row.pk, 0)}
            for row in domains
        ],
        "domains_count": _how_many(domains, own_domains),
    }


def _how_many(shown: list[Any], own: QuerySet[Any]) -> int:
    return len(shown) if len(shown) < MOST else own.count()


def _details(raw: Any) -> list[tuple[str, str]]:
    raw = raw if isinstance(raw, Mapping) else {}
    rows = (("Client reference", "client_ref"), ("Phone number", "phone_number"), ("VAT number", VAT_NUMBER))
    return [(label, _text(raw.get(key))) for label, key in rows]


def _address(raw: Any) -> list[str]:
    """The lines of the address as they stand on an envelope."""
    address = raw.get("physical_address") if isinstance(raw, Mapping) else None
    if not isinstance(address, Mapping):
        return []
    lines = [_text(address[key]) for key in sorted(map(str, address)) if key.startswith("line_")]
    town = f"{_text(address.get('city'))} {_text(address.get('postal_code'))}".strip()
    code = _text(address.get("country"))
    country = countries.NAMES.get(code.upper(), code)
    return [line for line in [*lines, town, country] if line]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
