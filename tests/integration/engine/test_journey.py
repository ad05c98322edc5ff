"""From the click's service call to the mirror, through the driver, against the sandbox."""

from __future__ import annotations

import uuid

import pytest

from provisioning.models import OU, Action, Domain, Mailbox, Package
from provisioning.services import domains, mailboxes, ous, packages
from provisioning.synaq.answers import read_usage
from tests.integration.sandboxed import Sandbox, drive_to_the_end

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}


def finished(action: Action) -> Action:
    drive_to_the_end()
    action.refresh_from_db()
    history = list(action.events.values_list("kind", "text"))
    assert action.state == Action.State.FINISHED, (action.state, action.words, action.errors, history)
    return action


def new_company(root: OU) -> OU:
    details = {"title": "Acme Ltd", "physical_address": ADDRESS, "client_ref": ""}
    action = finished(ous.create_company(root, by=None, details=details, submission=uuid.uuid4()))
    return OU.objects.get(guid=action.result_guid)


def new_package(company: OU, code: str, editions: list[str]) -> Package:
    submission = uuid.uuid4()
    action = finished(
        packages.create_package(company, by=None, code=code, editions=editions, submission=submission)
    )
    return Package.objects.get(guid=action.result_guid)


def test_a_customers_first_mailbox_goes_from_nothing_to_active(sandbox: Sandbox) -> None:
    company = new_company(sandbox.root())
    assert (company.title, company.is_company) == ("Acme Ltd", True)
    package = new_package(company, "SYN-CMS", ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"])
    assert [edition.code for edition in package.editions.all()] == ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"]

    submission = uuid.uuid4()
    action = finished(
        domains.create_domain_in_package(
            package, by=None, name="acme.example", at_once=False, submission=submission
        )
    )
    domain = Domain.objects.get(guid=action.result_guid)
    assert (domain.state, list(domain.packages.all())) == ("inactive", [package])
    finished(domains.provision_domain(domain, by=None, submission=uuid.uuid4()))
    domain.refresh_from_db()
    assert domain.state == "active"

    details = {"email_local": "thandi", "last_name": "Nkosi", "package_edition_code": "SYN-CM-PREM-25-ARCH"}
    action = finished(
        mailboxes.create_mailbox(
            domain, by=None, details=details, password="Sample123$xyz", at_once=True, submission=uuid.uuid4()
        )
    )
    mailbox = Mailbox.objects.get(guid=action.result_guid)
    assert (mailbox.email, mailbox.state, mailbox.domain) == ("thandi@acme.example", "active", domain)
    assert mailbox.edition_code == "SYN-CM-PREM-25-ARCH"
    assert action.sealed == ""
    kinds = list(action.events.values_list("kind", flat=True))
    assert kinds[:3] == ["asked", "sending", "accepted"]
    assert kinds[-1] == "finished"

    finished(mailboxes.change_state(mailbox, "mailbox.suspend", by=None, submission=uuid.uuid4()))
    mailbox.refresh_from_db()
    assert mailbox.state == "suspended"


def test_a_domain_that_stands_alone_is_linked_filled_in_and_provisioned(sandbox: Sandbox) -> None:
    company = new_company(sandbox.root())
    package = new_package(company, "SYN-PIN-SEC", ["SYN-PIN-SEC-BOTH"])
    made = finished(domains.create_domain(company, by=None, name="law.example", submission=uuid.uuid4()))
    domain = Domain.objects.get(guid=made.result_guid)
    finished(domains.link_domain(domain, package, by=None, submission=uuid.uuid4()))
    domain.refresh_from_db()
    assert list(domain.packages.all()) == [package]
    assert "mail_delivery_location" in domain.fields

    fields = {"mail_delivery_location": "smtp.law.example", "auth_method": "smtp", "username": "law"}
    finished(
        domains.fill_fields(
            domain, by=None, fields=fields, secrets={"password": "smtpPassw0rd!"}, submission=uuid.uuid4()
        )
    )
    domain.refresh_from_db()
    assert domain.fields["mail_delivery_location"] == "smtp.law.example"
    assert "smtpPassw0rd!" not in str(domain.raw)
    finished(domains.provision_domain(domain, by=None, submission=uuid.uuid4()))


def test_an_action_that_ends_in_error_fails_with_synaqs_words(sandbox: Sandbox) -> None:
    company = new_company(sandbox.root())
    package = new_package(company, "SYN-CMS", [])
    made = finished(
        domains.create_domain_in_package(
            package, by=None, name="x.example", at_once=False, submission=uuid.uuid4()
        )
    )
    domain = Domain.objects.get(guid=made.result_guid)
    sandbox.tell("fail-next", action="Provision", kind="domain", errors=["The MX record points elsewhere."])
    action = domains.provision_domain(domain, by=None, submission=uuid.uuid4())
    drive_to_the_end()
    action.refresh_from_db()
    assert (action.state, action.words) == ("failed", "The MX record points elsewhere.")


def test_a_refusal_keeps_the_fields_that_synaq_names(sandbox: Sandbox) -> None:
    company = new_company(sandbox.root())
    action = packages.create_package(
        company, by=None, code="SYN-PIN-SEC", editions=[], submission=uuid.uuid4()
    )
    drive_to_the_end()
    action.refresh_from_db()
    assert action.state == "failed"
    assert action.meaning == "refused"
    assert any("edition" in line["field"] for line in action.errors), action.errors


def test_usage_is_counted_in_two_steps(sandbox: Sandbox) -> None:
    company = new_company(sandbox.root())
    package = new_package(company, "SYN-CMS", ["SYN-CMS-BASIC-02"])
    made = finished(
        domains.create_domain_in_package(
            package, by=None, name="count.example", at_once=True, submission=uuid.uuid4()
        )
    )
    domain = Domain.objects.get(guid=made.result_guid)
    details = {"email_local": "one", "last_name": "Nkosi"}
    finished(
        mailboxes.create_mailbox(
            domain, by=None, details=details, password="Sample123$xyz", at_once=True, submission=uuid.uuid4()
        )
    )
    finished(domains.change_state(domain, "domain.usage", by=None, submission=uuid.uuid4()))
    domain.refresh_from_db()
    report = read_usage({"domain_usage_report": domain.usage})
    assert report is not None
    assert (report.state, report.counts) == ("finished", [("SYN-CMS-BASIC-02", 1)])
    assert report.data_as_at is not None
    assert domain.state == "active"
