from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import OU, Action, Batch, Catalogue, Domain, Package
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_ou, make_package, make_person

PASSWORD = "Sample-123$-word"
CATALOGUE = [
    {
        "code": "SYN-CMS",
        "name": "CloudMail",
        "editions": [{"code": "SYN-CMS-BASIC-02", "name": "Basic", "default": True}],
    },
    {
        "code": "SYN-PIN-SEC",
        "name": "Securemail",
        "editions": [{"code": "SYN-PIN-SEC-BOTH", "name": "Both ways"}],
    },
]


@pytest.fixture
def root() -> OU:
    return make_ou(title="The Reseller")


@pytest.fixture
def support(root: OU, client: Client) -> Any:
    """Somebody of support, signed in."""
    person = make_person("support", root)
    client.force_login(person)
    return person


class Journey:
    """A new customer as somebody at the browser takes it, each action ended as if SYNAQ had done it."""

    def __init__(self, client: Client, root: OU) -> None:
        self.client, self.root = client, root
        self.company: OU
        self.package: Package
        self.domain: Domain

    @property
    def batch(self) -> Batch:
        return Batch.objects.latest("id")

    @property
    def url(self) -> str:
        return reverse("customers:flow", args=[self.batch.pk])

    @property
    def latest(self) -> Action:
        return Action.objects.latest("id")

    def page(self) -> str:
        answer = self.client.get(self.url)
        assert answer.status_code == 200
        return answer.content.decode()

    def start(self, **fields: str) -> Any:
        return self.client.post(reverse("customers:start"), filled(self.root, **fields))

    def send(self, step: str, data: dict[str, Any]) -> Any:
        return self.client.post(f"{self.url}?step={step}", {"submission": str(uuid.uuid4()), **data})

    def company_made(self) -> None:
        self.company = make_ou(parent=self.root, title="Acme Ltd")
        Catalogue.objects.create(ou=self.company, raw=CATALOGUE, as_at=self.company.as_at)
        end(self.latest, guid=self.company.guid)

    def package_made(self, code: str = "SYN-CMS") -> None:
        self.package = make_package(
            self.company, code, name="CloudMail" if code == "SYN-CMS" else "Securemail"
        )
        end(self.latest, guid=self.package.guid)

    def domain_made(self, state: str = "inactive", **facts: Any) -> None:
        self.domain = make_domain(self.company, "acme.example", self.package, state=state, **facts)
        end(self.latest, guid=self.domain.guid)

    def to_package(self) -> Journey:
        self.start()
        self.company_made()
        return self

    def to_domain(self, code: str = "SYN-CMS") -> Journey:
        self.to_package()
        self.send("package", chosen(code))
        self.package_made(code)
        return self

    def to_service(self, code: str = "SYN-CMS", **facts: Any) -> Journey:
        self.to_domain(code)
        self.send("domain", {"domain_name": "acme.example", "way": f"under:{self.package.guid}"})
        self.domain_made(**facts)
        return self


def filled(root: OU, **fields: str) -> dict[str, str]:
    return {
        "parent": root.guid,
        "title": "Acme Ltd",
        "line_1": "20 Long Street",
        "city": "Johannesburg",
        "postal_code": "4321",
        "country": "ZA",
        "submission": str(uuid.uuid4()),
        **fields,
    }


def chosen(code: str = "SYN-CMS") -> dict[str, str]:
    edition = {"SYN-CMS": "SYN-CMS-BASIC-02", "SYN-PIN-SEC": "SYN-PIN-SEC-BOTH"}[code]
    return {"product": code, f"edition-{code}": edition}


def mailbox(local: str = "ann", **fields: str) -> dict[str, str]:
    return {"email_local": local, "last_name": "Nkosi", "password": PASSWORD, "at_once": "on", **fields}


@pytest.fixture
def journey(client: Client, root: OU, support: Any) -> Journey:
    return Journey(client, root)
