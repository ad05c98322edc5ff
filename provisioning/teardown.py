"""What it takes to delete a thing, in which order: mailboxes, domains, their records, packages, the OU."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from provisioning import batches
from provisioning.batches import Wish
from provisioning.ledger import Refused
from provisioning.models import OU, Action, Batch, Domain, Mailbox, Package
from provisioning.operations import OPERATIONS

KIND = "teardown"
# The order, and why: a domain with provisioned mailboxes is not deleted, a record only after its services, a package
# only without domains, an OU only without packages.
ORDER = ("mailbox.delete", "domain.delete", "domain.remove", "package.delete", "ou.delete")
_SAYS = {
    "mailbox.delete": "Mailboxes and all mail in them are removed for good.",
    "domain.delete": "The domains' services end: no mail is taken in or sent for them any more.",
    "domain.remove": "SYNAQ's records of the domains are removed.",
    "package.delete": "The packages are removed.",
    "ou.delete": "SYNAQ's record of the company is removed.",
}


@dataclass(frozen=True)
class Rank:
    """Steps of one kind, side by side."""

    operation: str
    steps: tuple[Wish, ...]

    @property
    def label(self) -> str:
        return OPERATIONS[self.operation].label

    @property
    def kind(self) -> str:
        return OPERATIONS[self.operation].kind

    @property
    def count(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class Plan:
    """What will be removed, in which order. `counts` are by kind; `notes` say what it does besides; with anything in
    `blocked`, a sentence each, it cannot be started."""

    thing: Any
    ranks: tuple[Rank, ...]
    counts: dict[str, int]
    cannot_be_undone: tuple[str, ...]
    notes: tuple[str, ...]
    blocked: tuple[str, ...]

    @property
    def steps(self) -> list[Wish]:
        return [step for rank in self.ranks for step in rank.steps]


def plan(thing: Any) -> Plan:
    """The plan for a mailbox, domain, package or OU as the mirror shows it now. Changes nothing."""
    mailboxes, domains, packages, ous = _parts(thing)
    wishes = [
        *(_wish("mailbox.delete", row) for row in mailboxes),
        *(_wish("domain.delete", row) for row in domains if _has_services(row)),
        *(_wish("domain.remove", row) for row in domains),
        *(_wish("package.delete", row) for row in packages),
        *(_wish("ou.delete", row) for row in ous),
    ]
    ranks = tuple(
        Rank(name, steps) for name in ORDER if (steps := tuple(w for w in wishes if w.operation == name))
    )
    counts = {"mailbox": len(mailboxes), "domain": len(domains), "package": len(packages), "ou": len(ous)}
    return Plan(
        thing=thing,
        ranks=ranks,
        counts={kind: count for kind, count in counts.items() if count},
        cannot_be_undone=tuple(_SAYS[rank.operation] for rank in ranks),
        notes=tuple(_elsewhere(domains, packages)),
        blocked=tuple(_blocked(thing, wishes)),
    )


def start(thing: Any, *, by: Any, submission: uuid.UUID, reason: str = "") -> Batch:
    """Begin it. One that is open already for the thing is that one. Raises Refused with all that stands in the way."""
    with transaction.atomic():
        type(thing).objects.select_for_update(no_key=True).get(pk=thing.pk)  # two people at once: one batch
        before = batches_of(thing).filter(kind=KIND, state__in=Batch.OPEN).first()
        same = Batch.objects.filter(submission=submission).first()
        if same or before:
            return same or before
        made = plan(thing)
        if made.blocked:
            raise Refused(" ".join(made.blocked))
        return batches.start(
            KIND, f"Delete {thing}", ou_of(thing), made.steps, by=by, submission=submission, reason=reason,
            target=thing,
        )  # fmt: skip


def still_missing(batch: Batch, thing: Any) -> list[Wish]:
    """What has come to the thing since the plan was made. Raises Refused with what stands in the way."""
    made = plan(thing)
    if made.blocked and not thing.gone_at:
        raise Refused(" ".join(made.blocked))
    known = set(batch.steps.values_list("operation", "guid"))
    return [wish for wish in made.steps if wish.key not in known]


def batches_of(thing: Any) -> Any:
    """Batches whose target it is, newest first."""
    rows = Batch.objects.filter(
        target_kind=thing.kind, target_guid=thing.guid, ou__connection=thing.connection_id
    )
    return rows.order_by("-id")


def ou_of(thing: Any) -> OU:
    """The OU whose it is: of an OU itself, that one."""
    ou: OU = thing if isinstance(thing, OU) else thing.ou
    return ou


def _parts(thing: Any) -> tuple[list[Mailbox], list[Any], list[Package], list[OU]]:
    packages: list[Package] = []
    ous: list[OU] = []
    if isinstance(thing, Mailbox):
        return _alive([thing]), [], [], []
    if isinstance(thing, Domain):
        domains = Domain.objects.filter(pk=thing.pk)
    elif isinstance(thing, Package):
        domains, packages = Domain.objects.filter(links__package=thing), [thing]
    else:
        domains, packages, ous = thing.domains.all(), list(thing.packages.order_by("id")), [thing]
    alive = domains.filter(gone_at=None).annotate(on=Count("links", filter=Q(links__package__gone_at=None)))
    rows = list(alive.order_by("name", "id"))
    mailboxes = Mailbox.objects.filter(domain__in=[row.pk for row in rows], gone_at=None)
    return list(mailboxes.order_by("email", "id")), rows, _alive(packages), _alive(ous)


def _alive(things: Iterable[Any]) -> list[Any]:
    return [thing for thing in things if not thing.gone_at]


def _wish(operation: str, thing: Any) -> Wish:
    return Wish(operation, thing.kind, thing.guid, str(thing), rank=ORDER.index(operation))


def _has_services(domain: Any) -> bool:
    """Whether its services must be ended first. Behind `inactive`, another package's service may be running."""
    return not (domain.state == "deleted" or (domain.state == "inactive" and domain.on <= 1))


def _elsewhere(domains: list[Domain], packages: list[Package]) -> list[str]:
    """A domain is deleted as a whole: what else is sold on it ends too."""
    ours = {row.pk for row in packages}
    notes = []
    for domain in domains if packages else []:
        others = domain.packages.filter(gone_at=None).exclude(pk__in=ours)
        if names := ", ".join(str(other) for other in others):
            notes.append(f"{domain} is also on {names}: that ends with it.")
    return notes


def _blocked(thing: Any, wishes: list[Wish]) -> list[str]:
    reasons = []
    if thing.gone_at:
        reasons.append("SYNAQ no longer knows it.")
    if isinstance(thing, OU):
        reasons += _blocked_ou(thing)
    guids = {wish.guid for wish in wishes}
    doubts = Action.objects.filter(connection=thing.connection_id, state=Action.State.UNCONFIRMED)
    reasons += [
        f"It is not confirmed what became of “{OPERATIONS[row.operation].label}” on {row.title}: settle that first."
        for row in doubts.order_by("id")
        if row.guid in guids and row.operation in OPERATIONS
    ]
    return reasons


def _blocked_ou(ou: OU) -> list[str]:
    if ou.parent_id is None:
        return ["The reseller itself cannot be deleted."]
    below = ou.children.filter(gone_at=None).count()
    return [f"It has {below} organisational units below it: delete those first."] if below else []
