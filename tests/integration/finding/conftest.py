from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from provisioning.models import OU
from tests.integration.factories import make_ou, make_person


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Foods", client_ref="AF-77")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    """Somebody of support, signed in."""
    person = make_person("support", root)
    client.force_login(person)
    return person
