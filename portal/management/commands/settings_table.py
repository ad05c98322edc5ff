from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal import env


class Command(BaseCommand):
    help = "Print the table of settings as it stands in docs/settings.md."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(env.as_markdown(), ending="")
