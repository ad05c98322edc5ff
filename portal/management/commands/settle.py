from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.management.people import person_named
from provisioning.models import Action
from provisioning.services import activity
from provisioning.services.common import Refused


class Command(BaseCommand):
    help = "Say what became of unconfirmed actions, after a look at SYNAQ: it happened, or it did not and is sent again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "actions", type=int, nargs="+", help="Their numbers (manage.py ledger --state unconfirmed)"
        )
        said = parser.add_mutually_exclusive_group(required=True)
        said.add_argument("--happened", action="store_true", help="SYNAQ has done it")
        said.add_argument("--did-not", action="store_true", help="SYNAQ has not: it is sent again")
        parser.add_argument("--guid", default="", help="With --happened, of a creation: GUID of what exists")
        parser.add_argument(
            "--by", required=True, help="Address of the person who looked: the trail tells it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = person_named(options["by"])
        if options["guid"] and (len(options["actions"]) > 1 or options["did_not"]):
            raise CommandError("A GUID belongs to one action that happened.")
        refused = 0
        for pk in options["actions"]:
            try:
                _settle(pk, options["happened"], options["guid"], by)
            except Refused as refusal:
                refused += 1
                self.stderr.write(f"{pk}: {refusal}")
            else:
                self.stdout.write(f"{pk}: settled.")
        if refused:
            raise CommandError(f"{refused} of {len(options['actions'])} were left as they are.")


def _settle(pk: int, happened: bool, guid: str, by: Any) -> None:
    row = Action.objects.select_related("connection", "ou").filter(pk=pk).first()
    if row is None:
        raise Refused("There is no such action.")
    if happened:
        activity.settle_applied(row, guid, by=by)
    else:
        activity.settle_not_applied(row, by=by)
