"""People, what they hold, and what they did, where the viewer sees people or reads the trail."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal import roles
from portal.access.granted import below, grants
from portal.accounts.models import Acting, CustomRole, Invitation, Membership, Person, SecondFactorRule
from provisioning.models import OU, AuditEntry


def people(request: HttpRequest) -> QuerySet[Person]:
    """People who hold something where the viewer sees people."""
    return Person.objects.filter(pk__in=memberships(request).values("person"))


def ous_to_staff(request: HttpRequest) -> QuerySet[OU]:
    """OUs on which the viewer may give roles."""
    return OU.objects.filter(below(grants(request).paths(roles.CHANGE_PEOPLE), ""), gone_at=None)


def memberships(request: HttpRequest) -> QuerySet[Membership]:
    return Membership.objects.filter(below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def custom_roles(request: HttpRequest) -> QuerySet[CustomRole]:
    """Roles made where the viewer sees people, and those that hold there from above."""
    paths = grants(request).paths(roles.SEE_PEOPLE)
    above = Q(ou__path__in=[part for path in paths for part in parts(path)])
    return CustomRole.objects.filter(below(paths, "ou__") | above)


def parts(path: str) -> list[str]:
    """Of "1.7.12.": "1.", "1.7.", "1.7.12."."""
    ids = path.split(".")[:-1]
    return [".".join(ids[: n + 1]) + "." for n in range(len(ids))]


def second_factor_rules(request: HttpRequest) -> QuerySet[SecondFactorRule]:
    return SecondFactorRule.objects.filter(below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def audit(request: HttpRequest) -> QuerySet[AuditEntry]:
    """Entries of OUs whose trail the viewer may read. What belongs to no OU is for those who read a whole reseller's."""
    paths = grants(request).paths(roles.SEE_AUDIT)
    where = below(paths, "ou__")
    if any(path.count(".") == 1 for path in paths):
        where |= Q(ou=None)
    return AuditEntry.objects.filter(where)


def audited_ous(request: HttpRequest) -> QuerySet[OU]:
    """OUs whose trail the viewer may read."""
    return OU.objects.filter(below(grants(request).paths(roles.SEE_AUDIT), ""))


def actings(request: HttpRequest) -> QuerySet[Acting]:
    """Looks at the portal as a customer's person, of OUs where the viewer sees activity."""
    return Acting.objects.filter(below(grants(request).paths(roles.SEE_ACTIVITY), "ou__"))
