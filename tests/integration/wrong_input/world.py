"""One of everything that a form can be about, for two people who may do all of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import Membership, Person
from provisioning import ledger
from provisioning.models import OU, Action, Batch, Catalogue, Domain, Event, Mailbox, Package, Scheduled
from provisioning.services import customers, mailboxes, scheduled, teardown
from tests.integration.endings import end
from tests.integration.factories import (
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_package,
    make_person,
)
from tests.integration.finding.rows import action

RAW = {
    "title": "Modern Ltd",
    "client_ref": "M-1",
    "phone_number": "011 1",
    "vat_numer": "987",
    "physical_address": {"line_1": "1 Road", "city": "Durban", "postal_code": "4001", "country": "ZA"},
}
PRODUCTS = [
    {"code": "SYN-CMS", "name": "CloudMail", "editions": [{"code": "SYN-CMS-BASIC-02", "name": "Basic"}]}
]
FIELDS: dict[str, Any] = {"mail_delivery_location": "old.example", "password": "", "retries": 3, "hosts": []}
EDITIONS = ("SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH")


class World:
    """A reseller on either API, a company with all kinds of things in it."""

    def __init__(self) -> None:
        self.root = make_ou(title="The Reseller")
        self.modern_root = make_ou(make_connection("current"), title="The Current Reseller")
        self.anne, self.ben = self._person("anne"), self._person("ben")
        self.acme = make_ou(parent=self.root, title="Acme Ltd", raw={})
        self.bare = make_ou(parent=self.root, title="Bare Ltd")
        self.modern = make_ou(parent=self.modern_root, title="Modern Ltd", raw=RAW)
        Catalogue.objects.create(ou=self.acme, raw=PRODUCTS, as_at=timezone.now())
        self.package = make_package(self.acme, editions=EDITIONS, name="CloudMail", state="active")
        self.spare = make_package(self.acme, "SYN-PIN-SEC", ("SYN-PIN-SEC-BOTH",), name="Securemail")
        self.domain = make_domain(self.acme, "acme.example", self.package)
        self.fresh = make_domain(self.acme, "fresh.example", self.package, state="inactive", fields=FIELDS)
        raw = {"description": "The first", "hide_in_gal": False}
        self.mailbox = make_mailbox(
            self.domain, "thandi", last_name="Nkosi", edition_code=EDITIONS[0], raw=raw
        )
        self.locked = make_mailbox(self.domain, "sipho", state="suspended", account_locked=True)

    def _person(self, name: str) -> Person:
        person = make_person("owner", self.root, f"{name}@example.test")
        Membership.objects.create(person=person, ou=self.modern_root, role="owner")
        return person

    def ledger(self) -> tuple[int, ...]:
        """How much was asked for so far."""
        return tuple(model.objects.count() for model in (Action, Batch, Scheduled, Event))

    # --- things that are made where they are wanted

    def action(self, state: str, **facts: Any) -> Action:
        """An action on a mailbox of its own."""
        box = make_mailbox(self.domain)
        return action(self.acme, state, by=self.anne, guid=box.guid, lock_key=f"mailbox:{box.guid}", **facts)

    def lost_creation(self) -> Action:
        """The creation of a mailbox whose answer was lost."""
        asked = mailboxes.create_mailbox(
            self.domain,
            by=self.anne,
            details={"email_local": "lost", "last_name": "Lost"},
            password="Sample123$",
            at_once=False,
            submission=uuid.uuid4(),
        )
        ledger.claim_submits(asked.connection_id, 100)
        asked.refresh_from_db()
        ledger.unconfirmed(asked, "lost", "No answer.")
        return asked

    def stopped(self) -> Batch:
        """A removal that stopped at its first failure."""
        batch: Batch = teardown.start(self.domain, by=self.anne, submission=uuid.uuid4(), reason="")
        Batch.objects.filter(pk=batch.pk).update(state="stopped", words="No.")
        return batch

    def running(self) -> Batch:
        batch: Batch = teardown.start(self.domain, by=self.anne, submission=uuid.uuid4(), reason="")
        return batch

    def dated(self) -> Scheduled:
        """A deletion that is set for a date."""
        due = timezone.now() + timedelta(days=30)
        return scheduled.schedule_deletion(
            self.mailbox, by=self.anne, due_at=due, submission=uuid.uuid4(), reason=""
        )

    def flow(self, to: str) -> Batch:
        """A new customer whose next step is `to`."""
        details = {"title": "New Ltd", "physical_address": RAW["physical_address"]}
        batch, asked = customers.start_flow(self.root, by=self.anne, details=details, submission=uuid.uuid4())
        if to == "company":
            ledger.fail(_claimed(asked), "refused", "No.", [])
            return batch
        company = make_ou(parent=self.root, title="New Ltd")
        Catalogue.objects.create(ou=company, raw=PRODUCTS, as_at=timezone.now())
        end(asked, guid=company.guid)
        if to != "package":
            package = make_package(company, name="CloudMail")
        if to not in ("package", "domain"):
            state = "active" if to == "mailboxes" else "inactive"
            fields = {"mail_delivery_location": ""} if to == "fields" else {}
            make_domain(company, "new.example", package, state=state, fields=fields)
        return batch


def _claimed(asked: Action) -> Action:
    ledger.claim_submits(asked.connection_id, 100)
    asked.refresh_from_db()
    return asked


def vanish(thing: OU | Package | Domain | Mailbox) -> None:
    """SYNAQ knows it no longer."""
    type(thing).objects.filter(pk=thing.pk).update(gone_at=timezone.now())
