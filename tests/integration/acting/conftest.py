from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Acting, Person
from provisioning.models import OU
from tests.integration.factories import fresh, make_ou, make_person

REASON = "Ticket 4711: cannot find their mailbox"


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Foods")


@pytest.fixture
def carla(acme: OU) -> Person:
    """The company's admin."""
    return make_person("company_admin", acme, "carla@acme.example")


@pytest.fixture
def support(root: OU, client: Client) -> Person:
    """Somebody of support, freshly signed in."""
    person = make_person("support", root, "sipho@reseller.example")
    client.force_login(person)
    fresh(client)
    return person


def begin(client: Client, ou: OU, person: Person, reason: str = REASON) -> Any:
    return client.post(reverse("acting:begin", args=[ou.guid]), {"person": person.pk, "reason": reason})


def only_row() -> Acting:
    return Acting.objects.get()
