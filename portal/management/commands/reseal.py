from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from portal.accounts import sealed as factors
from provisioning import secrets
from provisioning.models import Action, Connection, Import, Step

# A secret moves on while this runs: a step's into its action, a new key into the old one's place. Where it comes from is
# sealed anew before where it goes to, so that none slips past.
SEALED = (
    (Connection, "sealed_new_key"),
    (Connection, "sealed_key"),
    (Import, "sealed"),
    (Import, "issued"),
    (Step, "sealed"),
    (Action, "sealed"),
)


class Command(BaseCommand):
    help = "Seal all that is sealed anew, with the first of SEAL_KEYS. May run while the portal works, and twice."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a count a line. Exit 1 where something could not be opened: then no key may be dropped."""
        lost = 0
        for model, field in SEALED:
            done, shut = _reseal(model, field)
            lost += shut
            self.stdout.write(
                f"{model._meta.model_name}.{field}: {done} sealed anew, {shut} cannot be opened"
            )
        try:
            self.stdout.write(f"second factors: {factors.reseal()} sealed anew")
        except secrets.CannotOpen:
            lost += 1
            self.stderr.write("A second factor cannot be opened with the present SEAL_KEYS.")
        if lost:
            self.stderr.write("Do not drop a key of SEAL_KEYS yet: something is sealed with none of them.")
            sys.exit(1)


def _reseal(model: Any, field: str) -> tuple[int, int]:
    done = shut = 0
    for pk in model.objects.exclude(**{field: ""}).order_by("pk").values_list("pk", flat=True):
        try:
            done += _reseal_row(model, field, pk)
        except secrets.CannotOpen:
            shut += 1
    return done, shut


@transaction.atomic
def _reseal_row(model: Any, field: str, pk: Any) -> int:
    """One row, under its lock: whoever sends it at this moment is waited for, and may have wiped it."""
    row = model.objects.select_for_update().filter(pk=pk).only("pk", field).first()
    old = getattr(row, field) if row else ""
    new = secrets.reseal(old)
    if new == old:
        return 0
    model.objects.filter(pk=pk).update(**{field: new})
    return 1
