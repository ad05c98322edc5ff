"""Scope and policy: the only place that decides who sees and may do what.

Scope: a person's memberships, each holding on its OU and all below. Policy: the permission that a page or an operation
names. Whoever lacks either gets 404: a stranger learns nothing, not even that a thing exists.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import get_script_prefix, reverse
from django.utils.http import urlencode

from portal import roles
from portal.accounts import held
from portal.accounts.models import (
    Acting,
    Brand,
    CustomRole,
    Invitation,
    Membership,
    Person,
    SecondFactorRule,
)
from portal.billing.models import PriceBook
from provisioning.models import (
    OU,
    Action,
    AuditEntry,
    Batch,
    Connection,
    Domain,
    Mailbox,
    Package,
    Scheduled,
    UsageReport,
)
from provisioning.operations import OPERATIONS, Operation
from provisioning.services.customers import KIND as NEW_CUSTOMER

_NAMED = re.compile(r"/on/([0-9]{1,18})/$")  # put before every address of a page by portal.which
View = Callable[..., HttpResponseBase]

PUBLIC = "public"
SIGNED_IN = "signed in"
_SEES = {
    "ou": roles.SEE_OUS,
    "package": roles.SEE_PACKAGES,
    "domain": roles.SEE_DOMAINS,
    "mailbox": roles.SEE_MAILBOXES,
}


class Grants:
    """What one person holds: (path of an OU, role's name, permissions) for each membership, read once a request.

    While somebody looks as another person, it is what both may see: the customer's rights inside the looker's own scope.
    """

    def __init__(self, person: Any, inside: Grants | None = None) -> None:
        rows = held.by(person) if person.is_authenticated and person.is_active else []
        if inside is not None:
            rows = [row for row in rows if inside.reaches(row[0])]
        self.rows = rows

    def has(self, permission: str) -> bool:
        return any(permission in permissions for _, _, permissions in self.rows)

    def has_on(self, permission: str, ou: OU) -> bool:
        return any(
            permission in permissions and ou.path.startswith(path) for path, _, permissions in self.rows
        )

    def reaches(self, path: str) -> bool:
        """Whether the OU of that path lies where they may look at the portal as its people."""
        return any(roles.ACT_AS in permissions and path.startswith(own) for own, _, permissions in self.rows)

    def on(self, ou: OU) -> frozenset[str]:
        """All that they may do there."""
        found: frozenset[str] = frozenset()
        for path, _, permissions in self.rows:
            if ou.path.startswith(path):
                found |= permissions
        return found

    def paths(self, permission: str) -> list[str]:
        return [path for path, _, permissions in self.rows if permission in permissions]

    def labels(self) -> list[str]:
        return held.labels(role for _, role, _ in self.rows)


def grants(request: HttpRequest) -> Grants:
    """What holds for this request: the person's own, or, while they look as a customer, that person's."""
    found = getattr(request, "_grants", None)
    if found is None:
        found = _own(request)
        acting = acting_now(request)
        if acting is not None:
            found = Grants(acting.person, inside=found)
        request._grants = found  # type: ignore[attr-defined]
    return found


def _own(request: HttpRequest) -> Grants:
    """What the person who is signed in holds, whoever they look as."""
    found: Grants | None = getattr(request, "_own_grants", None)
    if found is None:
        found = request._own_grants = Grants(request.user)  # type: ignore[attr-defined]
    return found


def acting_now(request: HttpRequest) -> Acting | None:
    """The looking as a customer that is going on in this session; set by portal.middleware."""
    found: Acting | None = getattr(request, "acting", None)
    return found


def viewer(request: HttpRequest) -> Any:
    """Whose portal it is: the person signed in, or the customer's person as whom they look."""
    acting = acting_now(request)
    return acting.person if acting is not None else request.user


def is_fresh(request: HttpRequest, seconds: int | None = None) -> bool:
    """Whether the person signed in, or proved who they are, within the last so many seconds."""
    records = request.session.get("account_authentication_methods", [])
    latest = max((record.get("at", 0) for record in records), default=0)
    return bool(time.time() - latest < (seconds or settings.FRESH_SECONDS))


def proof_wanted(request: HttpRequest) -> HttpResponseRedirect | None:
    """To the page that asks who it is; None for whoever has proved it lately.

    A form that was opened in time may be sent a while later, so that nothing that was typed is lost.
    """
    if is_fresh(request, settings.FRESH_SECONDS * (3 if request.method == "POST" else 1)):
        return None
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{query}")


def policy(permission: str, *, fresh: bool = False) -> Callable[[View], View]:
    """State who may open a view: PUBLIC, SIGNED_IN, or a permission held on any OU. A view without one is refused.

    `fresh`: besides, they have just proved who they are.
    """

    def wrap(view: View) -> View:
        if permission == PUBLIC:
            view.policy = permission  # type: ignore[attr-defined]
            return view

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if permission != SIGNED_IN and not grants(request).has(permission):
                raise Http404
            wanted = proof_wanted(request) if fresh else None
            return wanted or view(request, *args, **kwargs)

        guarded = login_required(checked)
        guarded.policy = permission  # type: ignore[attr-defined]
        guarded.fresh = fresh  # type: ignore[attr-defined]
        return guarded

    return wrap


def _below(paths: list[str], prefix: str) -> Q:
    where = Q(pk__in=[])
    for path in paths:
        where |= Q(**{f"{prefix}path__startswith": path})
    return where


def ous(request: HttpRequest) -> QuerySet[OU]:
    return OU.objects.filter(_below(grants(request).paths(roles.SEE_OUS), ""))


def own_company(request: HttpRequest) -> OU | None:
    """The company of one of its own people: somebody who holds something there alone, and sees no other OU."""
    held = grants(request)
    paths = {path for path, _, _ in held.rows}
    if len(paths) != 1 or held.has(roles.SEE_OUS):
        return None
    return OU.objects.filter(path=paths.pop(), type=OU.Type.COMPANY).first()


def companies(request: HttpRequest) -> QuerySet[OU]:
    return ous(request).filter(type=OU.Type.COMPANY)


def packages(request: HttpRequest) -> QuerySet[Package]:
    return Package.objects.filter(_below(grants(request).paths(roles.SEE_PACKAGES), "ou__"))


def domains(request: HttpRequest) -> QuerySet[Domain]:
    return Domain.objects.filter(_below(grants(request).paths(roles.SEE_DOMAINS), "ou__"))


def mailboxes(request: HttpRequest) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(_below(grants(request).paths(roles.SEE_MAILBOXES), "ou__"))


def mailbox_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains on which the person may make mailboxes, though the domain's own pages may be closed to them."""
    return Domain.objects.filter(_below(grants(request).paths(roles.CHANGE_MAILBOXES), "ou__"))


def actions(request: HttpRequest) -> QuerySet[Action]:
    """The ledger's rows that the person may see: of OUs where they see activity, and of kinds that they see."""
    return _actions(grants(request))


def own_actions(request: HttpRequest) -> QuerySet[Action]:
    """The same of the person who is signed in, before it is known as whom they look."""
    return _actions(_own(request))


def _actions(held: Grants) -> QuerySet[Action]:
    where = Q(pk__in=[])
    for path, _, permissions in held.rows:
        if roles.SEE_ACTIVITY in permissions:
            where |= Q(ou__path__startswith=path) & _kinds(permissions)
    return Action.objects.filter(where)


def batches(request: HttpRequest) -> QuerySet[Batch]:
    """Batches about things that the person may see, of OUs where they see activity."""
    return Batch.objects.filter(_about(request, "target_kind"))


def scheduled(request: HttpRequest) -> QuerySet[Scheduled]:
    """Deletions set for a date, likewise."""
    return Scheduled.objects.filter(_about(request, "kind"))


def _about(request: HttpRequest, field: str) -> Q:
    where = Q(pk__in=[])
    for path, _, permissions in grants(request).rows:
        if roles.SEE_ACTIVITY in permissions:
            kinds = [kind for kind, permission in _SEES.items() if permission in permissions]
            where |= Q(ou__path__startswith=path, **{f"{field}__in": kinds})
    return where


def _kinds(permissions: frozenset[str]) -> Q:
    seen = [kind for kind, permission in _SEES.items() if permission in permissions]
    if len(seen) == len(_SEES):
        return Q()
    return Q(kind__in=seen) | Q(result_kind__in=seen)


def flows(request: HttpRequest) -> QuerySet[Batch]:
    """New customers being taken on, under the resellers that the person sees."""
    where = _below(grants(request).paths(roles.SEE_OUS), "ou__")
    return Batch.objects.filter(where, kind=NEW_CUSTOMER)


def people(request: HttpRequest) -> QuerySet[Person]:
    """People who hold something where the viewer sees people."""
    below = _below(grants(request).paths(roles.SEE_PEOPLE), "ou__")
    return Person.objects.filter(pk__in=Membership.objects.filter(below).values("person"))


def ous_to_staff(request: HttpRequest) -> QuerySet[OU]:
    """OUs on which the viewer may give roles."""
    return OU.objects.filter(_below(grants(request).paths(roles.CHANGE_PEOPLE), ""), gone_at=None)


def memberships(request: HttpRequest) -> QuerySet[Membership]:
    return Membership.objects.filter(_below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(_below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def custom_roles(request: HttpRequest) -> QuerySet[CustomRole]:
    """Roles made where the viewer sees people, and those that hold there from above."""
    paths = grants(request).paths(roles.SEE_PEOPLE)
    above = Q(ou__path__in=[part for path in paths for part in parts(path)])
    return CustomRole.objects.filter(_below(paths, "ou__") | above)


def parts(path: str) -> list[str]:
    """Of "1.7.12.": "1.", "1.7.", "1.7.12."."""
    ids = path.split(".")[:-1]
    return [".".join(ids[: n + 1]) + "." for n in range(len(ids))]


def second_factor_rules(request: HttpRequest) -> QuerySet[SecondFactorRule]:
    return SecondFactorRule.objects.filter(_below(grants(request).paths(roles.SEE_PEOPLE), "ou__"))


def audit(request: HttpRequest) -> QuerySet[AuditEntry]:
    """Entries of OUs whose trail the viewer may read. What belongs to no OU is for those who read a whole reseller's."""
    paths = grants(request).paths(roles.SEE_AUDIT)
    where = _below(paths, "ou__")
    if any(path.count(".") == 1 for path in paths):
        where |= Q(ou=None)
    return AuditEntry.objects.filter(where)


def audited_ous(request: HttpRequest) -> QuerySet[OU]:
    """OUs whose trail the viewer may read."""
    return OU.objects.filter(_below(grants(request).paths(roles.SEE_AUDIT), ""))


def actings(request: HttpRequest) -> QuerySet[Acting]:
    """Looks at the portal as a customer's person, of OUs where the viewer sees activity."""
    return Acting.objects.filter(_below(grants(request).paths(roles.SEE_ACTIVITY), "ou__"))


def connections(request: HttpRequest) -> QuerySet[Connection]:
    """Connections whose reseller the viewer may set up."""
    roots = OU.objects.filter(_below(grants(request).paths(roles.CHANGE_CONNECTIONS), ""), parent=None)
    return Connection.objects.filter(pk__in=roots.values("connection"))


def connections_to_watch(request: HttpRequest) -> QuerySet[Connection]:
    """Connections whose doing the viewer may see: of whole resellers."""
    roots = OU.objects.filter(_below(grants(request).paths(roles.SEE_HEALTH), ""), parent=None)
    return Connection.objects.filter(pk__in=roots.values("connection"))


def holds_a_root(request: HttpRequest) -> bool:
    """Whether they set up connections of a whole reseller: connections are no business of those below."""
    return any(path.count(".") == 1 for path in grants(request).paths(roles.CHANGE_CONNECTIONS))


def brands(request: HttpRequest) -> QuerySet[Brand]:
    return Brand.objects.filter(_below(grants(request).paths(roles.CHANGE_BRAND), "ou__"))


def ous_to_brand(request: HttpRequest) -> QuerySet[OU]:
    """Resellers and sub-resellers whose look the viewer may set."""
    found = OU.objects.filter(_below(grants(request).paths(roles.CHANGE_BRAND), ""), gone_at=None)
    return found.filter(type__in=(OU.Type.RESELLER, OU.Type.SUBRESELLER))


def brands_every_root(request: HttpRequest) -> bool:
    """Whether they set the look of every reseller of this portal: what all share is theirs to change."""
    paths = grants(request).paths(roles.CHANGE_BRAND)
    others = OU.objects.filter(parent=None, gone_at=None).exclude(_below(paths, ""))
    return bool(paths) and not others.exists()


def may(request: HttpRequest, operation: Operation, ou: OU) -> bool:
    """Whether the person may ask for the operation on something of that OU."""
    held = grants(request)
    return held.has_on(operation.permission, ou) and (
        not operation.billable or held.has_on(roles.BILLABLE, ou)
    )


def ous_to_price(request: HttpRequest) -> QuerySet[OU]:
    """OUs for which the viewer may set prices."""
    return OU.objects.filter(_below(grants(request).paths(roles.CHANGE_PRICES), ""), gone_at=None)


def usage_companies(request: HttpRequest) -> QuerySet[OU]:
    """Companies whose usage, and what it costs, the viewer sees."""
    return OU.objects.filter(_below(grants(request).paths(roles.SEE_USAGE), ""), type=OU.Type.COMPANY)


def usage_ous(request: HttpRequest) -> QuerySet[OU]:
    """All OUs where the viewer sees usage: companies, and what they are under."""
    return OU.objects.filter(_below(grants(request).paths(roles.SEE_USAGE), ""))


def usage_domains(request: HttpRequest) -> QuerySet[Domain]:
    """Domains whose usage the viewer sees, though the domains' own pages may be closed to them."""
    return Domain.objects.filter(_below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def domains_to_count(request: HttpRequest) -> QuerySet[Domain]:
    """Domains whose usage the viewer sees, and may have counted."""
    paths = grants(request).paths(OPERATIONS["domain.usage"].permission)
    return usage_domains(request).filter(_below(paths, "ou__"))


def usage_reports(request: HttpRequest) -> QuerySet[UsageReport]:
    """Reports on domains that were then of companies whose usage the viewer sees."""
    return UsageReport.objects.filter(_below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def price_books(request: HttpRequest) -> QuerySet[PriceBook]:
    return PriceBook.objects.filter(_below(grants(request).paths(roles.SEE_USAGE), "ou__"))


def sees_prices(request: HttpRequest, ou: OU, *, shown: bool) -> bool:
    """Whether the viewer may see what a change costs there: with its usage; or, where the prices are shown to the
    customer, whoever makes mailboxes for it."""
    held = grants(request)
    return held.has_on(roles.SEE_USAGE, ou) or (shown and held.has_on(roles.CHANGE_MAILBOXES, ou))


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
    if not why_not or grants(request).on(ou).issuperset(_SEES.values()):
        return why_not
    return f"{why_not.partition(': ')[0].rstrip('.')}."


class Ambiguous(Exception):
    """Several things of that GUID, each of another connection, are in the viewer's scope: portal.which asks."""

    def __init__(self, found: list[Any]) -> None:
        super().__init__("several things of one GUID")
        self.found = found


def get(queryset: QuerySet[Any], guid: str) -> Any:
    """One thing of a scoped queryset, or 404. Of several with one GUID, that of the connection that the address names."""
    if "\x00" in guid:  # the database refuses to be asked for one
        raise Http404
    rows = queryset.select_related("connection").filter(guid=guid)
    named = _NAMED.search(get_script_prefix())
    found = list(rows.filter(connection=int(named[1])) if named else rows)
    if not found:
        raise Http404
    if len(found) > 1:
        raise Ambiguous(found)
    return found[0]
