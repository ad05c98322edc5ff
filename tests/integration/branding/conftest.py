from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from provisioning.models import OU
from tests.integration.factories import fresh, make_ou, make_person


@pytest.fixture
def root() -> OU:
    return make_ou(title="Root Reseller")


@pytest.fixture
def north(root: OU) -> OU:
    return make_ou(parent=root, type=OU.Type.SUBRESELLER, title="North")


@pytest.fixture
def owner(client: Client, root: OU) -> Client:
    client.force_login(make_person("owner", root))
    return fresh(client)


@pytest.fixture(autouse=True)
def _hosts(settings: Any) -> None:
    settings.PORTAL_URL = "https://portal.example"
    settings.ALLOWED_HOSTS = ["portal.example", "testserver", "mail.acme.example", "mail.north.example"]
