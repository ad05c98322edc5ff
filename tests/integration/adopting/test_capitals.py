"""A GUID in other letters, as a person types it or as another answer shows it, is the same GUID."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning import adopting
from provisioning.models import OU, Domain, DomainLink, Mailbox, Package
from tests.integration.engine.asking import work
from tests.integration.engine.fake_api import FakeApi, running_api, says
from tests.integration.factories import make_connection

pytestmark = pytest.mark.django_db

COMPANY, DOMAIN, PACKAGE, BOX = (f"{digit * 8}-beef-4bad-8ace-{digit * 12}" for digit in "abcd")


def test_what_lies_below_one_that_was_typed_is_taken_in() -> None:
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


def lists(api: FakeApi, write: Any) -> None:
    """The lists show everything with its GUIDs in one way of writing."""
    company, domain, package, box = (write(guid) for guid in (COMPANY, DOMAIN, PACKAGE, BOX))
    an_ou = {"guid": company, "title": "Acme", "type": "company", "parent_guid": "root", "state": "active"}
    a_domain = {"guid": domain, "domain_name": "acme.example", "state": "active", "ou_guid": company}
    on = [{"guid": package, "code": "CLM-STD", "edition_code": "CLM-STD-50", "state": "active"}]
    a_box = {"guid": box, "email": "a@acme.example", "state": "active", "packages": on, "domain_guid": domain}
    for noun, item in (("ous", an_ou), ("domains", a_domain), ("mailboxes", a_box)):
        api.on("GET", f"/{noun}.json", says(200, {"total": 1, "_embedded": {noun: [item]}}))
        api.on("GET", f"/{noun}/{item['guid']}", says(200, item))
    a_package = {"guid": package, "code": "CLM-STD", "state": "active", "ou_guid": company}
    api.on("GET", f"/packages/{package}", says(200, a_package))


def test_lists_that_write_them_otherwise_make_nothing_twice() -> None:
    with running_api() as api:
        lists(api, str.lower)
        connection = make_connection("current", api.url, rate=500, reseller_guid="root")
        adopting.begin(connection)
        work()
        lists(api, str.upper)
        before = len(api.requests)
        adopting.begin(connection)
        work()
        again = [request.path.partition("?")[0] for request in api.requests[before:]]
    for model, guid in ((OU, COMPANY), (Domain, DOMAIN), (Package, PACKAGE), (Mailbox, BOX)):
        rows = model.objects.exclude(guid="root")
        assert list(rows.values_list("guid", "gone_at")) == [(guid, None)], model
    assert DomainLink.objects.count() == 1
    assert sorted(again) == [f"/api/v1/{noun}.json" for noun in ("domains", "mailboxes", "ous")]
