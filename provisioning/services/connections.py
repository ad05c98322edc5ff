"""Connections: added, changed, given a new key, tried. A key is sealed here and never comes back out to a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import announce, audit, secrets
from provisioning.ledger import Refused
from provisioning.models import OU, Connection
from provisioning.roots import make_root

FACTS = ("name", "base_url", "api_user", "reseller_guid", "dialect", "stage", "rate")
ACCOUNT = ("base_url", "api_user", "reseller_guid")  # which account it is: a key belongs to one
TAKEN = "There is a connection for this API user at this address already."


@transaction.atomic
def add_connection(facts: Mapping[str, Any], key: str, *, by: Any) -> Connection:
    """A connection that is tried at once, with its reseller at a root of the tree. Raises Refused, in a sentence."""
    facts = {name: facts[name] for name in FACTS}
    try:
        with transaction.atomic():
            row = Connection.objects.create(**facts, sealed_key=secrets.seal({"key": key}))
    except IntegrityError:
        raise Refused(TAKEN)
    root = make_root(row)
    audit.record("connection", by=by, ou=root, thing=row, new={**facts, "key": audit.CHANGED})
    _want_check(row)
    return row


@transaction.atomic
def change_connection(row: Connection, facts: Mapping[str, Any], key: str, *, by: Any) -> Connection:
    """Another account needs its own key, typed anew: no key ever goes to an address that it was not given for.

    Without such a change a key that is typed is tried first and takes the old one's place when SYNAQ accepts it.
    Raises Refused, in a sentence.
    """
    row = Connection.objects.select_for_update().get(pk=row.pk)
    old = {name: getattr(row, name) for name in FACTS if getattr(row, name) != facts[name]}
    new = {name: facts[name] for name in old}
    moved = any(name in old for name in ACCOUNT)
    if moved and not key:
        raise Refused("Another address, API user or reseller needs its API key, typed again.")
    if "reseller_guid" in old:
        _move_root(row, facts["reseller_guid"])
    for name, value in new.items():
        setattr(row, name, value)
    if moved:
        _begin_anew(row, key)
    elif key:
        row.sealed_new_key, row.new_key_trouble = secrets.seal({"key": key}), ""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused(TAKEN)
    if old or key:
        secret = {"key": audit.CHANGED} if key else {}
        audit.record("connection", by=by, ou=root_of(row), thing=row, old=old, new=new | secret)
        _want_check(row)
    return row


def _begin_anew(row: Connection, key: str) -> None:
    row.sealed_key, row.sealed_new_key, row.new_key_trouble = secrets.seal({"key": key}), "", ""
    row.failures, row.broken_since, row.retry_at, row.trouble = 0, None, None, ""
    row.check_ok, row.check_words = None, ""


@transaction.atomic
def drop_new_key(row: Connection, *, by: Any) -> None:
    """A new key that waits to be tried is not wanted any more."""
    rows = Connection.objects.filter(pk=row.pk).exclude(sealed_new_key="")
    if rows.update(sealed_new_key="", new_key_trouble="", check_wanted_at=None, check_not_before=None):
        audit.record(
            "connection", by=by, ou=root_of(row), thing=row, text="The new key was dropped, untried."
        )


@transaction.atomic
def want_check(row: Connection, *, by: Any) -> None:
    """Have a worker try it, now."""
    audit.record("connection", by=by, ou=root_of(row), thing=row, text="A try was asked for.")
    _want_check(row)


def _want_check(row: Connection) -> None:
    row.check_wanted_at, row.check_not_before = timezone.now(), None
    row.save(update_fields=["check_wanted_at", "check_not_before"])
    transaction.on_commit(announce.nudge)


def root_of(row: Connection) -> OU | None:
    return OU.objects.filter(connection=row, parent=None).order_by("pk").first()


def _move_root(row: Connection, guid: str) -> None:
    """A GUID that was mistyped is put right; a reseller that SYNAQ has shown stays itself."""
    root = root_of(row)
    if root is not None and root.raw:
        raise Refused("This reseller is in use. For another reseller add another connection.")
    OU.objects.filter(connection=row, parent=None).update(guid=guid)
