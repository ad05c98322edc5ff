"""What the pages ask for, carried out by the sandbox: at once (204) or by an action (202), the mirror ends true."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.connections import client_for
from provisioning.models import OU, Action, Batch, Domain, Mailbox
from provisioning.services import domains, mailboxes, ous, packages
from tests.integration.factories import make_person
from tests.integration.sandboxed import Sandbox, drive_to_the_end, running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)

BASIC, PREMIUM = "SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"
PASSWORD = "N3w-Sample$"
ADDRESS = {"line_1": "1 Main Road", "city": "Cape Town", "postal_code": "8001", "country": "ZA"}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(Path(tmp_path_factory.mktemp("sandbox"))) as running:
        yield running


class Place:
    """A company at the sandbox with CloudMail on a domain in service, and somebody of support."""

    def __init__(self, sandbox: Sandbox, client: Client) -> None:
        sandbox.tell("reset", seed="empty")
        self.sandbox, self.client, self.root = sandbox, client, sandbox.root()
        self.by = make_person("support", self.root)
        client.force_login(self.by)
        made: dict[str, Any] = {"by": self.by}
        ous.create_company(
            self.root, details={"title": "Acme", "physical_address": ADDRESS}, submission=uuid.uuid4(), **made
        )
        drive_to_the_end()
        company = OU.objects.get(title="Acme")
        packages.create_package(
            company, code="SYN-CMS", editions=[BASIC, PREMIUM], submission=uuid.uuid4(), **made
        )
        drive_to_the_end()
        package = company.packages.get()
        domains.create_domain_in_package(
            package, name="acme.example", at_once=True, submission=uuid.uuid4(), **made
        )
        drive_to_the_end()
        self.domain = Domain.objects.get()

    def mailbox(self, local: str, *, at_once: bool) -> Mailbox:
        mailboxes.create_mailbox(
            self.domain,
            by=self.by,
            details={"email_local": local, "last_name": "Smith", "package_edition_code": BASIC},
            password="Sample123$",
            at_once=at_once,
            submission=uuid.uuid4(),
        )
        drive_to_the_end()
        return Mailbox.objects.get(email=f"{local}@acme.example")

    def send(self, route: str, thing: Any, **typed: str) -> None:
        """A form is sent, and all that follows from it is done."""
        answer = self.client.post(
            reverse(route, args=[thing.guid]), {"submission": str(uuid.uuid4()), **typed}
        )
        assert answer.status_code == 303, answer.content.decode()[:3000]
        drive_to_the_end()
        thing.refresh_from_db()

    def tell(self, route: str, thing: Any, word: str) -> None:
        """One of the bare actions, done to its end."""
        self.client.post(reverse(route, args=[thing.guid, word]), {"submission": str(uuid.uuid4())})
        drive_to_the_end()

    def refuse(self, method: str, status: int, body: Any) -> None:
        """SYNAQ answers the next request of that method so."""
        self.sandbox.tell("refuse-next", method=method, status=status, body=body)

    def page(self, route: str, thing: Any) -> str:
        return str(self.client.get(reverse(route, args=[thing.guid])).content.decode())

    def there(self) -> list[str]:
        """The addresses that the sandbox still has."""
        return sorted(row["email"] for row in self.sandbox.ask("inventory")["mailboxes"])


@pytest.fixture
def place(process: Sandbox, client: Client) -> Place:
    return Place(process, client)


def test_an_edit_is_true_at_once_and_by_an_action(place: Place) -> None:
    for local, at_once in (("idle", False), ("busy", True)):
        row = place.mailbox(local, at_once=at_once)
        place.send("mailboxes:edit", row, display_name="Ann’s <b>desk", last_name="Jones", password=PASSWORD)
        assert (row.display_name, row.last_name) == ("Ann’s <b>desk", "Jones")
        package = place.domain.packages.get()
        place.send("mailboxes:edition", row, edition=f"{package.guid} {PREMIUM}")
        assert row.edition_code == PREMIUM
        assert row.state == ("active" if at_once else "inactive")
    assert not Action.objects.exclude(state="finished").exists()


def test_a_deletion_is_true_at_once_and_by_an_action_that_vanishes(place: Place) -> None:
    for local, at_once in (("idle", False), ("busy", True)):
        row = place.mailbox(local, at_once=at_once)
        place.send("mailboxes:delete", row, typed_name=row.email)
        assert row.gone_at is not None
        body = place.client.get(reverse("mailboxes:detail", args=[row.guid])).content.decode()
        assert "SYNAQ no longer knows this mailbox." in body
    assert place.there() == []
    assert not Action.objects.exclude(state="finished").exists()


def test_close_suspend_and_activate_end_true(place: Place) -> None:
    row = place.mailbox("ann", at_once=True)
    for word, state in (("suspend", "suspended"), ("close", "closed"), ("activate", "active")):
        place.client.post(reverse("mailboxes:do", args=[row.guid, word]), {"submission": str(uuid.uuid4())})
        drive_to_the_end()
        row.refresh_from_db()
        assert row.state == state


def test_a_locked_mailbox_is_brought_back_by_one_form(place: Place) -> None:
    row = place.mailbox("ann", at_once=True)
    place.sandbox.tell("lock", mailbox=row.email, reason="Sent <spam>")
    place.send("mailboxes:refresh", row)
    assert (row.account_locked, row.lock_reason) == (True, "Sent <spam>")
    place.send("mailboxes:unlock", row, password=PASSWORD)
    assert (row.account_locked, row.state) == (False, "active")
    assert Batch.objects.get().state == "finished"


def test_what_synaq_refuses_of_a_password_stops_the_way_out_and_leads_back_to_it(place: Place) -> None:
    row = place.mailbox("ann", at_once=True)
    place.sandbox.tell("lock", mailbox=row.email)
    place.send("mailboxes:refresh", row)
    place.refuse("PATCH", 400, {"code": 400, "message": "No", "errors": ["password: Used <before>."]})
    place.send("mailboxes:unlock", row, password=PASSWORD)
    assert row.account_locked
    failed = Action.objects.get(state="failed")
    home = place.page("mailboxes:detail", row)
    again = f"{reverse('mailboxes:unlock', args=[row.guid])}?again={failed.pk}"
    assert again in home
    form = place.client.get(again).context["form"]
    assert form.errors["password"] == ["Used <before>."]


REFUSALS = [
    (
        400,
        {"code": 400, "message": "Validation Failed", "errors": ["code: Not <valid>."]},
        "Not &lt;valid&gt;.",
    ),
    (409, {"code": 409, "message": "Busy <now>", "errors": None}, "Busy &lt;now&gt;"),
    (422, {"code": 422, "message": "No", "errors": {"first_name": ["Too <odd>."]}}, "Too &lt;odd&gt;."),
    (409, "plain words of a proxy", "plain words of a proxy"),
    (403, "<html><body><h1>Forbidden here</h1></body></html>", "Forbidden here"),
]


def test_every_refusal_comes_back_to_the_page_in_synaqs_words(place: Place) -> None:
    row, package = place.mailbox("ann", at_once=True), place.domain.packages.get()
    forms = {
        "mailboxes:edit": ("PATCH", {"first_name": "Anna", "last_name": "Smith"}),
        "mailboxes:edition": ("PATCH", {"edition": f"{package.guid} {PREMIUM}"}),
        "mailboxes:delete": ("DELETE", {"typed_name": row.email}),
    }
    for status, body, words in REFUSALS:
        for route, (method, typed) in forms.items():
            place.refuse(method, status, body)
            place.send(route, row, **typed)
            shown = place.page("mailboxes:detail", row)
            assert words in shown, (route, words)
            assert "failed at" in shown
        for route, thing in (("mailboxes", row), ("domains", place.domain)):
            place.refuse("POST", status, body)
            place.tell(f"{route}:do", thing, "close")
            assert words in place.page(f"{route}:detail", thing), (route, words)
    assert (row.first_name, row.edition_code, row.state) == ("", BASIC, "active")
    assert Action.objects.filter(state="failed").count() == len(REFUSALS) * 5


def test_a_domain_is_deleted_by_two_actions(place: Place) -> None:
    place.send("domains:delete", place.domain, typed_name="acme.example")
    assert place.domain.gone_at is not None
    assert list(Action.objects.order_by("-id").values_list("operation", "state")[:2]) == [
        ("domain.remove", "finished"),
        ("domain.delete", "finished"),
    ]


def test_a_mailbox_that_vanished_behind_our_back_is_told(place: Place) -> None:
    row = place.mailbox("ann", at_once=False)
    client_for(row.connection).mailboxes.delete(row.guid)
    place.send("mailboxes:edit", row, first_name="Anna", last_name="Smith")
    assert "SYNAQ no longer knows this mailbox." in place.page("mailboxes:detail", row)
    assert row.gone_at is not None


def test_a_domain_on_two_packages_is_closed_and_brought_back_with_both(place: Place) -> None:
    company = place.domain.ou
    made: dict[str, Any] = {"by": place.by, "submission": uuid.uuid4()}
    packages.create_package(company, code="SYN-PIN-SEC", editions=["SYN-PIN-SEC-BOTH"], **made)
    drive_to_the_end()
    second = company.packages.get(code="SYN-PIN-SEC")
    place.send("domains:link", place.domain, package=second.guid)
    assert place.domain.packages.count() == 2
    login = {"username": "relay", "password": "Rel4y-Pass"}
    fields = {
        "mail_delivery_location": "mx.acme.example",
        "mail_delivery_alternative": "b.acme.example",
        **login,
    }
    place.send("domains:fields", place.domain, **fields)
    place.send("domains:provision", place.domain)
    for word, state in (("close", "closed"), ("activate", "active")):
        place.tell("domains:do", place.domain, word)
        place.domain.refresh_from_db()
        assert place.domain.state == state
        assert set(company.packages.values_list("state", flat=True)) == {state}
