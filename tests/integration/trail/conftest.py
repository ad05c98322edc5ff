from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import Person
from provisioning import audit
from provisioning.models import OU, AuditEntry
from tests.integration.factories import make_ou, make_person


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Foods")


@pytest.fixture
def auditor(root: OU, client: Client) -> Person:
    """Somebody who reads the reseller's trail, signed in."""
    person = make_person("auditor", root, "anneke@reseller.example")
    client.force_login(person)
    return person


def entry(ou: OU | None, title: str, kind: str = "asked", **facts: Any) -> AuditEntry:
    return audit.record(kind, **{"by": None, "ou": ou, "title": title, **facts})
