"""Collecting usage when a person asks for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from provisioning import collecting
from provisioning.collecting import Progress, progress
from provisioning.models import OU, Connection, Domain, UsageRun
from provisioning.services.common import Refused
from provisioning.services.selection import common_ou

__all__ = ["Progress", "Refused", "collect", "last_run", "progress"]


def collect(
    what: Connection | Iterable[Domain],
    *,
    by: Any,
    submission: uuid.UUID,
    why: str = UsageRun.Why.PERSON,
    reason: str = "",
) -> UsageRun:
    """Have usage counted: of all of a connection that may be billed, or of the domains that were chosen. The same form
    sent twice is one run. Raises Refused when there is nothing to count, or they are of several connections."""
    if isinstance(what, Connection):
        domains = collecting.domains_of(what)
        root = OU.objects.filter(connection=what, parent=None).order_by("id").first()
    else:
        domains, root = list(what), None
    if not domains:
        raise Refused("There is no domain in service to count.")
    connections = {domain.connection_id for domain in domains}
    if len(connections) > 1:
        raise Refused("Choose domains of one connection: each has a run of its own.")
    ou = root or common_ou(OU.objects.filter(pk__in={domain.ou_id for domain in domains}))
    day = timezone.localtime(timezone.now(), timezone.get_default_timezone()).date()
    asked = collecting.Asked(why, day, submission, by, reason)
    return collecting.begin(domains[0].connection, domains, ou, asked)


def last_run(connection: Connection) -> UsageRun | None:
    """The run that was begun last, if there was one."""
    rows = UsageRun.objects.filter(connection=connection, batch__isnull=False)
    return rows.select_related("batch", "by").order_by("-id").first()
