"""What the viewer may do to a thing of an OU, and what of its surroundings they are told."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from portal import roles
from portal.access.granted import grants
from provisioning.models import OU
from provisioning.operations import OPERATIONS, Operation

# What the end of a thing takes, all that is on it included.
_MAILBOX_ENDS = ("mailbox.delete",)
_DOMAIN_ENDS = (*_MAILBOX_ENDS, "domain.delete", "domain.remove")
_PACKAGE_ENDS = (*_DOMAIN_ENDS, "package.delete")
_ENDS = {
    "mailbox": _MAILBOX_ENDS,
    "domain": _DOMAIN_ENDS,
    "package": _PACKAGE_ENDS,
    "ou": (*_PACKAGE_ENDS, "ou.delete"),
}


def may(request: HttpRequest, operation: Operation, ou: OU) -> bool:
    """Whether the person may ask for the operation on something of that OU."""
    held = grants(request)
    return held.has_on(operation.permission, ou) and (
        not operation.billable or held.has_on(roles.BILLABLE, ou)
    )


def may_end(request: HttpRequest, kind: str, ou: OU) -> bool:
    """Whether the person may remove a thing of that kind there, with all that is on it."""
    return all(may(request, OPERATIONS[name], ou) for name in _ENDS[kind])


def require(request: HttpRequest, operation: Operation, ou: OU) -> None:
    """404 unless the person may ask for it there."""
    if not may(request, operation, ou):
        raise Http404


def over(request: HttpRequest, ou: OU) -> OU | None:
    """What the OU is under, for those who see that too. Whoever's scope begins with the OU learns nothing of it."""
    return ou.parent if ou.parent and grants(request).has_on(roles.SEE_OUS, ou.parent) else None


def told(request: HttpRequest, ou: OU, why_not: str) -> str:
    """Why something is not possible there. What stands in the way is named only to those who see things of all kinds."""
    if not why_not or grants(request).on(ou).issuperset(roles.SEES.values()):
        return why_not
    return f"{why_not.partition(': ')[0].rstrip('.')}."
