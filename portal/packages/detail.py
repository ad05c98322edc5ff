"""What the page of one package shows."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse

from portal import access, creations, endings, inflight, reading, roles
from portal.activity import present
from portal.packages import standing
from portal.packages.products import family_text
from provisioning.models import OU, Action, Package
from provisioning.operations import OPERATIONS

MOST = 25


def package(request: HttpRequest, row: Package) -> tuple[dict[str, Any], list[Action]]:
    """The context of its page, and the actions shown there."""
    asked = creations.pending(request, "domain", kind="package", guid=row.guid)
    actions = present.about(request, row)
    context = {
        "page_title": str(row),
        "crumbs": standing.crumbs(request, row.ou),
        "package": row,
        "product_text": family_text(row.code, row.name),
        "company_url": standing.company_url(request, row.ou),
        "buttons": standing.buttons(request, row, actions),
        "teardown_url": standing.teardown_url(request, row),
        "failure": standing.failure(row, actions),
        **endings.of(request, row),
        **_editions(request, row),
        **_domains(request, row),
        "asked": present.rows(asked),
        "activity": present.rows(actions),
        "sees": _sees(request, row.ou),
        "new_domain_url": _new_domain_url(request, row),
        "refresh_url": reverse("packages:refresh", args=[row.guid]),
        **reading.state(row),
    }
    return context, inflight.together(actions, asked, inflight.known_before(request))


def new_package_url(request: HttpRequest, company: OU) -> str:
    """Where the company is sold a package, if the person may."""
    may = not company.gone_at and access.may(request, OPERATIONS["package.create"], company)
    return reverse("packages:new", args=[company.guid]) if may else ""


def _sees(request: HttpRequest, ou: OU) -> dict[str, bool]:
    held = access.grants(request)
    return {
        "domains": held.has_on(roles.SEE_DOMAINS, ou),
        "mailboxes": held.has_on(roles.SEE_MAILBOXES, ou),
        "activity": held.has_on(roles.SEE_ACTIVITY, ou),
    }


def _new_domain_url(request: HttpRequest, row: Package) -> str:
    operation = OPERATIONS["domain.create_in_package"]
    may = not row.gone_at and row.ou.is_company and access.may(request, operation, row.ou)
    return f"{reverse('domains:new', args=[row.ou.guid])}?package={row.guid}" if may else ""


def _editions(request: HttpRequest, row: Package) -> dict[str, Any]:
    """Its editions with the mailboxes on each; mailboxes of its domains that say no edition are counted apart."""
    own = access.mailboxes(request).filter(domain__links__package=row, gone_at=None).order_by()
    counts = dict(own.values_list("edition_code").annotate(number=Count("pk")))
    editions = [
        {"edition": edition, "mailboxes": counts.get(edition.code, 0)} for edition in row.editions.all()
    ]
    return {"editions": editions, "without_edition": counts.get("", 0)}


def _domains(request: HttpRequest, row: Package) -> dict[str, Any]:
    own = access.domains(request).filter(links__package=row, gone_at=None)
    found = list(own.order_by("name", "id")[:MOST])
    doing = creations.open_by_guid(request, found)
    counted = (
        access.mailboxes(request).filter(domain__in=found, gone_at=None).order_by().values_list("domain")
    )
    numbers = dict(counted.annotate(number=Count("pk")))
    rows = [
        {"domain": one, "action": doing.get(one.guid), "mailboxes": numbers.get(one.pk, 0)} for one in found
    ]
    return {"domains": rows, "domains_count": len(found) if len(found) < MOST else own.count()}
