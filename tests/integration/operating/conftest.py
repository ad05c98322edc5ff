from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.health import probes
from provisioning import heartbeats, tallies
from provisioning.models import Heartbeat, Tally


@pytest.fixture(autouse=True)
def _nothing_known(db: None) -> Iterator[None]:
    """No answer, count or sign of life of another test, nor of a server that another test left in this database."""
    probes.forget()
    tallies._forget()
    heartbeats._next_at.clear()
    Heartbeat.objects.all().delete()
    Tally.objects.all().delete()
    yield
    probes.forget()
