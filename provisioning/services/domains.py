from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from provisioning import batches, teardown
from provisioning.models import OU, Action, Batch, Domain, Package
from provisioning.operations import OPERATIONS
from provisioning.services.common import Refused, ask_for
from provisioning.synaq import catalogue


def create_domain(company: OU, *, by: Any, name: str, submission: uuid.UUID) -> Action:
    """Record a domain under the company; it stands alone until it is linked. `name` is in its ASCII form."""
    if not company.is_company:
        raise Refused("Domains belong to companies.")
    payload = {"domain_name": name}
    return ask_for(
        "domain.create", company, by=by, submission=submission, title=name, creates=name, payload=payload
    )


def create_domain_in_package(
    package: Package, *, by: Any, name: str, at_once: bool, submission: uuid.UUID
) -> Action:
    """Record a domain and link it; `at_once` provisions it too (CloudMail on legacy connections only)."""
    payload: dict[str, Any] = {"domain_name": name}
    if at_once:
        if not may_provision_at_once(package):
            raise Refused(
                "Only CloudMail domains can be provisioned at once, and only on a legacy connection."
            )
        payload["provision_immediately"] = True
    return ask_for(
        "domain.create_in_package",
        package,
        by=by,
        submission=submission,
        title=name,
        creates=name,
        payload=payload,
    )


def may_provision_at_once(package: Package) -> bool:
    """Whether `provision_immediately` may be sent for a domain under this package (contract, calls of 2018)."""
    return package.connection.is_legacy and catalogue.family_of(package.code) == "cloudmail"


def link_domain(domain: Domain, package: Package, *, by: Any, submission: uuid.UUID) -> Action:
    """Link the domain to one more package of its company."""
    if package.ou_id != domain.ou_id:
        raise Refused("The package belongs to another company.")
    if package.gone_at:
        raise Refused("SYNAQ no longer knows that package.")
    if domain.links.filter(package=package).exists():
        raise Refused(f"{domain} is linked to {package} already.")
    return ask_for("domain.link", domain, by=by, submission=submission, payload={"package": package.guid})


def fill_fields(
    domain: Domain, *, by: Any, fields: Mapping[str, Any], secrets: Mapping[str, str], submission: uuid.UUID
) -> Action:
    """Send service fields: `fields` in the clear, `secrets` sealed until they are sent. Only what changes."""
    if not fields and not secrets:
        raise Refused("Nothing was changed.")
    return ask_for(
        "domain.fields",
        domain,
        by=by,
        submission=submission,
        # what the domain exposes decides which of two spellings of one field are sent alike
        payload={"fields": dict(fields), "exposed": sorted(domain.fields)},
        secrets=secrets,
    )


def provision_domain(domain: Domain, *, by: Any, submission: uuid.UUID) -> Action:
    """Have the linked packages' services set up for the domain."""
    return ask_for("domain.provision", domain, by=by, submission=submission)


def change_state(
    domain: Domain, operation: str, *, by: Any, submission: uuid.UUID, reason: str = ""
) -> Action:
    """Provision, apply changes, close, activate or count usage: any bare action of the table on a domain."""
    return ask_for(operation, domain, by=by, submission=submission, reason=reason)


def delete_domain(domain: Domain, *, by: Any, submission: uuid.UUID, reason: str = "") -> Batch:
    """End its services, then remove its record; only the record where it has no services. Refused while provisioned
    mailboxes remain, naming them."""
    same = Batch.objects.filter(submission=submission).first()
    if same:
        return same
    mailboxes = "mailbox.delete"
    steps = [wish for wish in teardown.plan(domain).steps if wish.operation != mailboxes]
    first = OPERATIONS[steps[0].operation if steps else "domain.remove"]
    why_not = first.why_not(domain, domain.connection.dialect)
    if why_not:
        raise Refused(why_not)
    return batches.start(
        "domain_delete", f"Delete {domain}", domain.ou, steps, by=by, submission=submission, reason=reason,
        target=domain,
    )  # fmt: skip
