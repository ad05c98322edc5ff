"""Second factors sealed anew with the first of SEAL_KEYS."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from provisioning import secrets


def reseal() -> int:
    """Every seed and code, row by row, while the portal works; how many rows. Doing it twice is harmless."""
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)  # a passkey's row holds no secret
    return sum(_reseal(pk) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _reseal(pk: int) -> int:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return 0
    row.data = {
        name: _again(value) if name in ("secret", "seed") else value for name, value in row.data.items()
    }
    row.save(update_fields=["data"])
    return 1


def _again(sealed: Any) -> str:
    return secrets.seal(secrets.unseal(str(sealed)))
