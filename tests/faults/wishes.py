"""Each thing that can be wished for, as one call of a service. Only for a process in which Django is set up."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db import connection as database

from portal.accounts.models import Person
from provisioning.models import OU, Action, Domain, Mailbox, Package, Reading
from provisioning.services import activity, domains, mailboxes, ous, packages
from provisioning.services.common import Refused
from provisioning.services.ous import want_reading

PATIENCE = 60.0  # seconds: so long somebody presses again while the portal cannot take it on
PASSWORD = "Sample-123$-word"
ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
FIELDS = {
    "service_provider": "Acme Hosting",
    "admin_username": "admin",
    "admin_first_name": "Ad",
    "admin_last_name": "Min",
}

Wish = dict[str, Any]


def carry_out(wish: Wish) -> dict[str, Any]:
    """{"id": of the ledger's row} or {"refused": why}. While the database is away the same form is sent again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return {"id": WAYS[wish["what"]](wish, uuid.UUID(wish["submission"])).pk}
        except Refused as refusal:
            return {"refused": str(refusal)}
        except (OperationalError, InterfaceError):
            if time.monotonic() > end:
                raise
            database.close()
            time.sleep(0.2)


@cache
def somebody(role: str = "support") -> Person:
    return Person.objects.get(email=f"{role}@demo.mailroom.test")


def _company(wish: Wish, submission: uuid.UUID) -> Action:
    details = {"title": wish["title"], "physical_address": ADDRESS}
    root = OU.objects.get(parent=None)
    return ous.create_company(root, by=somebody(), details=details, submission=submission)


def _package(wish: Wish, submission: uuid.UUID) -> Action:
    company = OU.objects.get(guid=wish["guid"])
    legacy = company.connection.is_legacy
    code = "SYN-CMS" if legacy else "CLM-STD"
    editions = ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"] if legacy else []
    return packages.create_package(
        company, by=somebody("owner"), code=code, editions=editions, submission=submission
    )


def _domain(wish: Wish, submission: uuid.UUID) -> Action:
    package = Package.objects.get(guid=wish["guid"])
    return domains.create_domain_in_package(
        package, by=somebody(), name=wish["name"], at_once=False, submission=submission
    )


def _fields(wish: Wish, submission: uuid.UUID) -> Action:
    """Every field that the domain exposes and that has one here; refused where there is none."""
    domain = Domain.objects.get(guid=wish["guid"])
    fields = {name: value for name, value in FIELDS.items() if name in domain.fields}
    secrets = {name: PASSWORD for name in domain.fields if name == "admin_password"}
    return domains.fill_fields(domain, by=somebody(), fields=fields, secrets=secrets, submission=submission)


def _on_domain(wish: Wish, submission: uuid.UUID) -> Action:
    domain = Domain.objects.get(guid=wish["guid"])
    return domains.change_state(domain, wish["operation"], by=somebody(), submission=submission)


def _mailbox(wish: Wish, submission: uuid.UUID) -> Action:
    domain = Domain.objects.get(guid=wish["guid"])
    details = {"email_local": wish["local"], "last_name": "Nkosi"}
    at_once = domain.connection.is_legacy
    if at_once:
        details["package_edition_code"] = "SYN-CMS-BASIC-02"
    return mailboxes.create_mailbox(
        domain, by=somebody(), details=details, password=PASSWORD, at_once=at_once, submission=submission
    )


def _on_mailbox(wish: Wish, submission: uuid.UUID) -> Action:
    mailbox = Mailbox.objects.get(guid=wish["guid"])
    return mailboxes.change_state(mailbox, wish["operation"], by=somebody(), submission=submission)


def _edit(wish: Wish, submission: uuid.UUID) -> Action:
    mailbox = Mailbox.objects.get(guid=wish["guid"])
    changes = {"display_name": wish["name"]}
    return mailboxes.update_mailbox(mailbox, by=somebody(), changes=changes, submission=submission)


def _edition(wish: Wish, submission: uuid.UUID) -> Action:
    """The edition of its package that it does not have."""
    mailbox = Mailbox.objects.get(guid=wish["guid"])
    package = Package.objects.get(links__domain=mailbox.domain, gone_at=None)
    others = package.editions.exclude(code=mailbox.edition_code).order_by("code")
    code = others[wish.get("number", 0) % len(others)].code
    return mailboxes.change_edition(mailbox, package, code, by=somebody(), submission=submission)


def _delete(wish: Wish, submission: uuid.UUID) -> Action:
    mailbox = Mailbox.objects.get(guid=wish["guid"])
    return mailboxes.delete_mailbox(mailbox, by=somebody(), submission=submission)


def _read(wish: Wish, _: uuid.UUID) -> Reading:
    return want_reading(Mailbox.objects.get(guid=wish["guid"]))


def _settle(wish: Wish, _: uuid.UUID) -> Action:
    action = Action.objects.get(pk=wish["id"])
    if wish["applied"]:
        activity.settle_applied(action, wish.get("guid", ""), by=somebody())
    else:
        activity.settle_not_applied(action, by=somebody())
    return action


WAYS: dict[str, Callable[[Wish, uuid.UUID], Action | Reading]] = {
    "company": _company,
    "package": _package,
    "domain": _domain,
    "fields": _fields,
    "on domain": _on_domain,
    "mailbox": _mailbox,
    "on mailbox": _on_mailbox,
    "edit": _edit,
    "edition": _edition,
    "delete": _delete,
    "settle": _settle,
    "read": _read,
}
