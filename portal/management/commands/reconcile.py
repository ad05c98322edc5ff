from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from provisioning import adopting
from provisioning.models import Connection


class Command(BaseCommand):
    help = (
        "Have what SYNAQ holds compared with the mirror: by its lists (current dialect), or thing by thing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", type=int, help="Number of the one connection; all unless given")
        parser.add_argument("--each", action="store_true", help="Read each thing that is known anew as well")

    def handle(self, *args: Any, **options: Any) -> None:
        """Only asks for it: workers read, behind what people wait for. Prints a line a connection."""
        rows = Connection.objects.order_by("pk")
        if options["connection"] is not None:
            rows = rows.filter(pk=options["connection"])
        for row in rows:
            listed = adopting.begin(row)
            known = adopting.reread(row) if options["each"] or not listed else 0
            lists = "its lists are gone through" if listed else "this generation of the API has no lists"
            self.stdout.write(f"{row.pk} {row.name}: {lists}; {known:,} known things are read anew.")
