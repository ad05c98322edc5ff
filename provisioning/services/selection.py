"""One operation on many things that were chosen together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from django.db import transaction

from provisioning import batches
from provisioning.batches import Wish
from provisioning.models import OU, Batch
from provisioning.operations import Operation

KIND = "selection"


@transaction.atomic
def start_selection(
    operation: Operation, groups: Iterable[Sequence[Any]], *, by: Any, submission: uuid.UUID, reason: str = ""
) -> list[Batch]:
    """Ask for the operation on each thing, one batch a group: those of one connection, below one OU whose batches the
    person sees. The same form sent twice is the same batches."""
    return [
        batches.start(
            KIND,
            f"{operation.label}: {counted(len(things), operation.kind)}",
            common_ou(thing.ou for thing in things),
            [Wish(operation.name, thing.kind, thing.guid, str(thing)) for thing in things],
            by=by,
            submission=uuid.uuid5(submission, str(number)) if number else submission,
            reason=reason,
            about_kind=operation.kind,
        )
        for number, things in enumerate(groups)
    ]


def counted(number: int, kind: str) -> str:
    """`1 mailbox`, `12 mailboxes`."""
    many = f"{kind}es" if kind.endswith("x") else f"{kind}s"
    return f"{number:,} {kind if number == 1 else many}"


def common_ou(ous: Iterable[OU]) -> OU:
    """The lowest OU above all of them; for one alone, itself."""
    known = {ou.path: ou for ou in ous}
    ids = [path.split(".")[:-1] for path in known]
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(min(ids), max(ids), strict=False))
    path = "".join(f"{one}." for one, _ in shared)
    return known.get(path) or OU.objects.get(path=path)
