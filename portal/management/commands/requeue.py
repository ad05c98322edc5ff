from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models.functions import Now

from portal.management.people import person_named
from provisioning.models import Action
from provisioning.services import activity
from provisioning.services.common import Refused

_MARK = uuid.UUID("0f3f8f4e-58f5-4d4b-9d55-0d6a0b1f2c33")
State = Action.State
_NOT_NOW = {
    State.SENDING: "It is being sent. If its worker died, it becomes unconfirmed by itself within half a minute.",
    State.WAITING: "SYNAQ has taken it on: it is followed until it ends.",
    State.UNCONFIRMED: "It may have been applied. Look at SYNAQ, then: manage.py settle.",
    State.FINISHED: "It is done.",
}


class Command(BaseCommand):
    help = "Have actions tried now, or once more: only those of which it is certain that nothing was applied."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("actions", type=int, nargs="+", help="Their numbers (manage.py ledger)")
        parser.add_argument(
            "--by", required=True, help="Address of the person in whose name: the trail tells it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """A queued one is due now; one that failed or was cancelled is asked for anew, as its page's button does."""
        by = person_named(options["by"])
        refused = 0
        for pk in options["actions"]:
            try:
                self.stdout.write(_requeue(pk, by))
            except Refused as refusal:
                refused += 1
                self.stderr.write(f"{pk}: {refusal}")
        if refused:
            raise CommandError(f"{refused} of {len(options['actions'])} were left as they are.")


def _requeue(pk: int, by: Any) -> str:
    row = Action.objects.select_related("connection", "ou").filter(pk=pk).first()
    if row is None:
        raise Refused("There is no such action.")
    if row.state == State.QUEUED:
        Action.objects.filter(pk=pk, state=State.QUEUED).update(next_at=Now())
        return f"{pk}: due now."
    if row.state in _NOT_NOW:
        raise Refused(_NOT_NOW[State(row.state)])
    new = activity.submit_again(row, by=by, submission=uuid.uuid5(_MARK, f"again {pk}"))
    return f"{pk}: asked for anew as {new.pk}."
