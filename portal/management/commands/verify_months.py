from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.billing import canonical
from portal.billing.models import ClosedMonth


class Command(BaseCommand):
    help = (
        "Recompute the hash of every closed month, and say which of them agree. Ends with 1 if one does not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", help="Only this one, as 2026-10")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line a month."""
        months = ClosedMonth.objects.select_related("ou").order_by("month", "ou__path")
        if options["month"]:
            months = months.filter(month=f"{options['month']}-01")
        wrong = 0
        for closed in months:
            agrees = canonical.agrees(closed)
            wrong += not agrees
            said = "agrees" if agrees else "DOES NOT AGREE"
            self.stdout.write(f"{closed.month:%Y-%m}  {said}  {closed.hash}  {closed.ou.title}")
        if wrong:
            raise CommandError(f"{wrong} of the closed months are not what was closed.")
        self.stdout.write("All agree." if months else "No month is closed.")
