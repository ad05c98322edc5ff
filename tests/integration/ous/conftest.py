from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from provisioning.models import OU
from tests.integration.factories import make_connection, make_ou, make_person


@pytest.fixture
def current() -> OU:
    """A reseller on a current connection."""
    return make_ou(make_connection("current"), title="The Current Reseller")


@pytest.fixture
def staff(current: OU, client: Client) -> Any:
    """Somebody of its support, signed in."""
    person = make_person("support", current)
    client.force_login(person)
    return person
