"""Something ends while a page is being read: no page may stop asking while it shows the state from before."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import creations
from portal.activity import present
from portal.ous import detail, figures
from provisioning.models import OU, Action, Package, Reading
from provisioning.services import packages
from tests.integration.endings import end
from tests.integration.factories import make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Place:
    """A company with a package in service that is being closed, and all of it being read anew."""

    company: OU
    package: Package

    def ends(self) -> None:
        """Elsewhere: the action ends, what was read is written down."""
        Package.objects.update(state="closed", name="Renamed package")
        OU.objects.filter(pk=self.company.pk).update(title="Renamed company")
        end(Action.objects.get())
        Reading.objects.update(due_at=None)
        connection.close()


@pytest.fixture
def place(client: Client) -> Place:
    reseller = make_ou(title="The Reseller")
    company = make_ou(parent=reseller, title="Before")
    person = make_person("support", reseller)
    client.force_login(person)
    package = make_package(company, state="active", name="Before")
    make_domain(company, package=package)
    packages.change_state(package, "package.close", by=person, submission=uuid.uuid4())
    now = timezone.now()
    facts: dict[str, Any] = {"connection": company.connection, "ou": company, "due_at": now, "asked_at": now}
    Reading.objects.create(kind="ou", guid=company.guid, **facts)
    return Place(company, package)


# page → its route, and what it names; what it asks after it has read the things themselves
PAGES: dict[str, tuple[str, str, Any, str]] = {
    "company": ("ous:detail", "company", detail, "company"),
    "companies": ("ous:list", "", figures, "of_companies"),
    "package": ("packages:detail", "package", present, "about"),
    "packages": ("packages:list", "", creations, "open_by_guid"),
}
# what each shows once it is over
WORDS = {
    "company": "Renamed company</h1>",
    "companies": "Renamed company",
    "package": "Renamed package",
    "packages": "Renamed package",
}


@pytest.mark.parametrize("shown", PAGES)
def test_what_ends_between_two_queries_leaves_no_old_state_for_good(
    client: Client, place: Place, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    route, of, module, name = PAGES[shown]
    ask: Callable[..., Any] = getattr(module, name)
    ended: list[bool] = []

    def asked_late(*args: Any, **kwargs: Any) -> Any:
        if not ended:
            ended.append(True)
            thread = threading.Thread(target=place.ends)
            thread.start()
            thread.join()
        return ask(*args, **kwargs)

    monkeypatch.setattr(module, name, asked_late)
    body = client.get(reverse(route, args=[getattr(place, of).guid] if of else [])).content.decode()
    monkeypatch.undo()
    assert ended
    assert Action.objects.get().state == "finished"
    assert WORDS[shown] in body or "hx-trigger" in body
