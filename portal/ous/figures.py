"""What companies hold, counted: a fixed number of queries whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from portal import access, roles
from provisioning.models import OU, Action, Edition

_TROUBLED = ("error", "failed", "orphaned")
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
    """Each company with the number of its packages, domains and mailboxes, how many of all these are in trouble, how
    many mailboxes are locked, and what is in progress for it."""
    ids = [ou.pk for ou in companies]
    held = {
        "packages": _counts(access.packages(request), ids),
        "domains": _counts(access.domains(request), ids),
        "mailboxes": _counts(access.mailboxes(request), ids, locked=Q(account_locked=True)),
    }
    moving, unconfirmed = _open(request, ids)
    return [
        {
            "ou": ou,
            "over": access.over(request, ou),
            **{noun: counts[ou.pk]["number"] for noun, counts in held.items()},
            "troubled": sum(counts[ou.pk]["troubled"] for counts in held.values()),
            "locked": held["mailboxes"][ou.pk]["locked"],
            "moving": moving.get(ou.pk, 0),
            "unconfirmed": unconfirmed.get(ou.pk, 0),
        }
        for ou in companies
    ]


def _counts(things: QuerySet[Any], ids: list[int], **more: Q) -> dict[int, dict[str, int]]:
    """By company: `number`, `troubled`, and what `more` asks to be counted. One query."""
    asked = {"troubled": Q(state__in=_TROUBLED), **more}
    numbers = {name: Count("pk", filter=where) for name, where in asked.items()}
    found = things.filter(ou__in=ids, gone_at=None).order_by().values("ou")
    rows = found.annotate(number=Count("pk"), **numbers)
    none = dict.fromkeys(("number", *asked), 0)
    return defaultdict(lambda: none, {row["ou"]: row for row in rows})


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
