from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from portal import times
from provisioning import health
from provisioning.models import Action


class Command(BaseCommand):
    help = "What is open in the ledger, oldest first; or the history of one action."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", type=int, nargs="?", help="Number of one action: its whole history")
        parser.add_argument("--state", choices=[state.value for state in Action.State], help="Only these")
        parser.add_argument("--late", action="store_true", help="Only what is due and was not taken up")
        parser.add_argument("--connection", type=int, help="Only of this connection")
        parser.add_argument("--limit", type=int, default=50, help="So many lines at most (50)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints no secret: rows never show what is sealed."""
        try:
            self._tell(options)
        except OperationalError as error:
            raise CommandError("The database does not answer: manage.py health says what to do.") from error

    def _tell(self, options: dict[str, Any]) -> None:
        if options["action"] is not None:
            self._history(options["action"])
            return
        states = [options["state"]] if options["state"] else Action.OPEN
        rows = Action.objects.filter(state__in=states)
        if options["late"]:
            rows = rows.filter(next_at__lt=Now() - health.LATE)
        if options["connection"] is not None:
            rows = rows.filter(connection=options["connection"])
        for row in rows.order_by("id")[: max(options["limit"], 0)]:
            self.stdout.write(_line(row))
        counts = ", ".join(f"{number:,} {state}" for state, number in health.open_by_state().items())
        self.stdout.write(f"Open in all: {counts}. Oldest due: {health.oldest_due():.0f} s.")

    def _history(self, pk: int) -> None:
        row = Action.objects.select_related("by", "ou").filter(pk=pk).first()
        if row is None:
            raise CommandError(f"There is no action {pk}.")
        self.stdout.write(_line(row))
        asker = str(row.by.email) if row.by else "the portal"
        facts = {
            "asked by": asker,
            "for": row.ou.title,
            "reference": row.request_id,
            "SYNAQ's": row.remote_path,
        }
        for name, value in facts.items():
            self.stdout.write(f"  {name}: {value or '–'}")
        for event in row.events.select_related("by"):
            who = f" by {event.by.email}" if event.by else ""
            at = timezone.localtime(event.at).isoformat(sep=" ", timespec="milliseconds")
            self.stdout.write(f"  {at} {event.kind}{who} {event.text}".rstrip())


def _line(row: Action) -> str:
    due = f"due {times.age(row.next_at)}" if row.next_at else "due never" if row.is_open else ""
    words = " ".join(row.words.split())[:120]
    return f"{row.pk} {row.state} {row.operation} {row.title} ({row.kind} {row.guid}) {due} {words}".rstrip()
