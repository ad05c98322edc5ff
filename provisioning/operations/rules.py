"""What stands in an operation's way besides the state, what changes along with it, and what it does to one target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioning.models import Action, Domain, DomainLink, Mailbox, Package
from provisioning.operations.base import PROVISIONED, Ref, states_behind
from provisioning.synaq import catalogue
from provisioning.synaq.answers import read_links

NAMED = 5  # how many of what stands in the way are named; the rest is counted
WITHOUT_MAILBOXES = frozenset({"securemail", "branding", "archive", "mail management"})
IN_SERVICE = PROVISIONED | {"pending"}
OUT_OF_SERVICE = frozenset({"inactive", "error", "failed", "deleted", "cancelled"})


def _list(names: Iterable[str], more: int) -> str:
    shown = ", ".join(names)
    return f"{shown} and {more} more" if more > 0 else shown


def _first(rows: Any, field: str) -> str:
    """The first few of what stands in the way by name, and how many more there are; "" where nothing does."""
    return _some(list(rows.order_by(field, "id").values_list(field, flat=True)[: NAMED + 1]), rows)


def _some(names: list[str], rows: Any) -> str:
    """The same of names that were read, one more than are told."""
    more = rows.count() - NAMED if len(names) > NAMED else 0
    return _list(names[:NAMED], more) if names else ""


# --- what else changes with it -----------------------------------------------------------------------------------------


def packages_of_domain(action: Action) -> list[Ref]:
    links = DomainLink.objects.filter(domain__connection=action.connection_id, domain__guid=action.guid)
    return [("package", guid) for guid in links.values_list("package__guid", flat=True)]


def domains_of_package(action: Action) -> list[Ref]:
    links = DomainLink.objects.filter(
        package__connection=action.connection_id, package__guid=action.guid, domain__gone_at=None
    )
    return [
        ("domain", guid) for guid in links.order_by("domain__name").values_list("domain__guid", flat=True)
    ]


def linked_package(action: Action) -> list[Ref]:
    return [("package", action.payload["package"])]


def parent_package(action: Action) -> list[Ref]:
    return [("package", action.guid)]


# --- what stands in the way ---------------------------------------------------------------------------------------------


def may_have_ous(ou: Any) -> str:
    return "A company cannot have companies below it; choose a reseller." if ou.is_company else ""


def must_be_company(ou: Any) -> str:
    return "" if ou.is_company else "Packages and domains belong to companies, not to resellers."


def ou_in_use(ou: Any) -> str:
    """Resellers stay; what is below it, or in service, must go first."""
    if ou.parent_id is None:
        return "The reseller itself cannot be deleted."
    if below := _first(ou.children.filter(gone_at=None), "title"):
        return f"It still has organisational units below it: {below}."
    packages = ou.packages.filter(gone_at=None).exclude(state__in=OUT_OF_SERVICE)
    if active := _some(
        [f"{row} ({row.state})" for row in packages.order_by("name", "id")[: NAMED + 1]], packages
    ):
        return f"It still has active packages: {active}."
    domains = _first(ou.domains.filter(gone_at=None, state__in=IN_SERVICE), "name")
    return f"It still has domains in service: {domains}." if domains else ""


def package_in_use(package: Any) -> str:
    domains = _first(
        Domain.objects.filter(links__package=package, gone_at=None).exclude(state="deleted"), "name"
    )
    return f"It still has domains that are not deleted: {domains}." if domains else ""


def needs_domain(package: Any) -> str:
    return "" if package.links.exists() else "Link a domain first: it is on no domain yet."


def needs_package(domain: Any) -> str:
    linked = domain.links.exists() or may_be_linked(domain)
    return "" if linked else "Link a package first: nothing is sold on this domain yet."


def may_be_linked(domain: Any) -> bool:
    """Whether only SYNAQ knows the packages of a domain that has none here: its answer does not show them, but services that
    run, or fields to fill in for them. What is possible is SYNAQ's to decide then."""
    if not domain.raw or read_links(domain.raw) is not None:
        return False
    return domain.state not in ("inactive", "deleted") or bool(domain.fields)


def has_mailboxes(domain: Any) -> str:
    mailboxes = _first(Mailbox.objects.filter(domain=domain, gone_at=None, state__in=IN_SERVICE), "email")
    return f"It still has provisioned mailboxes: {mailboxes}." if mailboxes else ""


def not_locked(mailbox: Any) -> str:
    return "SYNAQ has locked it: only Unlock brings it back." if mailbox.account_locked else ""


def not_revived(mailbox: Any) -> str:
    return "SYNAQ has locked it: Activate does not revive a locked mailbox." if mailbox.account_locked else ""


def must_be_locked(mailbox: Any) -> str:
    return "" if mailbox.account_locked else "It is not locked: Activate brings it back."


def holds_mailboxes(domain: Any) -> str:
    """Of a product that the portal does not know, SYNAQ decides."""
    codes = domain.links.filter(package__gone_at=None).values_list("package__code", flat=True)
    families = {catalogue.family_of(code) for code in codes}
    without = families and families <= WITHOUT_MAILBOXES
    return "Nothing that is sold on this domain holds mailboxes." if without else ""


def domain_in_service(mailbox: Any) -> str:
    """A mailbox needs a domain whose services run. Where the domain's state hides several, SYNAQ decides."""
    domain = mailbox.domain
    runs = domain.state in ("active", "stale") or "active" in states_behind(domain)
    return (
        ""
        if runs
        else f"Its domain must be in service first: {domain} is {domain.state or 'in no known state'}."
    )


def sold_on(domain: Any) -> Any:
    """The packages that it is linked to; where only SYNAQ knows them, those that it may be on: all of its company's."""
    linked = domain.packages.filter(gone_at=None)
    if linked.exists() or not may_be_linked(domain):
        return linked
    return Package.objects.filter(ou=domain.ou_id, gone_at=None)


# --- what it does to this one -------------------------------------------------------------------------------------------


def touched_domains(package: Any) -> str:
    count = DomainLink.objects.filter(package=package, domain__gone_at=None).count()
    return f"It touches {count} domain{'' if count == 1 else 's'}."
