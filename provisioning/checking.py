"""Whether a connection works: a worker reads its reseller once, with the key that is to be tried.

A new key takes the old one's place only when SYNAQ has accepted it; calls under way end with the key they began with.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from provisioning import adopting, audit, breaker, gate, mirror, salts, secrets
from provisioning.models import OU, Connection
from provisioning.roots import make_root
from provisioning.synaq import Client, Dialect, Meaning, SynaqError
from provisioning.turns import PASSING

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)  # also the pause until a new key is tried again that could not be
NO_SUCH_RESELLER = "SYNAQ accepts the key, but knows no reseller by this GUID."
WORKS = "SYNAQ accepted the key and showed the reseller."


@dataclass(frozen=True)
class Told:
    """What a try told. `passing`: it says nothing of the key, and another try may."""

    ok: bool
    words: str
    body: Any = None
    passing: bool = False
    at: datetime | None = None


def begin() -> threading.Thread | None:
    """Try what is to be tried, one after the other, in a thread of its own: SYNAQ may take its time, and others' work does
    not wait for that. What is cut off with the process is tried again when its 30 s are over."""
    row = claim()
    if row is None:
        return None
    thread = threading.Thread(target=_in_a_thread, args=[row], daemon=True, name=f"try_{row.pk}")
    thread.start()
    return thread


def carry_out(row: Connection) -> None:
    """Try one that was claimed, and write down what that told."""
    record(row, _ask(row))


def _in_a_thread(row: Connection) -> None:
    left: Connection | None = row
    try:
        while left is not None:
            carry_out(left)
            left = claim()
    except Exception as error:
        log.error("a connection could not be tried", error=type(error).__name__)
    finally:
        database.close()


@transaction.atomic
def claim() -> Connection | None:
    """One connection that somebody wants tried and nobody holds; held for 30 s."""
    wanted = Connection.objects.filter(
        Q(check_not_before=None) | Q(check_not_before__lte=Now()), check_wanted_at__isnull=False
    )
    row = wanted.select_for_update(skip_locked=True).order_by("check_wanted_at", "pk").first()
    if row is not None:
        Connection.objects.filter(pk=row.pk).update(check_not_before=Now() + LEASE)
    return row


def _ask(row: Connection) -> Told:
    at = timezone.now()
    try:
        with _client(row) as client:
            body = client.ous.get(row.reseller_guid).body
    except SynaqError as error:
        return _refused(error)
    except gate.NotSent as error:
        return Told(False, str(error), passing=True)
    except (secrets.CannotOpen, KeyError):
        return Told(False, "The key cannot be opened with the present SEAL_KEYS. Type it again.")
    except ValueError:
        return Told(False, "The address, the API user or the key is none that a request could be made with.")
    return Told(True, WORKS, body, at=at)


def _client(row: Connection) -> Client:
    """Made for one try, and never kept: what is tried is not what is used."""
    return Client(
        row.base_url,
        row.api_user,
        secrets.unseal(row.sealed_new_key or row.sealed_key)["key"],
        dialect=Dialect(row.dialect),
        salts=salts.Salts(row.api_user),
        gate=gate.Gate(f"synaq-{row.pk}", row.rate),
    )


def _refused(error: SynaqError) -> Told:
    if error.meaning is Meaning.MISSING:
        return Told(False, NO_SUCH_RESELLER)
    passing = error.meaning in PASSING and error.meaning is not Meaning.UNAUTHENTICATED
    return Told(False, error.message, passing=passing)


@transaction.atomic
def record(tried: Connection, told: Told) -> None:
    """Write down what the try told, unless another was asked for meanwhile: then that one will tell."""
    rows = Connection.objects.select_for_update()
    row = rows.filter(pk=tried.pk, check_wanted_at=tried.check_wanted_at).first()
    if row is None:
        return
    new_key = bool(row.sealed_new_key)
    if new_key and not told.ok:
        _not_taken(row, told)
    else:
        row.checked_at, row.check_ok, row.check_words = timezone.now(), told.ok, told.words
    if not (new_key and told.passing):
        row.check_wanted_at = row.check_not_before = None
    if new_key and told.ok:
        _take(row)
    row.save(update_fields=_WRITTEN)
    if told.ok:
        breaker.answered(row.pk)
        root = make_root(row)
        mirror.write(
            mirror.Seen("ou", row.reseller_guid, told.body, told.at or timezone.now()),
            mirror.Home(row, root, type=OU.Type.RESELLER),
        )
        if row.listed_at is None:
            adopting.begin(row)


_WRITTEN = (
    "checked_at",
    "check_ok",
    "check_words",
    "check_wanted_at",
    "check_not_before",
    "sealed_key",
    "sealed_new_key",
    "new_key_trouble",
)


def _take(row: Connection) -> None:
    row.sealed_key, row.sealed_new_key, row.new_key_trouble = row.sealed_new_key, "", ""
    # whatever kept calls back was the old key's trouble, or is over: SYNAQ has just answered
    Connection.objects.filter(pk=row.pk).update(failures=0, broken_since=None, retry_at=None, trouble="")
    _tell(row, "SYNAQ accepted the new key. It has taken the old one's place.")


def _not_taken(row: Connection, told: Told) -> None:
    if told.passing:
        row.new_key_trouble = f"{told.words} The new key is tried again; the present one goes on meanwhile."
        return
    row.sealed_new_key = ""
    row.new_key_trouble = f"{told.words} The new key was dropped; the present one goes on."
    _tell(row, "SYNAQ did not accept the new key. It was dropped.")


def _tell(row: Connection, text: str) -> None:
    audit.record("connection", by=None, ou=make_root(row), thing=row, text=text, new={"key": audit.CHANGED})
