"""What a fresh sandbox holds: an empty reseller, or the demo one, the same every time."""

import random
from itertools import product as combinations
from typing import Any
from unicodedata import normalize
from uuid import UUID, uuid5

from sandbox import seed_data as data
from sandbox.catalogue import PRODUCTS, Product
from sandbox.things import Domain, Mailbox, Ou, Package
from sandbox.world import World

NAMESPACE = UUID("0c3f6a52-8a0e-5b7c-9d14-6d61696c726f")
FOREIGN = "another reseller"
# the state of every mailbox whose number is divisible by the key; the first that fits, else active
STATES = ((41, "failed"), (37, "error"), (17, "closed"), (11, "suspended"), (7, "inactive"))


def fill(world: World, seed: str) -> None:
    """Put the reseller, a foreign one to be refused, and for `demo` everything else into an empty world."""
    reseller = Ou(world.settings.reseller_guid, None, "reseller", "Demo Reseller", _details(0))
    world.save(reseller)
    _foreign(world)
    if seed == "demo":
        _Demo(world).fill(reseller)


def _guid(*names: str) -> str:
    return str(uuid5(NAMESPACE, "/".join(names)))


def _details(number: int) -> dict[str, Any]:
    street, city, postal_code, dialling = data.PLACES[number % len(data.PLACES)]
    return {
        "client_ref": f"MR{1000 + number}",
        "phone_number": f"{dialling}55501{number:02}",
        "vat_numer": f"4{number:03}200{number:03}"[:10],
        "physical_address": {
            "line_1": f"{12 + 7 * number} {street}",
            "city": city,
            "postal_code": postal_code,
            "country": "ZA",
        },
    }


def _foreign(world: World) -> None:
    """Things of somebody else, so that 'not in scope' can be met."""
    reseller = Ou(_guid(FOREIGN), None, "reseller", "Another Reseller", _details(90))
    company = Ou(_guid(FOREIGN, "company"), reseller.guid, "company", "Somebody Else Ltd", _details(91))
    domain = Domain(_guid(FOREIGN, "domain"), company.guid, "somebody-else.example")
    for thing in (reseller, company, domain):
        world.save(thing)


class _Demo:
    """Builds the demo reseller; its dice are fixed, so every build is the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = random.Random(2018)
        self._people = [*combinations(data.FIRST_NAMES, data.LAST_NAMES)]
        self._dice.shuffle(self._people)
        self._number = 0
        families: dict[str, Product] = {}
        for product in PRODUCTS[world.settings.dialect]:
            families.setdefault(product.family, product)
        self._products = families

    def fill(self, reseller: Ou) -> None:
        """Companies with their packages, domains and mailboxes; then the special cases."""
        under: dict[str, Ou] = {"": reseller}
        if self._world.settings.dialect == "legacy":
            under[data.SUBRESELLER] = self._ou(reseller, data.SUBRESELLER, "subreseller", 1)
        for number, company in enumerate(data.COMPANIES, start=2):
            parent = under.get(company.under, reseller)
            self._company(self._ou(parent, company.title, "company", number), company)
        self._special_cases()

    def _ou(self, parent: Ou, title: str, type_: str, number: int) -> Ou:
        ou = Ou(_guid(title), parent.guid, type_, title, _details(number))
        self._world.save(ou)
        return ou

    def _company(self, ou: Ou, company: data.Company) -> None:
        packages = {sold.family: self._package(ou, sold) for sold in company.packages}
        for plan in company.domains:
            self._domain(ou, packages, plan)

    def _package(self, ou: Ou, sold: data.Sold) -> Package:
        product = self._products[sold.family]
        codes = [product.codes[n % len(product.codes)] for n in sold.editions]
        package = Package(_guid(ou.title, sold.family), ou.guid, product.code, list(dict.fromkeys(codes)))
        self._world.save(package)
        return package

    def _domain(self, ou: Ou, packages: dict[str, Package], plan: data.DomainPlan) -> None:
        linked = [packages[family] for family in plan.families]
        state = "active" if plan.state == "stale" else plan.state
        domain = Domain(_guid(plan.name), ou.guid, plan.name, {package.guid: state for package in linked})
        domain.stale, domain.deleted = plan.state == "stale", plan.state == "deleted"
        if state in ("active", "closed"):
            domain.values = dict(data.VALUES, mail_delivery_location=f"mx.{plan.name}")
        self._world.save(domain)
        holding = next((p for p in linked if p.code in self._mailbox_codes()), None)
        for _ in range(plan.mailboxes if holding else 0):
            self._mailbox(domain, holding)

    def _mailbox_codes(self) -> set[str]:
        return {product.code for product in self._products.values() if product.by_mailbox}

    def _mailbox(self, domain: Domain, package: Package | None) -> None:
        assert package is not None  # said for the type checker
        self._number += 1
        first, last = self._people[self._number]
        local = f"{_plain(first)}.{_plain(last)}"
        edition = self._dice.choices(package.editions, range(len(package.editions), 0, -1))[0]
        state = next((state for step, state in STATES if self._number % step == 0), "active")
        profile = {"first_name": first, "last_name": last, "display_name": f"{first} {last}"}
        mailbox = Mailbox(
            _guid(domain.name, local), domain.guid, local, {package.guid: edition}, profile, state
        )
        self._world.save(mailbox)

    def _special_cases(self) -> None:
        """One locked mailbox, and one that is stuck in `pending` with no action open."""
        active = [box for box in self._world.mailboxes.values() if box.state == "active"]
        locked, stuck = active[4], active[60]
        locked.state, locked.account_locked, locked.locked_at = "suspended", True, self._world.clock()
        locked.lock = {"type": "full", "code": "SPM104", "reason": data.LOCK_REASON}
        stuck.state = "pending"
        for mailbox in (locked, stuck):
            self._world.save(mailbox)


def _plain(name: str) -> str:
    """A name as it stands in an address: no accents, no spaces, no apostrophes."""
    letters = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return letters.replace(" ", "").replace("'", "")
