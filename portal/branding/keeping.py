"""The only writer of brands."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import Brand
from provisioning import audit
from provisioning.models import OU
from provisioning.services.common import Refused

FACTS = ("name", "accent", "support_email", "host")


def save_brand(ou: OU, facts: dict[str, str], logo: bytes | None, *, by: Any) -> Brand:
    """Make or change the OU's brand. `logo`: a new one, b"" for none, None: as it is. Raises Refused."""
    try:
        with transaction.atomic():
            return _save(ou, facts, logo, by)
    except IntegrityError:
        raise Refused("This host name is not free. Use another.")


def _save(ou: OU, facts: dict[str, str], logo: bytes | None, by: Any) -> Brand:
    brand = _held(ou) or Brand(ou=ou)
    old = _told(brand) if brand.pk else {}
    for name in FACTS:
        setattr(brand, name, facts[name])
    other_logo = logo is not None and logo != bytes(brand.logo)
    if other_logo:
        brand.logo = logo or b""
        brand.logo_mark = secrets.token_hex(8) if logo else ""
    new = _told(brand)
    if old == new:
        return brand
    brand.changed_at = timezone.now()
    brand.save()
    changed = {name for name in new if old.get(name) != new[name]}
    _record(ou, by, {n: v for n, v in old.items() if n in changed}, {n: new[n] for n in sorted(changed)})
    return brand


@transaction.atomic
def remove_brand(ou: OU, *, by: Any) -> None:
    """The OU looks like what is above it again."""
    brand = _held(ou)
    if brand is None:
        return
    old = _told(brand)
    brand.delete()
    _record(ou, by, old, {})


def _held(ou: OU) -> Brand | None:
    """The row, the OU locked: of two who make one at once, the second changes the first one's."""
    OU.objects.select_for_update(no_key=True).get(pk=ou.pk)
    return Brand.objects.filter(ou=ou).first()


def _told(brand: Brand) -> dict[str, str]:
    """For the trail: of the logo only its mark, which tells one from another."""
    return {name: getattr(brand, name) for name in FACTS} | {"logo": brand.logo_mark}


def _record(ou: OU, by: Any, old: dict[str, str], new: dict[str, str]) -> None:
    audit.record("brand", by=by, ou=ou, thing=ou, old=old, new=new)
