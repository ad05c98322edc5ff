"""The only writer of mirror rows: what SYNAQ said, with its time. Nothing here calls SYNAQ or guesses."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from provisioning.models import OU, Catalogue, Connection, Domain, DomainLink, Edition, Mailbox, Package
from provisioning.synaq import answers, wire

T = TypeVar("T")
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
    """Where a thing that is new to the mirror lives, how it was called when it was asked for, and the edition that a mailbox
    was to have."""

    connection: Connection
    ou: OU
    domain: Domain | None = None
    type: str = OU.Type.COMPANY
    title: str = ""
    code: str = ""
    edition: str = ""


def find(connection_id: int, kind: str, guid: str) -> Any | None:
    """The mirror row of that thing, or None."""
    return known(kind, connection_id, [guid]).get(guid)


def known(kind: str, connection_id: int, guids: Iterable[str]) -> dict[str, Any]:
    """Rows of those that the mirror has, by the GUIDs as they are given here: SYNAQ may show them in other letter case."""
    wanted = {guid: answers.spellings(guid) for guid in guids}
    found = MODELS[kind].objects.filter(connection=connection_id, guid__in=set(chain(*wanted.values())))
    rows = {row.guid: row for row in found}
    return {guid: row for guid, ways in wanted.items() if (row := _first(rows, ways)) is not None}


def _first(rows: Mapping[str, T], ways: Iterable[str]) -> T | None:
    return next((rows[way] for way in ways if way in rows), None)


def write(seen: Seen, home: Home) -> None:
    """Take in one answer, whatever it holds. An older answer never overwrites a newer one.

    Raises ValueError only where `home` says too little for a thing that is new to the mirror.
    """
    take = _write_catalogue if seen.kind == "catalogue" else _write
    try:
        with transaction.atomic():
            take(seen, home)
    except IntegrityError:  # another writer made the row a moment ago: now it is there
        with transaction.atomic():
            take(seen, home)


def write_mailboxes(seen: Sequence[tuple[Seen, Home]]) -> None:
    """As `write`, for many mailboxes that SYNAQ showed, in few queries. Call it within a transaction.

    Raises IntegrityError where another writer is making one of them, ValueError where a new one's domain is not known.
    """
    rows = Mailbox.objects.select_for_update().filter(
        connection__in={home.connection for _, home in seen},
        guid__in=set(chain.from_iterable(answers.spellings(one.guid) for one, _ in seen)),
    )
    there: dict[int, dict[str, Mailbox]] = defaultdict(dict)
    for kept in rows.order_by("id"):
        there[kept.connection_id][kept.guid] = kept
    new: list[Mailbox] = []
    for one, home in seen:
        ours = there[home.connection.pk]
        row = _first(ours, answers.spellings(one.guid))
        if row is not None and row.as_at > one.at:
            continue
        if row is None:
            row = ours[one.guid] = Mailbox(connection=home.connection, guid=one.guid)
            _settle_in(row, home)
            new.append(row)
        body = _shown(row, one)
        _say_mailbox(row, body, home)
        if row.pk:
            row.save()
    Mailbox.objects.bulk_create(new)


def _shown(row: Any, seen: Seen) -> Any:
    """What SYNAQ showed of it, as it is kept: set on the row."""
    body = raw_of(seen.body if isinstance(seen.body, Mapping) else {})
    row.state = (answers.read_state(body) or row.state)[:60]
    row.raw, row.as_at, row.gone_at = body, seen.at, None
    return body


def _write_catalogue(seen: Seen, home: Home) -> None:
    row = Catalogue.objects.select_for_update().filter(ou=home.ou).first()
    if row is not None and row.as_at > seen.at:
        return
    row = row or Catalogue(ou=home.ou)
    # JSON null would be the database's NULL; an empty answer is an answer, which the reader finds unreadable.
    row.raw, row.as_at = ({} if seen.body is None else raw_of(seen.body)), seen.at
    row.save()


def _write(seen: Seen, home: Home) -> None:
    ways = answers.spellings(seen.guid)
    rows = MODELS[seen.kind].objects.select_for_update().filter(connection=home.connection, guid__in=ways)
    row = _first({row.guid: row for row in rows}, ways)
    if row is not None and row.as_at > seen.at:
        return
    if seen.body is None:
        if row is not None:
            row.gone_at, row.as_at = seen.at, seen.at
            row.save(update_fields=["gone_at", "as_at"])
            _gone_with_it(row)
        return
    if row is not None and not isinstance(seen.body, Mapping):
        return  # it says nothing of the thing: what was said before stands
    if row is None:
        row = MODELS[seen.kind](connection=home.connection, guid=seen.guid)
        _settle_in(row, home)
    _TAKE_IN[seen.kind](row, _shown(row, seen), home)


def _gone_with_it(row: Any) -> None:
    """What hangs on a thing that SYNAQ no longer knows has no place there any more. One that is shown all the same is
    taken in again when it is read."""
    if isinstance(row, Package | Domain):
        row.links.all().delete()
    if isinstance(row, Domain):
        row.mailboxes.filter(gone_at=None).update(gone_at=row.gone_at)
    if isinstance(row, OU):
        DomainLink.objects.filter(domain__ou=row).delete()
        for below in (row.packages, row.domains, row.mailboxes):
            below.filter(gone_at=None).update(gone_at=row.gone_at)


UNKEEPABLE = {"unreadable": "SYNAQ's answer is nested too deeply to be kept."}
_DEEPEST = 60
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # what Postgres takes neither as text nor in JSON


def raw_of(body: Any) -> Any:
    """The answer as it may be kept: passwords masked, and without what the database cannot hold."""
    try:
        return wire.scrub(_keepable(body, _DEEPEST))
    except RecursionError:
        return dict(UNKEEPABLE)


def _keepable(value: Any, depth: int) -> Any:
    if depth == 0:
        raise RecursionError
    if isinstance(value, str):
        return _NO_TEXT.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {str(_keepable(str(key), depth)): _keepable(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_keepable(inner, depth - 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # 1e999 is well-formed JSON
    return value if isinstance(value, bool | int | float) or value is None else _keepable(str(value), depth)


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
    """What the answer says in words, else the fallback: for what a thing is called, which is never nothing."""
    value = body.get(key)
    said = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return (said or fallback)[:longest]


def _said_or_kept(body: Mapping[str, Any], key: str, kept: str, longest: int) -> str:
    """What the answer says, nothing included; what is kept only where it does not speak of it."""
    return _said(body, key, "", longest) if key in body else kept


def _take_ou(row: OU, body: Mapping[str, Any], home: Home) -> None:
    row.title = _said(body, "title", row.title or home.title or row.guid, 300)
    row.client_ref = _said_or_kept(body, "client_ref", row.client_ref, 200)
    row.save()
    if not row.path:
        row.path = f"{row.parent.path if row.parent else ''}{row.pk}."
        row.save(update_fields=["path"])


def _take_package(row: Package, body: Mapping[str, Any], home: Home) -> None:
    product = body.get("product")
    shown = product if isinstance(product, Mapping) else {}  # what is sold may stand in an object of its own
    row.code = _said(body, "code", _said(shown, "code", row.code or home.code, 100), 100)
    row.name = _said(body, "name", _said(shown, "name", row.name or home.title, 200), 200)
    row.save()
    editions = {edition.code[:100]: edition for edition in answers.read_editions(body) if edition.code}
    if not editions:
        return
    rows = [
        Edition(package=row, code=code, name=(edition.name or "")[:200], is_default=bool(edition.is_default))
        for code, edition in editions.items()
    ]
    Edition.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["package", "code"],
        update_fields=["name", "is_default"],
    )
    row.editions.exclude(code__in=editions).delete()


def _take_domain(row: Domain, body: Mapping[str, Any], home: Home) -> None:
    row.name = _said(body, "domain_name", row.name or home.title, 260)
    row.fields = wire.scrub(answers.read_domain_fields(body))
    report = body.get("domain_usage_report")
    row.usage = report if isinstance(report, Mapping) else row.usage
    row.save()
    links = answers.read_links(body)
    if links is not None:
        shown = list(known("package", row.connection_id, links).values())
        if shown or not links:  # a list of what is no GUID of a package says nothing of links
            row.links.exclude(package__in=shown).delete()
        for package in shown:
            link(row, package, row.as_at)


def _take_mailbox(row: Mailbox, body: Mapping[str, Any], home: Home) -> None:
    _say_mailbox(row, body, home)
    row.save()


def _say_mailbox(row: Mailbox, body: Mapping[str, Any], home: Home) -> None:
    row.email = _said(body, "email", row.email or home.title, 330)
    for name, longest in (("first_name", 200), ("last_name", 200), ("display_name", 300)):
        setattr(row, name, _said_or_kept(body, name, getattr(row, name), longest))
    editions = answers.read_mailbox_editions(body)
    row.edition_code = (editions[0][2] if editions else row.edition_code or home.edition)[:100]
    lock = answers.read_lock(body)
    row.account_locked = lock.locked
    row.lock_type, row.lock_reason_code = (lock.type or "")[:60], (lock.code or "")[:100]
    row.lock_reason = (lock.reason or "")[:5000]


_TAKE_IN: dict[str, Any] = {
    "ou": _take_ou,
    "package": _take_package,
    "domain": _take_domain,
    "mailbox": _take_mailbox,
}


def listed(kind: str, rows: Iterable[Any], at: datetime) -> None:
    """A list showed these; nothing that it said of them is taken in here."""
    MODELS[kind].objects.filter(pk__in=[row.pk for row in rows]).update(listed_at=at)


def link(domain: Domain, package: Package, at: datetime) -> None:
    """SYNAQ accepted or showed, at that time, that the domain is linked to the package."""
    DomainLink.objects.update_or_create(domain=domain, package=package, defaults={"as_at": at})
