from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError

from provisioning import restoring
from provisioning.services.common import Refused


class Command(BaseCommand):
    help = (
        "After a backup was restored, before workers and beat are started: nothing is sent again that may have been sent "
        "since it was taken, and the mirror is read anew."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            held = restoring.hold()
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        signed_out = Session.objects.all().delete()[0]
        UserSession.objects.all().delete()
        self.stdout.write(f"{held.queued:,} queued actions are looked up before they are sent.")
        self.stdout.write(f"Unconfirmed, and looked up once more: {held.doubted:,}.")
        self.stdout.write(f"Batches that wait for somebody to resume or abandon them: {held.batches:,}.")
        self.stdout.write(f"{held.deletions:,} deletions that were set for a date are put off by a week.")
        self.stdout.write(
            f"{signed_out:,} sessions have ended: access that was taken away since is back, look at People."
        )
        for pk, known in restoring.read_anew().items():
            self.stdout.write(f"Connection {pk}: {known:,} known things are read anew.")
        self.stdout.write(
            "Now start workers and beat. Then look at Attention: what could not be told waits there."
        )
