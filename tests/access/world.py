"""One of everything at each place of two resellers' trees, each thing with a mark of its own in all its words.

    root ── sub ─┬─ company       where the viewers of `viewers.py` hold their roles
                 └─ sibling
    other                         another reseller, on another connection

A mark says where a thing belongs and what it is: `zqsiblingmailboxqz`. Found in an answer, it tells what leaked.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import date, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone

from portal.accounts.models import Acting, Brand, CustomRole, Invitation, Membership, Person, SecondFactorRule
from portal.billing import closing
from portal.billing.models import Price, PriceBook, Quota
from provisioning import audit, usage
from provisioning.models import (
    OU,
    Action,
    Batch,
    Connection,
    Domain,
    Event,
    Mailbox,
    Package,
    Scheduled,
    Step,
    UsageRun,
)
from provisioning.services import imports
from provisioning.services.customers import KIND as NEW_CUSTOMER
from tests.integration.factories import make_connection, make_domain, make_mailbox, make_ou, make_package
from tests.integration.finding.rows import action

PLACES = ("root", "sub", "company", "sibling", "other")
GONE = "gone"  # things of `company` that SYNAQ knows no more
MARK = re.compile(r"zq(root|sub|company|sibling|other|gone|extra)([a-z]+)qz")
SAMPLE = {"password": "Sample-12345"}


def mark(place: str, kind: str) -> str:
    return f"zq{place}{kind}qz"


def guid(place: str, kind: str) -> str:
    return f"guid-{mark(place, f'{kind}guid')}"


class Place:
    """An OU with one of everything; `place.things["mailbox"]` is its mailbox."""

    def __init__(self, name: str, parent: OU | None, connection: Connection) -> None:
        self.name = name
        self.things: dict[str, Any] = {} if parent else {"connection": connection}
        self.person = self._person()
        if name == GONE:
            assert parent is not None
            self._mirror(parent, timezone.now())
            return
        types = {"sub": OU.Type.SUBRESELLER, "company": OU.Type.COMPANY, "sibling": OU.Type.COMPANY}
        facts = {
            "type": types.get(name, OU.Type.RESELLER),
            "state": "active",
            "client_ref": mark(name, "ref"),
        }
        ou = make_ou(connection, parent, title=mark(name, "ou"), guid=guid(name, "ou"), **facts)
        self.things["ou"] = ou
        self._mirror(ou, None)
        self._ledger(ou)
        self._people(ou)
        self._portal(ou)

    @property
    def ou(self) -> OU:
        found: OU = self.things["ou"]
        return found

    def _person(self) -> Person:
        words = mark(self.name, "person")
        return Person.objects.create_user(f"{words}@example.test", SAMPLE["password"], name=words)

    def _mirror(self, ou: OU, gone: Any) -> None:
        name = self.name
        if gone:
            self.things["ou"] = make_ou(
                parent=ou, title=mark(name, "ou"), guid=guid(name, "ou"), gone_at=gone
            )
        raw = {"description": mark(name, "mailbox")}
        about: dict[str, Any] = {"gone_at": gone, "state": "active"}
        package: Package = make_package(
            ou, f"SYN-CMS-{name}", (mark(name, "edition"),), name=mark(name, "package"),
            guid=guid(name, "package"), **about,
        )  # fmt: skip
        domain: Domain = make_domain(
            ou, f"{mark(name, 'domain')}.example", package, guid=guid(name, "domain"), **about
        )
        mailbox: Mailbox = make_mailbox(
            domain, mark(name, "mailbox"), guid=guid(name, "mailbox"), raw=raw,
            display_name=mark(name, "mailbox"), last_name=mark(name, "mailbox"), account_locked=not gone, **about,
        )  # fmt: skip
        self.things |= {"package": package, "domain": domain, "mailbox": mailbox}

    def _ledger(self, ou: OU) -> None:
        """Actions in each state that a button is for; a batch that stopped, a set deletion, a new customer."""
        words = {"reason": mark(self.name, "action"), "words": mark(self.name, "action")}
        mailbox = self.things["mailbox"]
        for state in ("failed", "queued", "unconfirmed", "finished"):
            about: dict[str, Any] = {"guid": mailbox.guid, "lock_key": f"mailbox:{mailbox.guid}:{state}"}
            row = action(ou, state, by=self.person, title=mark(self.name, "action"), **about, **words)
            Event.objects.create(action=row, by=self.person, kind="asked", text=mark(self.name, "action"))
            self.things[state] = row
        self.things["action"] = self.things["failed"]
        self.things["batch"] = self._batch("selection", "mailbox", mailbox.guid, "stopped")
        self.things["flow"] = self._batch(NEW_CUSTOMER, "", "", "running")
        Step.objects.create(
            batch=self.things["batch"], position=1, operation="mailbox.suspend", kind="mailbox",
            guid=mailbox.guid, title=mark(self.name, "step"), action=self.things["failed"],
        )  # fmt: skip
        self.things["scheduled"] = Scheduled.objects.create(
            connection=ou.connection, ou=ou, kind="mailbox", guid=mailbox.guid, by=self.person,
            title=mark(self.name, "scheduled"), reason=mark(self.name, "scheduled"), submission=uuid.uuid4(),
            due_at=timezone.now() + timedelta(days=9),
        )  # fmt: skip
        self.things["import"] = imports.keep([], by=self.person, submission=uuid.uuid4())

    def _batch(self, kind: str, target: str, target_guid: str, state: str) -> Batch:
        words = mark(self.name, "flow" if kind == NEW_CUSTOMER else "batch")
        return Batch.objects.create(
            kind=kind, title=words, ou=self.ou, by=self.person, submission=uuid.uuid4(), state=state, words=words,
            reason=words, target_kind=target, target_guid=target_guid, target_title=words,
        )  # fmt: skip

    def _people(self, ou: OU) -> None:
        """Who holds what there: somebody, their sessions and factor, an invitation, a role made there."""
        name, facts = self.name, {"by": self.person, "ou": ou}
        role = CustomRole.objects.create(
            ou=ou, label=mark(name, "role"), about=mark(name, "role"), permissions=["mailboxes.see"], staff=False,
            made_by=self.person,
        )  # fmt: skip
        SecondFactorRule.objects.create(ou=ou, role=role.name)
        self.things |= {"role": role, "person": self.person}
        self.things["membership"] = Membership.objects.create(
            person=self.person, ou=ou, role="company_helpdesk"
        )
        self.things["invitation"] = Invitation.objects.create(
            email=f"{mark(name, 'invitation')}@example.test", name=mark(name, "invitation"), role="company_helpdesk",
            token_hash=hashlib.sha256(name.encode()).hexdigest(), expires_at=timezone.now() + timedelta(days=3),
            **facts,
        )  # fmt: skip
        self.things["session"] = UserSession.objects.create(
            user=self.person,
            ip="192.0.2.1",
            session_key=mark(name, "session"),
            user_agent=mark(name, "session"),
        )
        self.things["passkey"] = Authenticator.objects.create(
            user=self.person, type=Authenticator.Type.WEBAUTHN, data={"name": mark(name, "passkey")}
        )

    def _portal(self, ou: OU) -> None:
        name = self.name
        looker = Person.objects.create_user(f"looker-{name}@example.test", name=mark(name, "looker"))
        until = timezone.now() - timedelta(hours=1)
        began = until - timedelta(hours=1)
        self.things["acting"] = Acting.objects.create(
            by=looker,
            person=self.person,
            ou=ou,
            reason=mark(name, "acting"),
            until=until,
            began_at=began,
            ended_at=until,
        )
        self.things["entry"] = audit.record(
            "asked", by=self.person, ou=ou, title=mark(name, "entry"), reason=mark(name, "entry"),
            text=mark(name, "entry"), old={"title": mark(name, "entry")}, new={"title": mark(name, "entry")},
        )  # fmt: skip
        self.things["prices"] = PriceBook.objects.create(
            ou=ou,
            name=mark(name, "prices"),
            valid_from="2026-01-01",
            made_by=self.person,
            currency="USD" if name == "root" else "ZAR",
        )
        Price.objects.create(book=self.things["prices"], edition=mark(name, "edition"), unit=1)
        self._usage(ou)
        self.things["brand"] = Brand.objects.create(
            ou=ou, name=mark(name, "brand"), host=f"{mark(name, 'brand')}.example",
            support_email=f"{mark(name, 'brand')}@example.test",
        )  # fmt: skip

    def _usage(self, ou: OU) -> None:
        """A detailed report, and a run of which the count failed."""
        name, domain = self.name, self.things["domain"]
        words = mark(name, "usage")
        line = {"edition_code": mark(name, "edition"), "count": 1, "warning": words, "problem": words}
        body = {"usage": [{**line, "billable_mailboxes": [f"{words}@example.test"]}]}
        usage.take_in(domain, body, source=usage.DETAILED, received_at=timezone.now())
        batch = self._batch("usage", "", "", "stopped")
        said = {"title": mark(name, "action"), "words": mark(name, "action")}
        failed = action(
            ou, "failed", kind="domain", guid=domain.guid, operation="domain.usage", lock_key=words, **said
        )
        Step.objects.create(
            batch=batch, position=1, operation="domain.usage", kind="domain", guid=domain.guid, title=mark(name, "step"),
            action=failed,
        )  # fmt: skip
        self.things["run"] = UsageRun.objects.create(
            connection=ou.connection, why="person", by=self.person, batch=batch, day=timezone.now().date()
        )


class World:
    """All places. `world.at("sub").ou` is where staff hold their roles."""

    def __init__(self) -> None:
        ours, theirs = _connection("root"), _connection("other")
        Connection.objects.filter(pk=theirs.pk).update(
            broken_since=timezone.now(), trouble=mark("other", "connection")
        )
        # The foreign things lie among one's own, so that numbers above and below are somebody else's
        self.places = {"root": Place("root", None, ours)}
        self.places["other"] = Place("other", None, theirs)
        self.places["sub"] = Place("sub", self.at("root").ou, ours)
        self.places["company"] = Place("company", self.at("sub").ou, ours)
        self.places["sibling"] = Place("sibling", self.at("sub").ou, ours)
        self.places[GONE] = Place(GONE, self.at("company").ou, ours)
        self._close_a_month()

    def at(self, name: str) -> Place:
        return self.places[name]

    def _close_a_month(self) -> None:
        """October of `sub`, in which the company used one of something."""
        company, sub, month = self.at("company"), self.at("sub"), date(2026, 10, 1)
        line = {"edition_code": mark("company", "edition"), "count": 1}
        said = {
            "state": "FINISHED",
            "data_as_at": "2026-10-31 20:00:00+0200",
            "edition_usage_reports": [line],
        }
        body = {"domain_usage_report": said}
        usage.take_in(company.things["domain"], body, source=usage.SUMMARY, received_at=timezone.now())
        shown = closing.draft(sub.ou, month)
        closing.close(sub.ou, month, by=sub.person, note=mark("sub", "note"), seen=shown.mark)
        for place in (self.at("root"), sub):
            place.things["customer"] = company.ou
            place.things["quota"] = Quota.objects.create(
                ou=company.ou, edition=mark("company", f"{place.name}quota"), most=9
            )

    def add_foreign(self) -> None:
        """More of everything that is none of the viewers' business."""
        Place("extra", None, _connection("extra"))


def _connection(place: str) -> Connection:
    words = mark(place, "connection")
    return make_connection(name=words, api_user=words, reseller_guid=guid(place, "ou"))


def model_counts() -> dict[type, set[Any]]:
    """What lies where, for the proof that a form wrote nothing elsewhere: the number of each row with an OU."""
    models = (Action, Batch, Scheduled, Membership, Invitation, CustomRole, SecondFactorRule, Acting, Brand)
    return {model: set(model.objects.values_list("pk", flat=True)) for model in models}
