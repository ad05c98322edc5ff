"""The table of what can be asked for. Menus, checks, confirmations, sending and settling are derived from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.models import Action, DomainLink
from provisioning.synaq import Answer, Client
from provisioning.synaq.answers import read_links

# States that the contract names. In one that it does not name, SYNAQ decides what is allowed.
KNOWN_STATES = frozenset(
    [
        "orphaned",
        "stale",
        "error",
        "failed",
        "pending",
        "inactive",
        "active",
        "suspended",
        "closed",
        "deleted",
        "cancelled",
    ]
)
NOT_YET_PROVISIONED = frozenset({"inactive", "error", "failed"})
BOTH = frozenset({"legacy", "current"})


@dataclass(frozen=True)
class Ask:
    """A ledger row as an operation's functions see it, secrets included. Never logged."""

    guid: str
    payload: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    dialect: str = "legacy"
    ou_guid: str = ""


@dataclass(frozen=True)
class Found:
    """What a look-up told of a request whose answer was lost: it happened (`done`), or is happening."""

    guid: str
    done: bool


Ref = tuple[str, str]  # kind, guid


@dataclass(frozen=True)
class Operation:
    """One row. `states` are those of the target in which it is allowed (None: any)."""

    name: str
    label: str
    kind: str
    permission: str
    consequence: str
    send: Callable[[Client, Ask], Answer]
    makes: str = ""
    wire: str = ""
    states: frozenset[str] | None = None
    current_adds: frozenset[str] = frozenset()
    dialects: frozenset[str] = BOTH
    billable: bool = False
    destructive: bool = False
    effect: frozenset[str] = frozenset()
    look_up: Callable[[Client, Ask], Found | None] | None = None
    also_reads: Callable[[Action], list[Ref]] | None = None
    unless: Callable[[Any], str] | None = None

    def why_not(self, target: Any, dialect: str) -> str:
        """ "" when the target allows it; else the reason, in a sentence for people."""
        if dialect not in self.dialects:
            return f"{self.label} is not part of the {dialect} API."
        if target.gone_at:
            return "SYNAQ no longer knows it."
        state = target.state
        states = self.states_in(dialect)
        if states is not None and state in KNOWN_STATES and state not in states:
            allowed = " or ".join(sorted(states))
            return f"{self.label} is possible while {allowed}; it is {state} now."
        return self.unless(target) if self.unless else ""

    def states_in(self, dialect: str) -> frozenset[str] | None:
        """The target's states that allow it there; None when any does."""
        return self.states if self.states is None or dialect == "legacy" else self.states | self.current_adds

    def can_look_up(self, dialect: str) -> bool:
        """Whether that dialect has a call which could tell what became of a lost answer (legacy has no lists)."""
        return self.look_up is not None and not (self.makes and dialect == "legacy")

    def reads(self, action: Action) -> list[Ref]:
        """What to read after it ended, the thing itself first."""
        main = (self.makes, action.result_guid) if self.makes else (self.kind, action.guid)
        return [main, *(self.also_reads(action) if self.also_reads else [])]


# --- how each is sent -------------------------------------------------------------------------------------------------


def _act(noun: str, wire: str) -> Callable[[Client, Ask], Answer]:
    def send(client: Client, ask: Ask) -> Answer:
        answer: Answer = getattr(client, noun).act(ask.guid, wire)
        return answer

    return send


def _create_company(client: Client, ask: Ask) -> Answer:
    return client.ous.create_company(ask.guid, ask.payload)


def _create_package(client: Client, ask: Ask) -> Answer:
    return client.packages.create(ask.guid, ask.payload["code"], ask.payload["editions"])


def _create_domain(client: Client, ask: Ask) -> Answer:
    return client.domains.create(ask.guid, ask.payload["domain_name"])


def _create_domain_in_package(client: Client, ask: Ask) -> Answer:
    at_once = bool(ask.payload.get("provision_immediately"))
    return client.packages.create_domain(ask.guid, ask.payload["domain_name"], provision_immediately=at_once)


def _link_domain(client: Client, ask: Ask) -> Answer:
    return client.packages.link(ask.payload["package"], ask.guid)


def _fill_fields(client: Client, ask: Ask) -> Answer:
    values = {**ask.payload["fields"], **ask.secrets}
    return client.domains.update_fields(ask.guid, values, exposed=ask.payload.get("exposed"))


def _create_mailbox(client: Client, ask: Ask) -> Answer:
    return client.mailboxes.create(ask.guid, {**ask.payload, **ask.secrets})


# --- how a lost answer is looked up (contract, 'Silent places') -----------------------------------------------------


def _only(ask: Ask, items: list[dict[str, Any]], key: str, value: str) -> Found | None:
    """The one thing of exactly that name. What is provisioned at once may still be on its way."""
    named = [item for item in items if str(item.get(key, "")).casefold() == value.casefold()]
    guids = {str(item["guid"]) for item in named if item.get("guid")}
    return Found(guids.pop(), done=not ask.payload.get("provision_immediately")) if len(guids) == 1 else None


def _find_company(client: Client, ask: Ask) -> Found | None:
    title = ask.payload["title"]
    found = client.ous.list(parent_guid=ask.guid, title=title, exact_match=True, limit=50)
    return _only(ask, found.items, "title", title)


def _find_domain(client: Client, ask: Ask) -> Found | None:
    name = ask.payload["domain_name"]
    # Only within its company: one of that name elsewhere is not what was asked for.
    found = client.domains.list(domain_name=name, ou_guid=ask.ou_guid, exact_match=True, limit=50)
    return _only(ask, found.items, "domain_name", name)


def _find_mailbox(client: Client, ask: Ask) -> Found | None:
    local = ask.payload["email_local"]
    found = client.mailboxes.list(domain_guid=ask.guid, email_local=local, exact_match=True, limit=50)
    items = [{**item, "local": str(item.get("email", "")).rpartition("@")[0]} for item in found.items]
    return _only(ask, items, "local", local)


def _find_link(client: Client, ask: Ask) -> Found | None:
    links = read_links(client.domains.get(ask.guid).body)
    return Found(ask.guid, done=True) if links and ask.payload["package"] in links else None


def _find_effect(noun: str, effect: frozenset[str]) -> Callable[[Client, Ask], Found | None]:
    def look(client: Client, ask: Ask) -> Found | None:
        body = getattr(client, noun).get(ask.guid).body
        state = str(body.get("state") or "").lower() if isinstance(body, dict) else ""
        if state in effect:
            return Found(ask.guid, done=True)
        return Found(ask.guid, done=False) if state == "pending" else None

    return look


# --- what else changes with it -----------------------------------------------------------------------------------------


def _packages_of_domain(action: Action) -> list[Ref]:
    links = DomainLink.objects.filter(domain__connection=action.connection_id, domain__guid=action.guid)
    return [("package", guid) for guid in links.values_list("package__guid", flat=True)]


def _linked_package(action: Action) -> list[Ref]:
    return [("package", action.payload["package"])]


def _parent_package(action: Action) -> list[Ref]:
    return [("package", action.guid)]


def _needs_package(domain: Any) -> str:
    return "" if domain.links.exists() else "Link a package first: nothing is sold on this domain yet."


def _not_locked(mailbox: Any) -> str:
    return "SYNAQ has locked it: Activate does not revive a locked mailbox." if mailbox.account_locked else ""


_ACTIVE = frozenset({"active"})

TABLE = (
    Operation(
        "ou.create_company", "New company", "ou", "ous.change",
        "A customer record is made at SYNAQ. Nothing is billed yet.",
        _create_company, makes="ou", look_up=_find_company,
    ),
    Operation(
        "package.create", "New package", "ou", "packages.change", "The product is sold to the company.",
        _create_package, makes="package", billable=True,
    ),
    Operation(
        "domain.create", "New domain", "ou", "domains.change",
        "The domain is recorded; it does nothing until it is linked and provisioned.",
        _create_domain, makes="domain", look_up=_find_domain,
    ),
    Operation(
        "domain.create_in_package", "New domain under a package", "package", "domains.change",
        "The domain is recorded and linked to the package.",
        _create_domain_in_package, makes="domain", billable=True, look_up=_find_domain, also_reads=_parent_package,
    ),
    Operation(
        "domain.link", "Link to a package", "domain", "domains.change",
        "The package's services apply to this domain once it is provisioned.",
        _link_domain, look_up=_find_link, also_reads=_linked_package,
    ),
    Operation(
        "domain.fields", "Fill in service fields", "domain", "domains.change",
        "SYNAQ keeps these for the services of this domain.",
        _fill_fields, states=NOT_YET_PROVISIONED, current_adds=frozenset({"active", "stale"}), unless=_needs_package,
    ),
    Operation(
        "domain.provision", "Provision", "domain", "domains.change",
        "The services are set up at SYNAQ and can be billed from then on.",
        _act("domains", "Provision"), wire="Provision", states=NOT_YET_PROVISIONED, billable=True, effect=_ACTIVE,
        look_up=_find_effect("domains", _ACTIVE), also_reads=_packages_of_domain, unless=_needs_package,
    ),
    Operation(
        "mailbox.create", "New mailbox", "domain", "mailboxes.change",
        "The mailbox is made on the domain, and billed once it is provisioned.",
        _create_mailbox, makes="mailbox", states=frozenset({"active", "stale"}), billable=True, look_up=_find_mailbox,
    ),
    Operation(
        "mailbox.provision", "Provision", "mailbox", "mailboxes.change",
        "The mailbox starts to work, and is billed from then on.",
        _act("mailboxes", "Provision"), wire="Provision", states=NOT_YET_PROVISIONED, billable=True, effect=_ACTIVE,
        look_up=_find_effect("mailboxes", _ACTIVE),
    ),
    Operation(
        "mailbox.suspend", "Suspend", "mailbox", "mailboxes.help",
        "Its owner can no longer sign in; mail still arrives. It can be activated again at any time.",
        _act("mailboxes", "Suspend"), wire="Suspend", states=_ACTIVE, effect=frozenset({"suspended"}),
        look_up=_find_effect("mailboxes", frozenset({"suspended"})),
    ),
    Operation(
        "mailbox.activate", "Activate", "mailbox", "mailboxes.help",
        "Its owner can sign in again, and mail is taken in.",
        _act("mailboxes", "Activate"), wire="Activate", states=frozenset({"suspended", "closed"}), effect=_ACTIVE,
        look_up=_find_effect("mailboxes", _ACTIVE), unless=_not_locked,
    ),
)  # fmt: skip
OPERATIONS = {row.name: row for row in TABLE}


def operation_of(action: Action) -> Operation:
    """The row's operation. One that this version does not know can be followed and settled, but not sent."""
    known = OPERATIONS.get(action.operation)
    if known is not None:
        return known
    return Operation(
        action.operation, action.operation, action.kind, "", "", _unknown, makes=action.result_kind
    )


def _unknown(client: Client, ask: Ask) -> Answer:
    raise NotImplementedError("This version of the portal does not know the operation.")


def of_kind(kind: str) -> list[Operation]:
    """The rows whose target is of that kind, in the table's order."""
    return [row for row in TABLE if row.kind == kind]
