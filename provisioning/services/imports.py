"""A file of mailboxes: kept sealed while it is checked and mended, run once, its new passwords handed out once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning import audit, batches, secrets
from provisioning.batches import Wish
from provisioning.imports import ISSUED_FOR, KEPT
from provisioning.models import Batch, Import
from provisioning.services.selection import common_ou, counted

KIND = "import"
Rows = list[dict[str, Any]]


def keep(rows: Rows, *, by: Any, submission: uuid.UUID) -> Import:
    """Keep a file's rows. The same form sent twice is one import."""
    facts = {"by": by, "sealed": secrets.seal({"rows": rows}), "expires_at": timezone.now() + KEPT}
    return Import.objects.get_or_create(submission=submission, defaults=facts)[0]


def of(person: Any) -> Any:
    """The person's own: nobody else reaches them."""
    return Import.objects.filter(by=person)


def held(draft: Import) -> Import:
    """The row as it is now, held until the transaction ends."""
    return Import.objects.select_for_update(of=("self",)).select_related("by").get(pk=draft.pk)


def rows_of(draft: Import) -> Rows:
    """What is kept of the file; [] once it was run, or has expired. Raises CannotOpen where the key is away."""
    rows: Rows = secrets.unseal(draft.sealed).get("rows", [])
    return rows


def replace_rows(draft: Import, rows: Rows) -> None:
    """Keep these instead; call it on a held row."""
    draft.sealed, draft.expires_at = secrets.seal({"rows": rows}), timezone.now() + KEPT
    draft.save(update_fields=["sealed", "expires_at"])


def forget(draft: Import) -> None:
    """Wipe it without running it."""
    Import.objects.filter(pk=draft.pk, ran_at=None).update(sealed="", expires_at=timezone.now())


@transaction.atomic
def run(
    draft: Import, groups: Iterable[Sequence[tuple[Any, Wish]]], *, issued: dict[str, str], by: Any
) -> list[Batch]:
    """Ask for each mailbox, one batch a group of (domain, wish), and wipe the file; call it on a held row that has not
    run. `issued`: the passwords that were made, by address."""
    now = timezone.now()
    draft.sealed, draft.ran_at, draft.expires_at = "", now, now + ISSUED_FOR
    draft.issued = secrets.seal(issued)
    draft.save(update_fields=["sealed", "issued", "ran_at", "expires_at"])
    begun = [
        batches.start(
            KIND,
            f"Import of {counted(len(group), 'mailbox')}",
            common_ou(domain.ou for domain, _ in group),
            [wish for _, wish in group],
            by=by,
            submission=uuid.uuid5(draft.pk, str(number)),
            about_kind="mailbox",
        )
        for number, group in enumerate(groups)
    ]
    draft.batches.set(begun)
    return begun


@transaction.atomic
def fetch(draft: Import) -> dict[str, str]:
    """The passwords that were made, by address; {} the second time, and once they have expired."""
    row = held(draft)
    if not row.issued or row.expires_at <= timezone.now():
        return {}
    issued = secrets.unseal(row.issued)
    batch = row.batches.select_related("ou").first()
    told = f"The passwords that were made for {counted(len(issued), 'mailbox')}"
    ou = batch.ou if batch else None
    audit.record("secret_seen", by=row.by, ou=ou, thing=batch, text=told, batch=batch)
    Import.objects.filter(pk=row.pk).update(issued="", fetched_at=timezone.now())
    return issued
