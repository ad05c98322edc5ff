"""What is looked at once more when an action's turn to be sent has come: things may have changed while it stood in line.

The documents say which states allow an operation, so what they forbid by now is not sent, but ends with a plain
sentence. What they leave open is sent, and SYNAQ decides: in a state that no document names, while a thing is pending,
and for creations, whose parent is another object with a line of its own. A deletion of what is gone is sent too: not to
be found is its success.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning import mirror
from provisioning.models import Action, DomainLink
from provisioning.operations import Operation


def why_not(action: Action, operation: Operation) -> str:
    """Why the target no longer allows it, in a sentence; "" when it does, or SYNAQ is to decide."""
    if operation.makes:
        return ""
    target = mirror.find(action.connection_id, action.kind, action.guid)
    if target is None or (target.gone_at and operation.removes):
        return ""
    if target.state == "pending" and not target.gone_at:
        return ""
    return operation.why_not(target, action.connection.dialect)


def waits_for(action: Action) -> str:
    """What must end first, "" for nothing. An action on a package works on all its domains, and the other way round."""
    keys = list(_relatives(action))
    if not keys:
        return ""
    rows = Action.objects.filter(
        lock_key__in=keys, state__in=Action.IN_FLIGHT, connection=action.connection_id
    )
    first = rows.exclude(pk=action.pk).order_by("id").first()
    return f"It waits for what is under way on {first.title}." if first else ""


def _relatives(action: Action) -> Iterator[str]:
    if action.operation == "domain.create_in_package":
        yield f"package:{action.guid}"
    elif action.result_kind:
        return
    elif action.kind == "package":
        links = DomainLink.objects.filter(package__guid=action.guid, package__connection=action.connection_id)
        yield from (f"domain:{guid}" for guid in links.values_list("domain__guid", flat=True))
    elif action.kind == "domain":
        links = DomainLink.objects.filter(domain__guid=action.guid, domain__connection=action.connection_id)
        yield from (f"package:{guid}" for guid in links.values_list("package__guid", flat=True))
        if action.operation == "domain.link":
            yield f"package:{action.payload.get('package')}"
