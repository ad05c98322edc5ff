"""Rows of the ledger in a given state, and many of everything."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from django.utils import timezone

from provisioning.models import OU, Action, Domain, Mailbox, Package
from tests.integration.factories import make_domain

_number = itertools.count(1)
ENDED = ("finished", "failed", "cancelled")


def action(ou: OU, state: str, *, by: Any = None, **facts: Any) -> Action:
    """An action on a mailbox that nothing else knows."""
    number = next(_number)
    now = timezone.now()
    row = {
        "operation": "mailbox.suspend",
        "kind": "mailbox",
        "guid": f"guid-{number}",
        "title": f"m{number}@acme.example",
        "lock_key": f"mailbox:guid-{number}",
        "asked_at": now,
        "sent_at": None if state == "queued" else now,
        "ended_at": now if state in ENDED else None,
    } | facts
    return Action.objects.create(
        connection=ou.connection, ou=ou, state=state, by=by, submission=uuid.uuid4(), **row
    )


def many(ou: OU, number: int, by: Any) -> None:
    """That many companies, packages, domains, mailboxes and actions more."""
    start = next(_number) * 10_000
    facts = {"connection": ou.connection, "as_at": timezone.now(), "state": "active"}
    span = range(start, start + number)
    domain = make_domain(ou, f"d{start}.example")
    companies = [
        OU(parent=ou.parent, type="company", title=f"Acme {n}", guid=f"o{n}", path=f"{ou.path}{n}.", **facts)
        for n in span
    ]
    OU.objects.bulk_create(companies)
    Package.objects.bulk_create(Package(ou=ou, code="SYN-CMS", guid=f"p{n}", **facts) for n in span)
    Domain.objects.bulk_create(Domain(ou=ou, name=f"acme{n}.example", guid=f"d{n}", **facts) for n in span)
    boxes = [
        Mailbox(ou=ou, domain=domain, email=f"acme{n}@{domain.name}", guid=f"m{n}", **facts) for n in span
    ]
    Mailbox.objects.bulk_create(boxes)
    Action.objects.bulk_create(
        Action(
            connection=ou.connection,
            ou=ou,
            by=by,
            state="finished",
            operation="mailbox.suspend",
            kind="mailbox",
            guid=f"m{n}",
            title=f"acme{n}",
            lock_key=f"mailbox:m{n}",
            submission=uuid.uuid4(),
            ended_at=timezone.now(),
        )
        for n in span
    )
