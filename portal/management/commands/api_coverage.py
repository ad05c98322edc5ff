from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal import coverage


class Command(BaseCommand):
    help = "Print docs/api-coverage.md."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(coverage.as_markdown(), ending="")
