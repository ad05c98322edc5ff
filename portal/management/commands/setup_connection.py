from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal import env
from provisioning import connections, mirror, secrets
from provisioning.models import OU, Connection
from provisioning.roots import make_root
from provisioning.synaq import Meaning, SynaqError

REFUSED = (Meaning.UNAUTHENTICATED,)
PATIENCE = 10.0  # seconds: an API that is started together with the portal may need a moment


class Command(BaseCommand):
    help = "Make or update the connection from SYNAQ_* and check it with one signed call."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 0: usable, or not reachable yet. Exit 2, with one sentence: incomplete, or refused by SYNAQ."""
        missing = [
            name
            for name in ("BASE_URL", "API_USER", "API_KEY", "RESELLER_GUID")
            if not env.text(f"SYNAQ_{name}")
        ]
        if missing:
            self._stop(
                f"Set {', '.join(f'SYNAQ_{name}' for name in missing)} as well: a connection needs all four."
            )
        if env.text("SYNAQ_DIALECT") not in Connection.Dialect.values:
            self._stop("SYNAQ_DIALECT must be legacy or current.")
        row = self._row()
        try:
            body = self._ask(row)
        except SynaqError as error:
            if error.meaning in REFUSED:
                self._stop(
                    f"SYNAQ refuses the connection: {error}. Check SYNAQ_API_USER, SYNAQ_API_KEY and this clock."
                )
            self.stdout.write(f"The connection is kept, though its check did not succeed: {error}")
            body = {}
        _mirror_root(row, body)

    def _row(self) -> Connection:
        key = env.text("SYNAQ_API_KEY")
        base_url = env.text("SYNAQ_BASE_URL")
        facts = {
            "name": env.text("SYNAQ_API_USER"),
            "base_url": base_url,
            "dialect": env.text("SYNAQ_DIALECT"),
            "rate": max(1, env.number("SYNAQ_RATE")),
            "sealed_key": secrets.seal({"key": key}),
        }
        # The address of one account may change (a sandbox takes another port): the account stays the same.
        row, _ = Connection.objects.update_or_create(
            api_user=env.text("SYNAQ_API_USER"), reseller_guid=env.text("SYNAQ_RESELLER_GUID"), defaults=facts
        )
        return row

    def _ask(self, row: Connection) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return connections.client_for(row).ous.get(row.reseller_guid).body
            except SynaqError as error:
                if error.meaning is not Meaning.UNREACHABLE or time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def _stop(self, sentence: str) -> None:
        self.stderr.write(sentence)
        sys.exit(2)


def _mirror_root(row: Connection, body: Any) -> None:
    root = make_root(row)
    if body:
        home = mirror.Home(row, root, type=OU.Type.RESELLER)
        mirror.write(mirror.Seen("ou", row.reseller_guid, body, timezone.now()), home)
