"""Second factors sealed anew with the first of SEAL_KEYS."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from provisioning import secrets


def reseal() -> int:
    """Every seed that the first key has not sealed yet, row by row, while the portal works; how many rows."""
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)  # a passkey's row holds no secret
    return sum(_reseal(pk) for pk in rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _reseal(pk: int) -> int:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return 0
    again = {name: secrets.reseal(str(row.data[name])) for name in ("secret", "seed") if name in row.data}
    if again.items() <= row.data.items():
        return 0
    row.data |= again
    row.save(update_fields=["data"])
    return 1
