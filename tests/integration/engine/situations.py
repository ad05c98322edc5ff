"""Things at the sandbox in each state that can be reached, and the mirror's rows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from provisioning import mirror
from provisioning.models import OU, Connection
from provisioning.operations import Operation
from provisioning.synaq import Client
from tests.integration.sandboxed import RESELLER, Sandbox

ADDRESS = {"line_1": "20 Long Street", "city": "Johannesburg", "postal_code": "4321", "country": "ZA"}
PASSWORD = "Sample123$"
FIELDS = {"mail_delivery_location": "smtp.x.example", "username": "x", "password": PASSWORD}
PRODUCTS: dict[str, dict[str, tuple[str, list[str]]]] = {
    "legacy": {"mail": ("SYN-CMS", ["SYN-CMS-BASIC-02"]), "secure": ("SYN-PIN-SEC", ["SYN-PIN-SEC-BOTH"]),
               "brand": ("SYN-PIN-BRD", ["SYN-PIN-BRD"])},
    "current": {"mail": ("CLM-STD", []), "secure": ("SM-STD", []), "brand": ("BRD-STD", [])},
}  # fmt: skip


@dataclass
class Maker:
    """Makes things at the sandbox, whose actions take no time, each for one question only."""

    sandbox: Sandbox
    root: OU
    client: Client
    count: int = 0
    home: dict[str, str] | None = None

    @property
    def connection(self) -> Connection:
        return self.root.connection

    def tell_time(self, seconds: float) -> None:
        self.sandbox.tell("speed", seconds=str(seconds))

    def name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def company(self) -> str:
        return guid(
            self.client.ous.create_company(RESELLER, {"title": self.name(), "physical_address": ADDRESS})
        )

    def package(self, company: str, product: str = "mail") -> str:
        code, editions = PRODUCTS[self.sandbox.dialect][product]
        return guid(self.client.packages.create(company, code, editions))

    def domain(self, package: str) -> str:
        return guid(self.client.packages.create_domain(package, f"{self.name()}.example"))

    def mailbox(self, domain: str) -> str:
        secret = {"password": PASSWORD}
        return guid(
            self.client.mailboxes.create(domain, {"email_local": self.name(), "last_name": "B", **secret})
        )


def guid(answer: Any) -> str:
    assert answer.location is not None
    return str(answer.location.guid)


# --- the reachable states -----------------------------------------------------------------------------------------------

Made = dict[str, str]


def tree(maker: Maker, *, provisioned: bool = True, mailbox: bool = True) -> Made:
    company = maker.company()
    package = maker.package(company)
    made = {"ou": company, "package": package, "domain": maker.domain(package)}
    if provisioned:
        fill_in(maker, made["domain"])
        maker.client.domains.act(made["domain"], "Provision")
        if mailbox:
            made["mailbox"] = maker.mailbox(made["domain"])
    return made


def mailbox_after(*acts: str) -> Callable[[Maker], Made]:
    def make(maker: Maker) -> Made:
        made = mailbox_new(maker)
        for name in acts:
            maker.client.mailboxes.act(made["mailbox"], name)
        return made

    return make


def mailbox_new(maker: Maker) -> Made:
    """On a domain that other mailboxes share."""
    maker.home = maker.home or tree(maker, mailbox=False)
    return {**maker.home, "mailbox": maker.mailbox(maker.home["domain"])}


def mailbox_locked(maker: Maker) -> Made:
    made = mailbox_after("Provision")(maker)
    maker.sandbox.tell("lock", mailbox=made["mailbox"])
    return made


def mailbox_unlocked(maker: Maker) -> Made:
    made = mailbox_locked(maker)
    maker.client.mailboxes.act(made["mailbox"], "Unlock")
    return made


def mailbox_failed(maker: Maker) -> Made:
    made = mailbox_new(maker)
    maker.sandbox.tell("fail-next", action="Provision", kind="mailbox", errors=["No."])
    maker.client.mailboxes.act(made["mailbox"], "Provision")
    return made


def mailbox_busy(maker: Maker) -> Made:
    made = mailbox_after("Provision")(maker)
    maker.tell_time(600)
    maker.client.mailboxes.act(made["mailbox"], "Suspend")
    return made


def mailbox_waits_for_its_domain(maker: Maker) -> Made:
    made = tree(maker)
    maker.client.domains.act(made["domain"], "Close")
    return made


def domain_after(*acts: str, mailbox: bool = False) -> Callable[[Maker], Made]:
    def make(maker: Maker) -> Made:
        made = tree(maker, mailbox=mailbox)
        for name in acts:
            maker.client.domains.act(made["domain"], name)
        return made

    return make


def domain_alone(maker: Maker) -> Made:
    company = maker.company()
    return {"ou": company, "domain": guid(maker.client.domains.create(company, f"{maker.name()}.example"))}


def domain_unprovisioned(maker: Maker) -> Made:
    return tree(maker, provisioned=False)


def domain_failed(maker: Maker) -> Made:
    made = tree(maker, provisioned=False)
    maker.sandbox.tell("fail-next", action="Provision", kind="domain", errors=["No."])
    maker.client.domains.act(made["domain"], "Provision")
    return made


def domain_busy(maker: Maker) -> Made:
    made = domain_after()(maker)
    maker.tell_time(600)
    maker.client.domains.act(made["domain"], "Close")
    return made


def domain_with_mailbox(maker: Maker) -> Made:
    made = tree(maker)
    maker.client.mailboxes.act(made["mailbox"], "Provision")
    return made


def domain_mixed(maker: Maker) -> Made:
    made = domain_after()(maker)
    other = maker.package(made["ou"], "secure")
    maker.client.packages.link(other, made["domain"])
    return {**made, "other": other}


def domain_two_provisioned(maker: Maker) -> Made:
    made = domain_mixed(maker)
    fill_in(maker, made["domain"])
    maker.client.domains.act(made["domain"], "Provision")
    return made


def fill_in(maker: Maker, domain: str) -> None:
    """Whatever its packages ask for."""
    body: Any = maker.client.domains.get(domain).body
    if body["fields"]:
        values = {name: FIELDS.get(name) or "x.example" for name in body["fields"]}
        maker.client.domains.update_fields(domain, values)


def domain_half_closed(maker: Maker) -> Made:
    made = domain_two_provisioned(maker)
    maker.client.packages.act(made["other"], "Close")
    return made


def domain_without_mailboxes(maker: Maker) -> Made:
    company = maker.company()
    package = maker.package(company, "secure")
    made = {"ou": company, "package": package, "domain": maker.domain(package)}
    fill_in(maker, made["domain"])
    maker.client.domains.act(made["domain"], "Provision")
    return made


def domain_stale(maker: Maker) -> Made:
    made = domain_two_provisioned(maker)
    fill_in(maker, made["domain"])
    return made


def package_empty(maker: Maker) -> Made:
    company = maker.company()
    return {"ou": company, "package": maker.package(company)}


def package_mixed(maker: Maker) -> Made:
    made = tree(maker, mailbox=False)
    return {**made, "second": maker.domain(made["package"])}


def company_empty(maker: Maker) -> Made:
    return {"ou": maker.company()}


SITUATIONS: dict[str, Callable[[Maker], Made]] = {
    "mailbox inactive": mailbox_after(),
    "mailbox active": domain_with_mailbox,
    "mailbox suspended": mailbox_after("Provision", "Suspend"),
    "mailbox closed": mailbox_after("Provision", "Close"),
    "mailbox suspended, then closed": mailbox_after("Provision", "Suspend", "Close"),
    "mailbox activated again": mailbox_after("Provision", "Close", "Activate"),
    "mailbox locked": mailbox_locked,
    "mailbox unlocked": mailbox_unlocked,
    "mailbox in error": mailbox_failed,
    "mailbox pending": mailbox_busy,
    "mailbox inactive on a closed domain": mailbox_waits_for_its_domain,
    "domain alone": domain_alone,
    "domain inactive": domain_unprovisioned,
    "domain active": domain_after(),
    "domain closed": domain_after("Close"),
    "domain activated again": domain_after("Close", "Activate"),
    "domain deleted": domain_after("Delete"),
    "domain in error": domain_failed,
    "domain pending": domain_busy,
    "domain with a provisioned mailbox": domain_with_mailbox,
    "domain with an inactive mailbox": domain_after(mailbox=True),
    "domain mixed": domain_mixed,
    "domain on two packages": domain_two_provisioned,
    "domain on two packages, one closed": domain_half_closed,
    "domain of a product without mailboxes": domain_without_mailboxes,
    "package empty": package_empty,
    "package mixed": package_mixed,
    "company empty": company_empty,
}
OF_COMPANIES = (
    "company empty", "package empty", "package mixed", "mailbox active", "domain in error", "domain alone",
    "domain inactive", "domain closed", "domain deleted", "domain pending", "domain mixed",
)  # fmt: skip
CURRENT_ONLY = {
    "stale domain": domain_stale,
    "suspended domain": domain_after("Suspend"),
}


# --- taken in ---


def take_in(maker: Maker, made: Made) -> dict[str, Any]:
    """The mirror's rows of what was made, as SYNAQ shows it."""
    shown: dict[str, Any] = {}
    home: dict[str, Any] = {"ou": maker.root, "domain": None}
    order = [
        ("ou", "ou"),
        ("package", "package"),
        ("package", "other"),
        ("domain", "domain"),
        ("domain", "second"),
    ]
    for kind, key in [*order, ("mailbox", "mailbox")]:
        if key not in made:
            continue
        noun: dict[str, Any] = {
            "ou": maker.client.ous,
            "package": maker.client.packages,
            "domain": maker.client.domains,
        }
        body = noun.get(kind, maker.client.mailboxes).get(made[key]).body
        seen = mirror.Seen(kind, made[key], body, timezone.now())
        mirror.write(seen, mirror.Home(maker.connection, home["ou"], home["domain"]))
        row = mirror.find(maker.connection.pk, kind, made[key])
        shown[key] = row
        if key in home:
            home[key] = row
    for domain in ("domain", "second"):
        for package in ("package", "other"):
            if domain in made and package in made and (domain, package) != ("second", "other"):
                mirror.link(shown[domain], shown[package], timezone.now())
    return shown


def payload_for(maker: Maker, operation: Operation, made: Made, target: Any) -> dict[str, Any]:
    """The least that the operation needs to be asked for."""
    code, editions = PRODUCTS[maker.sandbox.dialect]["mail"]
    new = maker.name()
    if operation.name == "domain.link":
        return {"package": maker.package(made["ou"], "brand")}
    if operation.name == "mailbox.change_edition":
        return {"package": made["package"], "code": target.edition_code}
    payloads: dict[str, dict[str, Any]] = {
        "ou.create_company": {"title": new, "physical_address": ADDRESS},
        "ou.create_subreseller": {"title": new, "physical_address": ADDRESS},
        "ou.update": {"changes": {"title": new}},
        "package.create": {"code": code, "editions": editions},
        "domain.create": {"domain_name": f"{new}.example"},
        "domain.create_in_package": {"domain_name": f"{new}.example"},
        "domain.fields": {"fields": dict.fromkeys(getattr(target, "fields", {}), "x.example")},
        "mailbox.create": {"email_local": new, "last_name": "B", "password": PASSWORD},
        "mailbox.update": {"changes": {"last_name": new}},
    }
    return payloads.get(operation.name, {})
