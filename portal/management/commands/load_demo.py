from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.accounts.models import Membership, Person
from portal.management import demo_usage
from portal.roles import ROLES
from provisioning import connections, mirror, runner
from provisioning.models import OU, Action, Connection, Domain, Mailbox, Package
from provisioning.services import mailboxes, ous
from provisioning.synaq import Client

NOUNS = {"ou": "ous", "package": "packages", "domain": "domains", "mailbox": "mailboxes"}
PEOPLE = {
    "owner": "Olwethu Owner",
    "support": "Sipho Support",
    "support_nobill": "Nandi Night-shift",
    "auditor": "Anneke Auditor",
    "finance": "Farouk Finance",
    "company_admin": "Carla Company",
    "company_helpdesk": "Hendrik Helpdesk",
}


class Command(BaseCommand):
    help = "Take the sandbox's seeded reseller into the mirror through the API, add people of every role and some history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--control", required=True, help="Address of the sandbox, for its inventory")

    def handle(self, *args: Any, **options: Any) -> None:
        """Harmless the second time. Prints a line `role, address, password` a person, tab-separated."""
        connection = Connection.objects.latest("made_at")
        control = options["control"].rstrip("/")
        if not OU.objects.filter(connection=connection, parent__isnull=False).exists():
            Adoption(connection).take(requests.get(f"{control}/control/inventory", timeout=10).json())
        people = _people(connection)
        if not Action.objects.filter(connection=connection).exists():
            _make_history(connection, control, people["support"])
        demo_usage.load(connection)
        for role, person in people.items():
            self.stdout.write(f"{role}\t{person.email}\t{demo_password(role)}")


def demo_password(role: str) -> str:
    """A password that this installation alone has, and that need not be kept anywhere."""
    mark = hmac.new(settings.SECRET_KEY.encode(), f"demo {role}".encode(), hashlib.sha256).digest()
    return "demo-" + base64.b32encode(mark)[:12].decode().lower()


class Adoption:
    """Takes things into the mirror by GUID, each read through the API."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.client: Client = connections.client_for(connection)

    def take(self, inventory: dict[str, Any]) -> None:
        """All that the inventory names, parents first."""
        known = {ou.guid: ou for ou in OU.objects.filter(connection=self.connection)}
        for entry in _parents_first(inventory["ous"], set(known)):
            type_ = OU.Type.COMPANY if entry["kind"] == "company" else OU.Type.SUBRESELLER
            self._write(
                "ou", entry["guid"], self._read("ou", entry["guid"]), known[entry["parent"]], type=type_
            )
            known[entry["guid"]] = OU.objects.get(connection=self.connection, guid=entry["guid"])
        self._take_all("package", [(row["guid"], known[row["ou"]], None) for row in inventory["packages"]])
        self._take_all("domain", [(row["guid"], known[row["ou"]], None) for row in inventory["domains"]])
        domains = {
            row.guid: row for row in Domain.objects.filter(connection=self.connection).select_related("ou")
        }
        packages = {row.guid: row for row in Package.objects.filter(connection=self.connection)}
        for link in inventory["links"]:
            mirror.link(domains[link["domain"]], packages[link["package"]], timezone.now())
        homes = [
            (row["guid"], domains[row["domain"]].ou, domains[row["domain"]]) for row in inventory["mailboxes"]
        ]
        self._take_all("mailbox", homes)

    def _take_all(self, kind: str, homes: Sequence[tuple[str, OU, Domain | None]]) -> None:
        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(lambda home: self._read(kind, home[0]), homes))
        for (guid, ou, domain), body in zip(homes, bodies, strict=True):
            self._write(kind, guid, body, ou, domain=domain)

    def _read(self, kind: str, guid: str) -> Any:
        return getattr(self.client, NOUNS[kind]).get(guid).body

    def _write(self, kind: str, guid: str, body: Any, ou: OU, **more: Any) -> None:
        mirror.write(mirror.Seen(kind, guid, body, timezone.now()), mirror.Home(self.connection, ou, **more))


def _parents_first(entries: list[dict[str, str]], known: set[str]) -> list[dict[str, str]]:
    placed: list[dict[str, str]] = []
    left = [entry for entry in entries if entry["guid"] not in known]
    while left:
        ready = [entry for entry in left if entry["parent"] in known]
        if not ready:
            break
        placed += ready
        known |= {entry["guid"] for entry in ready}
        left = [entry for entry in left if entry["guid"] not in known]
    return placed


def _people(connection: Connection) -> dict[str, Person]:
    root = OU.objects.get(connection=connection, parent=None)
    busiest = (
        OU.objects.filter(connection=connection, mailboxes__isnull=False).order_by("title").first() or root
    )
    people = {}
    addresses = {role: f"{role.replace('_', '-')}@demo.mailroom.test" for role in ROLES}
    known = {person.email: person for person in Person.objects.filter(email__in=addresses.values())}
    wanted = [role for role in ROLES if addresses[role] not in known]
    with ThreadPoolExecutor(4) as pool:  # a good hash takes its time
        hashes = dict(
            zip(wanted, pool.map(lambda role: make_password(demo_password(role)), wanted), strict=True)
        )
    for role, email in addresses.items():
        person = known.get(email)
        if person is None:
            person = Person.objects.create(email=email, password=hashes[role], name=PEOPLE[role])
            home = busiest if role.startswith("company") else root
            Membership.objects.create(person=person, ou=home, role=role)
        people[role] = person
    return people


def _make_history(connection: Connection, control: str, by: Person) -> None:
    """Things really asked for and really carried out, by the same road as any click."""
    requests.post(f"{control}/control/speed", json={"seconds": "0.05-0.2"}, timeout=10)
    try:
        _ask_for_things(connection, control, by)
        runner.drive(stopping=_all_ended, works_for=12)
    finally:
        requests.post(f"{control}/control/speed", json={"seconds": "default"}, timeout=10)


def _all_ended() -> bool:
    return not Action.objects.filter(next_at__isnull=False).exists()


def _ask_for_things(connection: Connection, control: str, by: Person) -> None:
    root = OU.objects.get(connection=connection, parent=None)
    address = {"line_1": "12 Kloof Street", "city": "Cape Town", "postal_code": "8001", "country": "ZA"}
    details = {"title": "Protea Stationers", "client_ref": "PRO-1", "physical_address": address}
    ous.create_company(root, by=by, details=details, submission=uuid.uuid4())
    seen = Mailbox.objects.filter(connection=connection, account_locked=False).select_related(
        "connection", "ou"
    )
    for mailbox in seen.filter(state="active").order_by("email")[:6]:
        mailboxes.change_state(mailbox, "mailbox.suspend", by=by, submission=uuid.uuid4())
    for mailbox in seen.filter(state="suspended").order_by("email")[:4]:
        mailboxes.change_state(mailbox, "mailbox.activate", by=by, submission=uuid.uuid4())
    refused = seen.filter(state="inactive").order_by("email").first()
    if refused:
        words = ["The store node for this mailbox is being moved. Try again later."]
        requests.post(
            f"{control}/control/fail-next",
            json={"action": "Provision", "kind": "mailbox", "errors": words},
            timeout=10,
        )
        mailboxes.change_state(refused, "mailbox.provision", by=by, submission=uuid.uuid4())
