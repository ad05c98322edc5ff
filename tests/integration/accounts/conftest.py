from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import Person
from provisioning.models import OU
from tests.integration.accounts import steps
from tests.integration.factories import make_ou, make_person


@pytest.fixture
def reseller(db: None) -> OU:
    return make_ou(title="Reseller")


@pytest.fixture
def owner(reseller: OU) -> Person:
    return make_person("owner", reseller, "owner@example.test")


@pytest.fixture
def signed_in(client: Client, owner: Person) -> Client:
    """The owner, by the sign-in page: with the records and rows that a real sign-in leaves."""
    steps.sign_in(client, owner)
    return client
