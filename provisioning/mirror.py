"""The only writer of mirror rows: what SYNAQ said, with its time. Nothing here calls SYNAQ or guesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from provisioning.models import OU, Catalogue, Connection, Domain, DomainLink, Edition, Mailbox, Package
from provisioning.synaq import answers, wire

MODELS: dict[str, type[OU] | type[Package] | type[Domain] | type[Mailbox]] = {
    "ou": OU,
    "package": Package,
    "domain": Domain,
    "mailbox": Mailbox,
}


@dataclass(frozen=True)
class Seen:
    """One answer about one thing. `body` None: SYNAQ no longer knows it (404)."""

    kind: str
    guid: str
    body: Any
    at: datetime


@dataclass(frozen=True)
class Home:
    """Where a thing that is new to the mirror lives, and how it was called when it was asked for."""

    connection: Connection
    ou: OU
    domain: Domain | None = None
    type: str = OU.Type.COMPANY
    title: str = ""
    code: str = ""


def find(connection_id: int, kind: str, guid: str) -> Any | None:
    """The mirror row of that thing, or None."""
    return MODELS[kind].objects.filter(connection_id=connection_id, guid=guid).first()


@transaction.atomic
def write(seen: Seen, home: Home) -> None:
    """Take in one answer. An older answer never overwrites a newer one."""
    if seen.kind == "catalogue":
        Catalogue.objects.update_or_create(ou=home.ou, defaults={"raw": seen.body, "as_at": seen.at})
        return
    row = (
        MODELS[seen.kind]
        .objects.select_for_update()
        .filter(connection=home.connection, guid=seen.guid)
        .first()
    )
    if row is not None and row.as_at > seen.at:
        return
    if seen.body is None:
        if row is not None:
            row.gone_at, row.as_at = seen.at, seen.at
            row.save(update_fields=["gone_at", "as_at"])
        return
    body = seen.body if isinstance(seen.body, Mapping) else {}
    if row is None:
        row = MODELS[seen.kind](connection=home.connection, guid=seen.guid)
        _settle_in(row, home)
    row.state = answers.read_state(body) or row.state
    row.raw, row.as_at, row.gone_at = wire.scrub(body), seen.at, None
    _TAKE_IN[seen.kind](row, body, home)


def _settle_in(row: Any, home: Home) -> None:
    """A new row's place in the tree; places are never taken from an answer, whose words may name another's."""
    if isinstance(row, OU):
        row.parent, row.type = home.ou, home.type
        return
    row.ou = home.ou
    if isinstance(row, Mailbox):
        if home.domain is None:
            raise ValueError("a mailbox needs its domain")
        row.domain = home.domain


def _said(body: Mapping[str, Any], key: str, fallback: str, longest: int) -> str:
    value = body.get(key)
    return (str(value) if isinstance(value, str | int | float) and str(value) else fallback)[:longest]


def _take_ou(row: OU, body: Mapping[str, Any], home: Home) -> None:
    row.title = _said(body, "title", row.title or home.title or row.guid, 300)
    row.client_ref = _said(body, "client_ref", "", 200)
    row.save()
    if not row.path:
        row.path = f"{row.parent.path if row.parent else ''}{row.pk}."
        row.save(update_fields=["path"])


def _take_package(row: Package, body: Mapping[str, Any], home: Home) -> None:
    row.code = _said(body, "code", row.code or home.code, 100)
    row.name = _said(body, "name", row.name or home.title, 200)
    row.save()
    editions = answers.read_editions(body)
    if not editions:
        return
    for edition in editions:
        facts = {"name": (edition.name or "")[:200], "is_default": bool(edition.is_default)}
        Edition.objects.update_or_create(package=row, code=edition.code[:100], defaults=facts)
    row.editions.exclude(code__in=[edition.code[:100] for edition in editions]).delete()


def _take_domain(row: Domain, body: Mapping[str, Any], home: Home) -> None:
    row.name = _said(body, "domain_name", row.name or home.title, 260)
    row.fields = wire.scrub(answers.read_domain_fields(body))
    report = body.get("domain_usage_report")
    row.usage = wire.scrub(report) if isinstance(report, Mapping) else row.usage
    row.save()
    links = answers.read_links(body)
    if links is not None:
        row.links.exclude(package__guid__in=links).delete()
        for package in Package.objects.filter(connection=row.connection, guid__in=links):
            link(row, package, row.as_at)


def _take_mailbox(row: Mailbox, body: Mapping[str, Any], home: Home) -> None:
    row.email = _said(body, "email", row.email or home.title, 330)
    for name, longest in (("first_name", 200), ("last_name", 200), ("display_name", 300)):
        setattr(row, name, _said(body, name, getattr(row, name), longest))
    editions = answers.read_mailbox_editions(body)
    if editions:
        row.edition_code = editions[0][2][:100]
    lock = answers.read_lock(body)
    row.account_locked = lock.locked
    row.lock_type, row.lock_reason_code = (lock.type or "")[:60], (lock.code or "")[:100]
    row.lock_reason = (lock.reason or "")[:5000]
    row.save()


_TAKE_IN: dict[str, Any] = {
    "ou": _take_ou,
    "package": _take_package,
    "domain": _take_domain,
    "mailbox": _take_mailbox,
}


def link(domain: Domain, package: Package, at: datetime) -> None:
    """SYNAQ accepted or showed that the domain is linked to the package."""
    DomainLink.objects.update_or_create(domain=domain, package=package, defaults={"as_at": at})
