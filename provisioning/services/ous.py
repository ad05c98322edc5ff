from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from provisioning import readings
from provisioning.models import OU, Action, Reading
from provisioning.services.common import Refused, ask_for


def create_company(parent: OU, *, by: Any, details: Mapping[str, Any], submission: uuid.UUID) -> Action:
    """Take on a company under a reseller. `details` is the contract's `ou` object: at the least `title` and
    `physical_address` with `line_1`, `city`, `postal_code`, `country`; empty values are left out."""
    if parent.is_company:
        raise Refused("A company cannot have companies below it; choose a reseller.")
    title = str(details["title"])
    wire = _without_blanks(details)
    return ask_for(
        "ou.create_company", parent, by=by, submission=submission, title=title, creates=title, payload=wire
    )


def create_subreseller(parent: OU, *, by: Any, details: Mapping[str, Any], submission: uuid.UUID) -> Action:
    """Take on a sub-reseller under a reseller; `details` as for a company. Legacy connections only."""
    if parent.is_company:
        raise Refused("A company cannot have sub-resellers below it; choose a reseller.")
    title = str(details["title"])
    payload = _without_blanks(details)
    return ask_for(
        "ou.create_subreseller",
        parent,
        by=by,
        submission=submission,
        title=title,
        creates=title,
        payload=payload,
    )


def update_ou(ou: OU, *, by: Any, changes: Mapping[str, Any], submission: uuid.UUID) -> Action:
    """Change SYNAQ's record: `changes` holds only what changes, as in the contract's `ou` object; of the address, the
    lines that change. A blank clears. Current connections only."""
    if not changes:
        raise Refused("Nothing was changed.")
    title = str(changes.get("title") or ou)
    return ask_for(
        "ou.update", ou, by=by, submission=submission, title=title, payload={"changes": dict(changes)}
    )


def delete_ou(ou: OU, *, by: Any, submission: uuid.UUID, reason: str = "") -> Action:
    """Remove SYNAQ's record of it. Refused while anything below it is in service, naming what."""
    return ask_for("ou.delete", ou, by=by, submission=submission, reason=reason)


def _without_blanks(details: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        key: _without_blanks(value) if isinstance(value, Mapping) else value for key, value in details.items()
    }
    return {key: value for key, value in kept.items() if value not in ("", None, {})}


def want_catalogue(company: OU) -> Reading:
    """Have a worker read what may be sold to the company."""
    return readings.want("catalogue", company.guid, ou=company)


def want_reading(thing: Any) -> Reading:
    """Have a worker read one thing of the mirror again."""
    if isinstance(thing, OU):
        return readings.want("ou", thing.guid, ou=thing.parent or thing)
    return readings.want(thing.kind, thing.guid, ou=thing.ou, domain=getattr(thing, "domain", None))
