"""How far a new customer is: read from the flow's actions and from what SYNAQ says exists, never kept by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from portal import access
from portal.activity import present
from portal.domains import service_fields
from portal.domains.overview import holds_mailboxes
from provisioning.models import OU, Action, Batch, Domain, Package

DONE, NOW, LATER, SKIPPED = "done", "now", "later", "skipped"


@dataclass(frozen=True)
class Kind:
    """One step of every flow: its name, what it is called, the operations that take it."""

    name: str
    title: str
    operations: tuple[str, ...]


KINDS = (
    Kind("company", "Company", ("ou.create_company",)),
    Kind("package", "Package", ("package.create",)),
    Kind("domain", "Domain", ("domain.create_in_package", "domain.create")),
    Kind("fields", "Service fields", ("domain.fields",)),
    Kind("provision", "Provision", ("domain.provision",)),
    Kind("mailboxes", "First mailboxes", ("mailbox.create",)),
)


@dataclass(frozen=True)
class Step:
    """One step as the page shows it. `actions`: newest first."""

    kind: Kind
    place: str
    text: str = ""
    url: str = ""
    actions: list[Action] = field(default_factory=list)

    @property
    def latest(self) -> Action | None:
        """What was asked for last in this step; a step that is done is not held up by what failed before."""
        return self.actions[0] if self.actions else None

    @property
    def failed(self) -> Action | None:
        """The latest action, where it failed."""
        return self.latest if self.latest and self.latest.state == Action.State.FAILED else None

    @property
    def running(self) -> bool:
        """Whether something of this step is under way."""
        return any(action.is_open for action in self.actions)


@dataclass(frozen=True)
class Flow:
    """One new customer: what exists of it, and the steps."""

    batch: Batch
    actions: list[Action]
    company: OU | None = None
    package: Package | None = None
    domain: Domain | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def now(self) -> Step | None:
        """The step that is to be taken; None once there is none."""
        return next((step for step in self.steps if step.place == NOW), None)

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.kind.name == name), None)

    @property
    def is_open(self) -> bool:
        """Whether it can still be gone on with."""
        return bool(self.batch.state == Batch.State.RUNNING)


def read(request: HttpRequest, batch: Batch) -> Flow:
    """The flow as it stands now, within the person's scope."""
    seen = access.actions(request).filter(batch=batch).select_related("by")
    actions = list(seen.order_by("-id"))
    company = _made(access.ous(request), actions, "ou")
    package = _package(request, actions, company)
    domain = _domain(request, actions, company, package)
    return Flow(batch, actions, company, package, domain, _steps(actions, company, package, domain))


def not_begun() -> list[Step]:
    """The steps before the first."""
    return [Step(kind, NOW if kind.name == "company" else LATER) for kind in KINDS]


def _made(things: Any, actions: list[Action], kind: str) -> Any:
    """What the flow itself has made of that kind, as the mirror has it."""
    finished = [one for one in actions if one.result_kind == kind and one.state == Action.State.FINISHED]
    for action in finished:
        found = things.filter(connection=action.connection_id, guid=action.result_guid, gone_at=None)
        if thing := found.select_related("connection").first():
            return thing
    return None


def _package(request: HttpRequest, actions: list[Action], company: OU | None) -> Package | None:
    """The flow's own package; or one that was sold to the company from its page meanwhile."""
    if company is None:
        return None
    things = access.packages(request).select_related("ou")
    own: Package | None = _made(things, actions, "package")
    return (
        own
        or things.filter(ou=company, gone_at=None).select_related("connection", "ou").order_by("id").first()
    )


def _domain(
    request: HttpRequest, actions: list[Action], company: OU | None, package: Package | None
) -> Domain | None:
    """The flow's own domain; or one that was put on the package meanwhile."""
    if company is None or package is None:
        return None
    things = access.domains(request).select_related("ou")
    own: Domain | None = _made(things, actions, "domain")
    linked = things.filter(ou=company, links__package=package, gone_at=None)
    return own or linked.select_related("connection", "ou").order_by("id").first()


def _steps(
    actions: list[Action], company: OU | None, package: Package | None, domain: Domain | None
) -> list[Step]:
    facts = {
        "company": _thing(company),
        "package": _thing(package),
        "domain": _thing(domain),
        "fields": _fields(actions, domain),
        "provision": _provision(domain),
        "mailboxes": _mailboxes(package),
    }
    steps: list[Step] = []
    open_before = True
    for kind in KINDS:
        place, text, url = facts[kind.name]
        mine = [action for action in actions if action.operation in kind.operations]
        if place == LATER and open_before:
            place, open_before = NOW, False
        steps.append(Step(kind, place, text, url, mine))
    return steps


def _thing(thing: Any) -> tuple[str, str, str]:
    return (DONE, str(thing), present.url_of(thing)) if thing else (LATER, "", "")


def _fields(actions: list[Action], domain: Domain | None) -> tuple[str, str, str]:
    if domain is None:
        return LATER, "", ""
    if not service_fields.entries(domain.fields):
        return SKIPPED, "None are needed.", ""
    sent = next((action for action in actions if action.operation == "domain.fields"), None)
    filled_in = sent is not None and sent.state == Action.State.FINISHED
    if domain.state == "active" or filled_in or not service_fields.missing(domain.fields):
        return DONE, "Filled in.", ""
    return LATER, "", ""


def _provision(domain: Domain | None) -> tuple[str, str, str]:
    if domain is not None and domain.state in ("active", "stale"):
        return DONE, f"{domain} is in service.", ""
    return LATER, "", ""


def _mailboxes(package: Package | None) -> tuple[str, str, str]:
    if package is not None and not holds_mailboxes([package]):
        return SKIPPED, f"{package} has no mailboxes of its own.", ""
    return LATER, "", ""
