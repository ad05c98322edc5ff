from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import OU, Domain
from tests.integration.factories import fresh, make_domain, make_mailbox, make_ou, make_package, make_person


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def acme(root: OU) -> OU:
    return make_ou(parent=root, title="Acme Ltd")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    person = make_person("support", root)
    client.force_login(person)
    fresh(client)
    return person


@pytest.fixture
def domain(acme: OU) -> Domain:
    """A domain in service on one package, with two mailboxes."""
    package = make_package(acme, name="CloudMail", state="active")
    row = make_domain(acme, "acme.example", package)
    make_mailbox(row, "ann")
    make_mailbox(row, "ben")
    return row


def plan_url(thing: Any) -> str:
    return reverse("batches:teardown", args=[thing.kind, thing.guid])


def remove(client: Client, thing: Any, **data: str) -> Any:
    """Send the form that removes it at once."""
    return client.post(plan_url(thing), {"submission": str(uuid.uuid4()), "typed_name": str(thing), **data})


def schedule(client: Client, thing: Any, **data: str) -> Any:
    """Send the form that deletes it later."""
    address = reverse("batches:schedule", args=[thing.kind, thing.guid])
    return client.post(address, {"submission": str(uuid.uuid4()), **data})


def said(client: Client, answer: Any) -> str:
    """The page to which the answer leads."""
    assert answer.status_code == 303
    body: str = client.get(answer["Location"]).content.decode()
    return body
