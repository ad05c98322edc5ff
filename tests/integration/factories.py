"""Rows for tests, as the mirror and the accounts would hold them."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Membership, Person
from provisioning import secrets
from provisioning.models import OU, Connection, Domain, DomainLink, Edition, Mailbox, Package

PASSWORD = "correct horse battery"
_count = itertools.count(1)


def make_connection(
    dialect: str = "legacy", base_url: str = "http://127.0.0.1:9", **fields: Any
) -> Connection:
    n = next(_count)
    facts = {"name": f"Connection {n}", "api_user": f"user-{n}", "reseller_guid": f"reseller-{n}", **fields}
    sealed = secrets.seal({"key": "test-key"})
    return Connection.objects.create(dialect=dialect, base_url=base_url, sealed_key=sealed, **facts)


def make_ou(connection: Connection | None = None, parent: OU | None = None, **fields: Any) -> OU:
    """A company below `parent`; without one, a reseller at the root."""
    type_ = OU.Type.COMPANY if parent else OU.Type.RESELLER
    facts = {
        "title": f"OU {next(_count)}",
        "type": type_,
        "guid": str(uuid.uuid4()),
        "as_at": timezone.now(),
        **fields,
    }
    ou = OU.objects.create(
        connection=connection or (parent.connection if parent else make_connection()), parent=parent, **facts
    )
    ou.path = f"{parent.path if parent else ''}{ou.pk}."
    ou.save()
    return ou


def make_package(
    ou: OU, code: str = "SYN-CMS", editions: tuple[str, ...] = ("SYN-CMS-BASIC-02",), **fields: Any
) -> Package:
    facts = {"guid": str(uuid.uuid4()), "as_at": timezone.now(), "state": "inactive", "name": code, **fields}
    package = Package.objects.create(connection=ou.connection, ou=ou, code=code, **facts)
    for position, edition in enumerate(editions):
        Edition.objects.create(package=package, code=edition, name=edition, is_default=position == 0)
    return package


def make_domain(ou: OU, name: str = "", package: Package | None = None, **fields: Any) -> Domain:
    facts = {"guid": str(uuid.uuid4()), "as_at": timezone.now(), "state": "active", **fields}
    domain = Domain.objects.create(
        connection=ou.connection, ou=ou, name=name or f"d{next(_count)}.example", **facts
    )
    if package:
        DomainLink.objects.create(domain=domain, package=package, as_at=timezone.now())
    return domain


def make_mailbox(domain: Domain, local: str = "", **fields: Any) -> Mailbox:
    email = f"{local or f'm{next(_count)}'}@{domain.name}"
    facts = {"guid": str(uuid.uuid4()), "as_at": timezone.now(), "state": "active", **fields}
    return Mailbox.objects.create(
        connection=domain.connection, ou=domain.ou, domain=domain, email=email, **facts
    )


def make_person(role: str, ou: OU, email: str = "") -> Person:
    person = Person.objects.create_user(
        email or f"{role}-{next(_count)}@example.test", PASSWORD, name=role.title()
    )
    Membership.objects.create(person=person, ou=ou, role=role)
    return person


def fresh(client: Client) -> Client:
    """As if they had typed their password just now: `force_login` alone is no proof of who it is."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session.save()
    # for sessions that lie in the cookie itself
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client
