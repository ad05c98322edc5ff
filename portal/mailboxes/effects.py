"""What changes of mailboxes do to the month's bill, for those who may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from portal import access, price_effects, roles
from portal.billing import effect
from portal.billing.standing import default_editions
from portal.mailboxes.imports_check import Checked
from portal.price_effects import NOT_DOCUMENTED, Told
from provisioning.models import Domain, Mailbox
from provisioning.operations import Operation

_BY_OPERATION = {"mailbox.provision": effect.begun, "mailbox.delete": effect.ended}
_SILENT = frozenset({"mailbox.suspend", "mailbox.close", "mailbox.activate"})


def facts_of_new(request: HttpRequest, domain: Domain) -> dict[str, Any]:
    """What the form of a new mailbox takes: whether they choose its edition, and what they may see of prices."""
    return {
        "domain": domain,
        "chooses": access.grants(request).has_on(roles.CHANGE_EDITIONS, domain.ou),
        "prices": price_effects.of(request, [domain.ou]),
    }


def of(request: HttpRequest, operation: Operation, mailboxes: list[Mailbox]) -> Told | None:
    """Of an operation on one or many. On closing and the like SYNAQ's documents are silent, and everybody is told so."""
    if operation.name in _SILENT:
        return NOT_DOCUMENTED
    reckon = _BY_OPERATION.get(operation.name)
    if reckon is None or not mailboxes:
        return None
    prices = price_effects.of(request, (row.ou for row in mailboxes))
    return prices.told(reckon(mailboxes)) if prices else None


def of_provisioning(request: HttpRequest, mailbox: Mailbox, buttons: Iterable[dict[str, Any]]) -> Told | None:
    """Beside the button, which asks nothing more; None where it is not offered."""
    if not any(one["operation"] == "mailbox.provision" and not one["why_not"] for one in buttons):
        return None
    return price_effects.told(request, [mailbox.ou], effect.begun([mailbox]))


def of_import(request: HttpRequest, rows: list[Checked]) -> Told | None:
    """Of all rows that are ready and provisioned at once."""
    ready = [(row.domain, row) for row in rows if row.activate and row.domain]
    prices = price_effects.of(request, (domain.ou for domain, _ in ready))
    if prices is None:
        return None
    usual = default_editions({domain.pk for domain, _ in ready})
    change = Counter(
        (domain.ou_id, row.clean["package_edition_code"] or usual.get(domain.pk, "")) for domain, row in ready
    )
    return prices.told(change)
