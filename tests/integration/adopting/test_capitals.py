"""A reseller's GUID that was typed in other letters than SYNAQ shows is the same GUID."""

from __future__ import annotations

import pytest

from provisioning import adopting
from provisioning.models import OU, Domain
from tests.integration.engine.asking import work
from tests.integration.engine.fake_api import running_api, says
from tests.integration.factories import make_connection

pytestmark = pytest.mark.django_db


def test_what_lies_below_it_is_taken_in() -> None:
    with running_api() as api:
        company = {"guid": "c-1", "title": "Acme", "type": "company", "parent_guid": "abc-1"}
        domain = {"guid": "d-1", "domain_name": "acme.example", "state": "active", "ou_guid": "c-1"}
        api.on("GET", "/ous.json", says(200, {"_embedded": {"ous": [{"guid": "abc-1"}, company]}}))
        api.on("GET", "/domains.json", says(200, {"_embedded": {"domains": [domain]}}))
        api.on("GET", "/domains/d-1", says(200, domain))
        adopting.begin(make_connection("current", api.url, rate=500, reseller_guid="ABC-1"))
        work()
    assert list(OU.objects.filter(parent__isnull=False).values_list("guid", flat=True)) == ["c-1"]
    assert Domain.objects.get().name == "acme.example"
