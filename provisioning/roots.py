"""The reseller at the root of a connection's tree."""

from __future__ import annotations

from provisioning.models import OU, Connection


def make_root(row: Connection) -> OU:
    """The reseller's OU, where everything hangs; until SYNAQ shows it, a word stands for its name."""
    root, made = OU.objects.get_or_create(
        connection=row,
        guid=row.reseller_guid,
        defaults={"type": OU.Type.RESELLER, "title": "Reseller", "as_at": row.made_at},
    )
    if made:
        root.path = f"{root.pk}."
        root.save(update_fields=["path"])
    return root
