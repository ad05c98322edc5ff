"""What may be sold to a company: the mirror's catalogue, and whether a newer one is on its way."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.times import full
from provisioning.models import OU, Catalogue, Reading
from provisioning.services import ous
from provisioning.synaq import catalogue
from provisioning.synaq.catalogue import Product

FRESH = timedelta(seconds=60)
_MOST_RAW = 200_000


@dataclass(frozen=True)
class Offer:
    """`mark` tells one catalogue from another; "" while there is none. It begins with c- where it can be read."""

    company: OU
    raw: Any
    as_at: datetime | None
    reading: Reading | None
    products: list[Product]
    readable: bool
    mark: str

    @property
    def being_read(self) -> bool:
        """Whether a worker is about to bring a newer one."""
        return self.reading is not None and self.reading.due_at is not None

    @property
    def trouble(self) -> str:
        """Why the last reading failed, in words."""
        return self.reading.trouble if self.reading else ""

    def for_support(self) -> str:
        """SYNAQ's answer as it came, with what their support asks for."""
        text = self.raw if isinstance(self.raw, str) else json.dumps(self.raw, indent=2, ensure_ascii=False)
        cut = f"\n… {len(text) - _MOST_RAW} more characters" if len(text) > _MOST_RAW else ""
        head = (
            f"OPTIONS /api/v1/ous/{self.company.guid}/packages.json\n{full(self.as_at) if self.as_at else ''}"
        )
        return f"{head}\n\n{text[:_MOST_RAW]}{cut}"


def look(company: OU, *, ask: bool) -> Offer:
    """What the mirror has for the company. `ask`: have it read, if there is none or it is older than a minute."""
    # The reading first: looked at the other way round, one that ends in between would be over, and its answer unseen.
    reading = Reading.objects.filter(
        connection=company.connection_id, kind=Reading.Kind.CATALOGUE, guid=company.guid
    ).first()
    row = Catalogue.objects.filter(ou=company).first()
    if ask and (row is None or timezone.now() - row.as_at > FRESH):
        reading = ous.want_catalogue(company)
    if row is None:
        return Offer(company, None, None, reading, [], False, "")
    found = catalogue.read(row.raw)
    # Only the legacy generation has editions chosen with a package
    readable = found.readable or (bool(found.products) and not company.connection.is_legacy)
    return Offer(company, row.raw, row.as_at, reading, found.products, readable, _mark(row.raw, readable))


def _mark(raw: Any, readable: bool) -> str:
    text = json.dumps(raw, sort_keys=True)
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:16]
    return f"{'c' if readable else 'u'}-{digest}"
