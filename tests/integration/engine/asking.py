"""What engine tests ask for, and how they have it worked on without waiting for what is not due yet."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning import runner
from provisioning.models import Action, Connection, Domain, Mailbox, Reading
from provisioning.services import domains, mailboxes

PASSWORD = 'Gr0en "dak" <7> & \\meer'


def suspend(mailbox: Mailbox, by: Any = None, submission: uuid.UUID | None = None) -> Action:
    return mailboxes.change_state(mailbox, "mailbox.suspend", by=by, submission=submission or uuid.uuid4())


def activate(mailbox: Mailbox) -> Action:
    return mailboxes.change_state(mailbox, "mailbox.activate", by=None, submission=uuid.uuid4())


def new_mailbox(domain: Domain, local: str = "thandi", at_once: bool = False) -> Action:
    return mailboxes.create_mailbox(
        domain,
        by=None,
        details={"email_local": local, "last_name": "Nkosi"},
        password=PASSWORD,
        at_once=at_once,
        submission=uuid.uuid4(),
    )


def new_domain(company: Any, name: str = "new.example") -> Action:
    return domains.create_domain(company, by=None, name=name, submission=uuid.uuid4())


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def kinds(action: Action) -> list[str]:
    return list(action.events.values_list("kind", flat=True))


def make_due() -> None:
    """What would be due later is due now: rows that nobody holds, readings, and the next probe."""
    now = timezone.now()
    held = timedelta(seconds=25)
    Action.objects.filter(next_at__isnull=False, lease_until=None).update(next_at=now)
    Reading.objects.filter(due_at__lt=now + held).update(due_at=now)
    Connection.objects.filter(retry_at__isnull=False).update(retry_at=now)


class Rounds(runner.Driver):
    """A driver that takes turns as a test asks for them."""

    def __init__(self) -> None:
        super().__init__(lambda: False)

    def take(self) -> int:
        """Begin what is due, and write down all that came of it. Returns the turns taken."""
        self._nothing_to_read.clear()  # as if some time had passed
        self._begin()
        before = self.turns
        while self.under_way:
            self._write_down()
        return self.turns - before


def work(until: Callable[[], bool] = lambda: False, rounds: int = 30) -> int:
    """Take turns, each as soon as it may, until nothing is left to do or `until` says so. Returns turns taken."""
    driver = Rounds()
    for _ in range(rounds):
        make_due()
        if not driver.take() or until():
            break
    return driver.turns


def state_of(action: Action) -> str:
    return str(fresh(action).state)
