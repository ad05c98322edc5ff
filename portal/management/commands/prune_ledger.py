from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from provisioning import audit, pruning


class Command(BaseCommand):
    help = (
        "Forget what nightly runs left in the ledger, readings that were read, and sessions that have expired. "
        "What people asked for stays. Without --yes only counts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=90, help="Keep so many days (90; at least 30)")
        parser.add_argument("--yes", action="store_true", help="Really remove; cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Doing it again removes what has become old since."""
        if not pruning.YOUNGEST.days <= options["days"] < 36_500:
            raise CommandError("What is younger than thirty days is kept. Choose more days.")
        before = timezone.now() - timedelta(days=options["days"])
        if not options["yes"]:
            self._say("would go", _counted(before))
            self.stdout.write("Nothing was removed. Add --yes to remove it for good.")
            return
        found = pruning.prune(before)
        found["sessions"] = _dead_sessions().delete()[0] + _expired().delete()[0]
        if any(found.values()):
            new = {"before": before.isoformat(timespec="seconds"), **found}
            audit.record(
                "setting", by=None, title="Ledger", text="Old rows of nightly runs were removed.", new=new
            )
        self._say("removed", found)

    def _say(self, did: str, found: dict[str, int]) -> None:
        self.stdout.write(", ".join(f"{number:,} {name}" for name, number in found.items()) + f" {did}.")


def _counted(before: datetime) -> dict[str, int]:
    return {
        "events": pruning.history_of(pruning.nightly(before)).count(),
        "actions": pruning.unneeded(before).count(),
        "readings": pruning.read(before).count(),
        "sessions": _expired().count(),
    }


def _expired() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())


def _dead_sessions() -> QuerySet[UserSession]:
    """What the list of somebody's sessions still has of those."""
    live = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gte=timezone.now())
    found: QuerySet[UserSession] = UserSession.objects.filter(~Exists(live))
    return found
