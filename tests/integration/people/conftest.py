from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from provisioning.models import OU
from tests.integration.factories import fresh, make_ou, make_person

NEW_PASSWORD = "seven green lanterns"


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme")


@pytest.fixture
def owner(root: OU, client: Client) -> Any:
    """The reseller's owner, who has just signed in."""
    person = make_person("owner", root, "olwethu@reseller.test")
    client.force_login(person)
    fresh(client)
    return person


def invite(client: Client, ou: OU, email: str, role: str = "company_admin", **more: str) -> Any:
    return client.post(f"/people/invite/{ou.guid}/", {"email": email, "role": role, **more})


def token_in(mail: Any) -> str:
    """The token in the link of a mail."""
    found = re.search(r"/invitation/([^/\s]+)/", mail.body)
    assert found is not None
    return found[1]
