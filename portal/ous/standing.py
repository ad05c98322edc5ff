"""Where an OU stands: what is over it, what is under it, and what is to happen to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal import access
from portal.ous import tree
from provisioning.models import OU
from provisioning.operations import OPERATIONS

_MOST = 25


def crumbs(request: HttpRequest, ou: OU) -> list[tuple[str, str]]:
    """The way to it from the list of companies, as far as the person may go it."""
    over = [(one.title, reverse("ous:detail", args=[one.guid])) for one in tree.above(request, ou)]
    return [("Companies", reverse("ous:list")), *over]


def in_the_way(request: HttpRequest, ou: OU) -> dict[str, Any]:
    """What has to go before the OU can be deleted, with links: the packages and OUs that the person may see."""
    packages = access.packages(request).filter(ou=ou, gone_at=None).order_by("code", "id")
    below = access.ous(request).filter(parent=ou, gone_at=None).order_by("title", "id")
    return {
        "packages": list(packages[:_MOST]),
        "below": list(below[:_MOST]),
        "teardown_url": teardown_url(request, ou),
    }


def teardown_url(request: HttpRequest, ou: OU) -> str:
    """Where everything of a company is removed in order, if the person may."""
    may = ou.is_company and not ou.gone_at and access.may(request, OPERATIONS["ou.delete"], ou)
    return reverse("batches:teardown", args=["ou", ou.guid]) if may else ""


def buttons(request: HttpRequest, ou: OU) -> list[dict[str, Any]]:
    """What can be asked for on its page besides making something: `why_not` says why one is disabled. What the
    connection's dialect has not got is left out."""
    offered = (("ou.update", "Edit", "ous:edit", "edit"), ("ou.delete", "Delete", "ous:delete", "trash"))
    return [
        {
            "operation": name,
            "label": label,
            "url": reverse(route, args=[ou.guid]),
            "icon": icon,
            "why_not": OPERATIONS[name].why_not(ou, ou.connection.dialect),
        }
        for name, label, route, icon in offered
        if ou.connection.dialect in OPERATIONS[name].dialects
        and access.may(request, OPERATIONS[name], ou)
        and not ou.gone_at
        and ou.parent_id
    ]
