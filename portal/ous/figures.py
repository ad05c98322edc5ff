"""What companies hold, counted: a fixed number of queries whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from portal import access, roles
from provisioning.models import OU, Action, Edition

MOVING = (Action.State.QUEUED, Action.State.SENDING, Action.State.WAITING)


def sees(request: HttpRequest) -> dict[str, bool]:
    """Which nouns the person may see anywhere: columns that would always be empty are not drawn."""
    held = access.grants(request)
    return {
        "packages": held.has(roles.SEE_PACKAGES),
        "domains": held.has(roles.SEE_DOMAINS),
        "mailboxes": held.has(roles.SEE_MAILBOXES),
    }


def of_companies(request: HttpRequest, companies: list[OU]) -> list[dict[str, Any]]:
    """Each company with the number of its packages, domains and mailboxes, and of what is in progress for it."""
    ids = [ou.pk for ou in companies]
    packages = _counts(access.packages(request), ids)
    domains = _counts(access.domains(request), ids)
    mailboxes = _counts(access.mailboxes(request), ids)
    moving, unconfirmed = _open(request, ids)
    return [
        {
            "ou": ou,
            "packages": packages.get(ou.pk, 0),
            "domains": domains.get(ou.pk, 0),
            "mailboxes": mailboxes.get(ou.pk, 0),
            "moving": moving.get(ou.pk, 0),
            "unconfirmed": unconfirmed.get(ou.pk, 0),
        }
        for ou in companies
    ]


def _counts(things: QuerySet[Any], ids: list[int]) -> dict[int, int]:
    found = things.filter(ou__in=ids, gone_at=None).order_by().values_list("ou")
    return dict(found.annotate(number=Count("pk")))


def _open(request: HttpRequest, ids: list[int]) -> tuple[dict[int, int], dict[int, int]]:
    found = access.actions(request).filter(ou__in=ids, state__in=Action.OPEN).order_by().values_list("ou")
    rows = found.annotate(
        moving=Count("pk", filter=Q(state__in=MOVING)),
        unconfirmed=Count("pk", filter=Q(state=Action.State.UNCONFIRMED)),
    )
    moving, unconfirmed = {}, {}
    for ou, moves, stands in rows:
        moving[ou], unconfirmed[ou] = moves, stands
    return moving, unconfirmed


def mailboxes_by_edition(request: HttpRequest, company: OU) -> list[dict[str, Any]]:
    """The company's mailboxes by edition: `{code, name, total, locked, states: [(state, number), …]}`."""
    found = access.mailboxes(request).filter(ou=company, gone_at=None).order_by("edition_code", "state")
    counted = found.values_list("edition_code", "state").annotate(
        number=Count("pk"), locked=Count("pk", filter=Q(account_locked=True))
    )
    editions: dict[str, dict[str, Any]] = defaultdict(lambda: {"total": 0, "locked": 0, "states": []})
    for code, state, number, locked in counted:
        row = editions[code]
        row["total"] += number
        row["locked"] += locked
        row["states"].append((state, number))
    names = dict(Edition.objects.filter(package__ou=company, code__in=editions).values_list("code", "name"))
    return [{"code": code, "name": names.get(code) or code, **row} for code, row in editions.items()]
