from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.health import advice
from provisioning import health


class Command(BaseCommand):
    help = "Every component as /health tells of it, with what to do. Exit code 1 with --strict unless all is well."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strict", action="store_true", help="Exit with 1 unless all is well")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = health.check()
        for line in lines:
            todo = f" {advice.of(line)}" if line.level != health.OK else ""
            self.stdout.write(f"{line.level:<4} {line.name:<11} {line.said}{todo}")
        if options["strict"] and health.worst(line.level for line in lines) != health.OK:
            raise SystemExit(1)
