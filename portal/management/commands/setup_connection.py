from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal import env
from portal.connecting.addresses import trimmed
from provisioning import adopting, audit, breaker, checking, connections, mirror, secrets
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
            body = self._checked(row)
        except SynaqError as error:
            if error.meaning in REFUSED:
                self._stop(
                    f"SYNAQ refuses the connection: {error}. Check SYNAQ_API_USER, SYNAQ_API_KEY and this clock."
                )
            self.stdout.write(f"The connection is kept, though its check did not succeed: {error}")
            body = {}
        _mirror_root(row, body)

    def _row(self) -> Connection:
        """The account's row, where the environment says it is. What was given to it in the portal stays: its name, its
        stage, and a key that was changed there."""
        facts: dict[str, Any] = {
            "base_url": trimmed(env.text("SYNAQ_BASE_URL")),
            "dialect": env.text("SYNAQ_DIALECT"),
            "rate": max(1, env.number("SYNAQ_RATE")),
        }
        account = {
            "api_user": env.text("SYNAQ_API_USER"),
            "reseller_guid": env.text("SYNAQ_RESELLER_GUID"),
        }
        row = Connection.objects.filter(**account).first() or Connection(**account, name=account["api_user"])
        # A key belongs to the address that it was given for; a sandbox takes another port and the account stays.
        if row.base_url != facts["base_url"] or _key(row) is None:
            facts["sealed_key"] = _given_key()
        for name, value in facts.items():
            setattr(row, name, value)
        try:
            with transaction.atomic():
                row.save(update_fields=facts if row.pk else None)
        except IntegrityError:
            self._stop(
                "The portal has a connection for SYNAQ_API_USER at SYNAQ_BASE_URL already, with another reseller. "
                "Set SYNAQ_RESELLER_GUID to that one's."
            )
        return row

    def _checked(self, row: Connection) -> Any:
        """The reseller, asked for with the key that is kept. Only where SYNAQ refuses that one, with the environment's."""
        try:
            return self._ask(row)
        except SynaqError as error:
            if error.meaning not in REFUSED or _key(row) == env.text("SYNAQ_API_KEY"):
                raise
        row.sealed_key = _given_key()
        body = self._ask(row)
        row.save(update_fields=["sealed_key"])
        breaker.answered(row.pk)
        text = "SYNAQ refused the key that was kept. The one in SYNAQ_API_KEY has taken its place."
        audit.record(
            "connection", by=None, ou=make_root(row), thing=row, text=text, new={"key": audit.CHANGED}
        )
        self.stdout.write(text)
        return body

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


def _given_key() -> str:
    return secrets.seal({"key": env.text("SYNAQ_API_KEY")})


def _key(row: Connection) -> str | None:
    """The key that is kept; None where there is none, or it cannot be opened any more."""
    try:
        return str(secrets.unseal(row.sealed_key)["key"])
    except (secrets.CannotOpen, KeyError):
        return None


def _mirror_root(row: Connection, body: Any) -> None:
    root = make_root(row)
    if body:
        row.checked_at, row.check_ok, row.check_words = timezone.now(), True, checking.WORKS
        row.save(update_fields=["checked_at", "check_ok", "check_words"])
        home = mirror.Home(row, root, type=OU.Type.RESELLER)
        mirror.write(mirror.Seen("ou", row.reseller_guid, body, timezone.now()), home)
        if row.listed_at is None:
            adopting.begin(row)
