"""One at a time in a reseller's tree: whoever closes a month, corrects one, or changes prices."""

from __future__ import annotations

from django.db import connection

from provisioning.models import OU

_CLASS = 7703  # of the advisory locks; 7702 are the runner's


def hold(ou: OU) -> None:
    """Until the transaction ends. What is read afterwards is what the one before has written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_CLASS, int(ou.path.partition(".")[0])])
