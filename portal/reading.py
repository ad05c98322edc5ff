"""How old what a page shows is, and whether it is being read anew."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from provisioning.models import OU, Reading

OWN_KINDS = (Reading.Kind.PACKAGE, Reading.Kind.DOMAIN)


def of(thing: Any) -> Reading | None:
    """The reading of one thing of the mirror, due or done; None if nobody has asked for one."""
    return Reading.objects.filter(connection=thing.connection_id, kind=thing.kind, guid=thing.guid).first()


def state(thing: Any) -> dict[str, Any]:
    """For components/reading.html: `reading_due` and `reading_trouble` (why the last one failed, in words)."""
    reading = of(thing)
    if reading is None:
        return {"reading_due": False, "reading_trouble": ""}
    return {"reading_due": reading.due_at is not None, "reading_trouble": reading.trouble}


def anything_due(ou: OU) -> bool:
    """Whether the OU itself, or a package or domain of it, is being read anew."""
    own = Q(kind=Reading.Kind.OU, guid=ou.guid) | Q(ou=ou, kind__in=OWN_KINDS)
    return Reading.objects.filter(own, connection=ou.connection_id, due_at__isnull=False).exists()
