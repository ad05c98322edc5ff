"""Taking in what SYNAQ has already: by its lists (current dialect), and by GUID (both).

A list is walked a page a turn, so that nobody's click waits behind it. What it shows and the mirror does not is taken in;
what it shows otherwise than the mirror, and what it should show and does not, is read by itself: only a thing's own answer
changes or ends a row that is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning import mirror, readings
from provisioning.models import OU, Adoption, Connection, Domain, Mailbox, Package, Reading
from provisioning.roots import make_root
from provisioning.synaq.answers import (
    read_guid,
    read_links,
    read_lock,
    read_mailbox_editions,
    read_state,
    spellings,
)

BEHIND = 1  # it goes after what people wait for
MOST_PAGES = 100_000
AT_ONCE = 200  # named things that a sweep takes up
LONGEST_GUID = 100
Kind, State = Reading.Kind, Adoption.State
LISTS = (Kind.OUS, Kind.DOMAINS, Kind.MAILBOXES)
SHOWN_AS = {Kind.OUS: "ou", Kind.DOMAINS: "domain", Kind.MAILBOXES: "mailbox"}
# What an entry says of where it belongs: a server that does not know a filter shows more than was asked for
_BELONGS = {
    Kind.OUS: ("parent_guid",),
    Kind.DOMAINS: ("ou_guid",),
    Kind.MAILBOXES: ("domain_guid",),
}
_TITLE = {"ou": "title", "domain": "domain_name", "mailbox": "email"}
_COLUMN = {"ou": "title", "domain": "name", "mailbox": "email"}
_RESELLERS = (OU.Type.RESELLER, OU.Type.SUBRESELLER)


@dataclass(frozen=True)
class Listed:
    """One page of a list. `last`: there is no further one."""

    items: Sequence[Mapping[str, Any]]
    at: datetime
    last: bool


# --- by lists -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(connection: Connection) -> bool:
    """Go through all that the reseller has. False: the dialect has no lists."""
    if connection.is_legacy:
        return False
    root = make_root(connection)
    readings.want(Kind.OUS, root.guid, ou=root, priority=BEHIND)
    Connection.objects.filter(pk=connection.pk).update(listed_at=timezone.now())
    return True


def left(connection: Connection) -> int:
    """How many lists and things are still to be read behind people's own readings."""
    return Reading.objects.filter(connection=connection, due_at__isnull=False, priority=BEHIND).count()


def take_in(reading: Reading, listed: Listed) -> None:
    """Write down one page; the reading goes on with the next, or is done."""
    shown = {guid: item for item in listed.items if (guid := _guid_below(reading, item))}
    kind = SHOWN_AS[Kind(reading.kind)]
    known = mirror.known(kind, reading.connection_id, shown)
    rows = [_take_one(reading, kind, guid, item, known.get(guid), listed.at) for guid, item in shown.items()]
    mirror.listed(kind, rows, listed.at)
    fresh = any(row.listed_at is None or row.listed_at < reading.asked_at for row in known.values())
    if listed.last or not (fresh or shown.keys() - known.keys()) or reading.page >= MOST_PAGES:
        _miss(reading, kind)
        readings.done(reading)
    else:
        readings.next_page(reading)


def _guid_below(reading: Reading, item: Mapping[str, Any]) -> str:
    """The entry's GUID, if it belongs where was asked; else nothing."""
    guid = read_guid(item) or ""
    named = next((str(item[key]) for key in _BELONGS[Kind(reading.kind)] if item.get(key)), reading.guid)
    here = reading.guid.casefold()  # a person may have typed it in other letters than SYNAQ shows
    usable = guid.casefold() != here and len(guid) <= LONGEST_GUID and named.casefold() == here
    return guid if usable else ""


def _take_one(reading: Reading, kind: str, guid: str, item: Mapping[str, Any], row: Any, at: datetime) -> Any:
    """Its mirror row; what the entry leaves open is read."""
    ou, domain = reading.ou, reading.domain
    if row is None:
        home = mirror.Home(reading.connection, ou, domain, type=type_of(item))
        mirror.write(mirror.Seen(kind, guid, item, at), home)
        row = mirror.find(reading.connection_id, kind, guid)
        # an entry of a domain lacks its fields and links; one of a locked mailbox says no reason
        more = kind == "domain" or (kind == "mailbox" and row.account_locked)
    else:
        more = _differs(kind, row, item)
    if more:
        readings.want(kind, row.guid, ou=ou, domain=domain, priority=BEHIND)
    if kind == "ou":
        below = Kind.OUS if row.type in _RESELLERS else Kind.DOMAINS
        readings.want(below, row.guid, ou=row, priority=BEHIND)
    elif kind == "domain":
        readings.want(Kind.MAILBOXES, row.guid, ou=row.ou, domain=row, priority=BEHIND)
    elif domain is not None:
        _know_packages(domain, [one.package_guid for one in read_mailbox_editions(item)], at)
    return row


def type_of(body: Any) -> str:
    """Of an OU: what it says it is, else a company."""
    said = str(body.get("type") or "") if isinstance(body, Mapping) else ""
    said = "".join(filter(str.isalpha, said.lower()))
    return said if said in OU.Type.values else OU.Type.COMPANY


def _differs(kind: str, row: Any, item: Mapping[str, Any]) -> bool:
    """Whether the entry says something that the mirror does not: then the thing itself is asked."""
    state, title = read_state(item), str(item.get(_TITLE[kind]) or "")
    if row.gone_at is not None or (state and state != row.state):
        return True
    if title and title.casefold() != getattr(row, _COLUMN[kind]).casefold():
        return True
    if kind != "mailbox":
        return False
    editions = [one.edition_code for one in read_mailbox_editions(item)]
    locked = "account_locked" in item and read_lock(item).locked != row.account_locked
    names = any(
        key in item and str(item[key] or "") != getattr(row, key) for key in ("first_name", "last_name")
    )
    return locked or names or bool(editions and row.edition_code not in editions)


def _miss(reading: Reading, kind: str) -> None:
    """What the list no longer shows: it may be gone, which only its own answer can tell."""
    places: dict[str, dict[str, Any]] = {
        "ou": {"parent": reading.ou},
        "domain": {"ou": reading.ou},
        "mailbox": {"domain": reading.domain},
    }
    rows: Any = mirror.MODELS[kind].objects.filter(**places[kind], gone_at=None, as_at__lt=reading.asked_at)
    unseen = rows.filter(Q(listed_at=None) | Q(listed_at__lt=reading.asked_at))
    for row in unseen.select_related("connection"):
        readings.want(kind, row.guid, ou=reading.ou, domain=reading.domain, priority=BEHIND)


def came(reading: Reading, seen: mirror.Seen) -> None:
    """A thing was read: packages that it names and nobody knows are read too, and linked to the domains that named them."""
    if seen.body is None:
        return
    if seen.kind == "domain":
        row = mirror.find(reading.connection_id, "domain", seen.guid)
        if row is not None:
            _know_packages(row, read_links(seen.body) or (), seen.at)
    elif seen.kind == "mailbox" and reading.domain is not None:
        _know_packages(
            reading.domain, [one.package_guid for one in read_mailbox_editions(seen.body)], seen.at
        )
    elif seen.kind == "package" and reading.domain is not None:
        package = mirror.find(reading.connection_id, "package", seen.guid)
        if package is not None:
            for domain in _naming(package, reading.domain):
                mirror.link(domain, package, seen.at)


def _naming(package: Package, first: Domain) -> Iterable[Domain]:
    """Domains that are linked to the package by what they, or their mailboxes, say of themselves."""
    ways = spellings(package.guid)
    on_it = reduce(or_, (Q(raw__packages__contains=[{"guid": way}]) for way in ways))
    boxes = Mailbox.objects.filter(on_it, ou=package.ou_id)
    by_boxes = set(boxes.values_list("domain_id", flat=True).distinct())
    for domain in Domain.objects.filter(ou=package.ou_id, gone_at=None):
        named = set(ways) & set(read_links(domain.raw) or ())
        if named or domain.pk in by_boxes or domain.pk == first.pk:
            yield domain


def _know_packages(domain: Domain, guids: Iterable[str | None], at: datetime) -> None:
    wanted = {guid for guid in guids if guid and len(guid) <= LONGEST_GUID}
    known = mirror.known("package", domain.connection_id, wanted)
    linked = set(domain.links.values_list("package_id", flat=True))
    for guid in wanted:
        if guid not in known:
            readings.want(Kind.PACKAGE, guid, ou=domain.ou, domain=domain, priority=BEHIND)
        elif known[guid].pk not in linked:
            mirror.link(domain, known[guid], at)


# --- everything that is known, once more ----------------------------------------------------------------------------------


def reread(connection: Connection) -> int:
    """Have each thing of the mirror read anew, behind people's own readings. Returns how many there are."""
    rows: list[tuple[str, str, OU, Domain | None]] = []
    for ou in OU.objects.filter(connection=connection, gone_at=None).select_related("parent", "connection"):
        rows.append(("ou", ou.guid, ou.parent or ou, None))
    for model, kind in ((Package, "package"), (Domain, "domain"), (Mailbox, "mailbox")):
        found: Any = model.objects.filter(connection=connection, gone_at=None)
        related = ("ou__connection", *(("domain",) if kind == "mailbox" else ()))
        for one in found.select_related(*related).iterator(2000):
            rows.append((kind, one.guid, one.ou, getattr(one, "domain", None)))
    for kind, guid, home, domain in rows:
        readings.want(kind, guid, ou=home, domain=domain, priority=BEHIND)
    return len(rows)


# --- by GUID ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """One thing that a person names: `under` is the GUID of what it belongs to."""

    kind: str
    guid: str
    under: str


@transaction.atomic
def name(connection: Connection, wanted: Iterable[Wanted], *, by: Any) -> int:
    """Have them taken in; one that was refused before is tried anew. Returns how many are new or tried anew."""
    now, count = timezone.now(), 0
    for one in wanted:
        row, made = Adoption.objects.get_or_create(
            connection=connection, kind=one.kind, guid=one.guid,
            defaults={"under": one.under, "by": by, "asked_at": now},
        )  # fmt: skip
        if not made and row.state == State.REFUSED:
            row.under, row.by, row.asked_at, row.state, row.words = one.under, by, now, State.WAITING, ""
            row.save()
            made = True
        count += made
    transaction.on_commit(sweep)
    return count


def sweep() -> None:
    """Take up what is open: what waits until its place is known, and what was read since."""
    with transaction.atomic():
        rows = Adoption.objects.filter(state__in=Adoption.OPEN).select_for_update(skip_locked=True)
        for row in rows.order_by("id")[:AT_ONCE]:
            (_take_up if row.state == State.WAITING else _look_after)(row)


_UNDER = {"ou": "ou", "package": "ou", "domain": "ou", "mailbox": "domain"}


def _take_up(row: Adoption) -> None:
    there = mirror.find(row.connection_id, row.kind, row.guid)
    if there is not None and there.gone_at is None:
        _end(row, State.TAKEN, "The portal knew it already.")
        return
    place = mirror.find(row.connection_id, _UNDER[row.kind], row.under)
    if place is None or place.gone_at is not None:
        named = Adoption.objects.filter(connection=row.connection_id, guid=row.under, state__in=Adoption.OPEN)
        if not named.exists():
            _end(row, State.REFUSED, "What it belongs to is not known here. Name that one too.")
        return
    domain = place if row.kind == "mailbox" else None
    reading = readings.want(row.kind, row.guid, ou=place.ou if domain else place, domain=domain)
    Adoption.objects.filter(pk=row.pk).update(state=State.READING, asked_at=reading.asked_at)


def _look_after(row: Adoption) -> None:
    read = Reading.objects.filter(connection=row.connection_id, kind=row.kind, guid=row.guid).first()
    if read is None:
        Adoption.objects.filter(pk=row.pk).update(state=State.WAITING)
        return
    if read.due_at is not None:
        return
    there = mirror.find(row.connection_id, row.kind, row.guid)
    if there is not None and there.gone_at is None:
        _end(row, State.TAKEN, "")
    else:
        _end(row, State.REFUSED, read.trouble or f"SYNAQ knows no {_WORD[row.kind]} with this GUID.")


_WORD = {"ou": "company", "package": "package", "domain": "domain", "mailbox": "mailbox"}


def _end(row: Adoption, state: str, words: str) -> None:
    Adoption.objects.filter(pk=row.pk, state__in=Adoption.OPEN).update(state=state, words=words)


# --- by the clock ---------------------------------------------------------------------------------------------------------


def by_night(now: datetime | None = None) -> int:
    """Begin with each connection that was not gone through today, from the hour of the nightly count on."""
    hour = settings.USAGE_HOUR
    now = timezone.localtime(now or timezone.now(), timezone.get_default_timezone())
    if hour is None or now.hour < hour:
        return 0
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Connection.objects.filter(dialect=Connection.Dialect.CURRENT, made_at__lt=midnight)
    due = rows.filter(Q(listed_at=None) | Q(listed_at__lt=midnight))
    return sum(begin(row) for row in due)
