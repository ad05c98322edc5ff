"""The journey against an implementation of the API that is not our sandbox."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from provisioning import readings, secrets
from provisioning.models import OU, Action, Connection, Domain, Mailbox, Package
from provisioning.services import domains, mailboxes, ous, packages
from provisioning.synaq import catalogue
from tests.integration.factories import make_ou
from tests.integration.other_api import KEY, RESELLER, USER, Books, count, running_api
from tests.integration.sandboxed import drive_to_the_end

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = {"line_1": "1 Way", "city": "Durban", "postal_code": "4001", "country": "ZA"}


@pytest.fixture
def api() -> Iterator[tuple[OU, Books]]:
    with running_api() as (url, books):
        connection = Connection.objects.create(
            name="other",
            base_url=url,
            api_user=USER,
            sealed_key=secrets.seal({"key": KEY}),
            reseller_guid=RESELLER,
            rate=500,
        )
        yield make_ou(connection, guid=RESELLER), books


def ended(action: Action) -> Action:
    drive_to_the_end()
    action.refresh_from_db()
    return action


def finished(action: Action) -> Action:
    ended(action)
    assert action.state == "finished", (action.state, action.words, action.errors)
    return action


def company(root: OU) -> OU:
    details = {"title": "Elsewhere Ltd", "physical_address": ADDRESS}
    made = finished(ous.create_company(root, by=None, details=details, submission=uuid.uuid4()))
    return OU.objects.get(guid=made.result_guid)


def test_the_journey_ends_active_with_each_change_sent_once(api: tuple[OU, Books]) -> None:
    root, books = api
    acme = company(root)
    readings.want("catalogue", acme.guid, ou=acme)
    drive_to_the_end()
    (product,) = catalogue.read(acme.catalogue.raw).products
    assert [edition.code for edition in product.editions] == ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"]

    made = finished(
        packages.create_package(acme, by=None, code="SYN-CMS", editions=[], submission=uuid.uuid4())
    )
    package = Package.objects.get(guid=made.result_guid)
    assert package.editions.count() == 2
    made = finished(domains.create_domain(acme, by=None, name="elsewhere.example", submission=uuid.uuid4()))
    domain = Domain.objects.get(guid=made.result_guid)
    assert domain.fields == {}
    finished(domains.link_domain(domain, package, by=None, submission=uuid.uuid4()))
    finished(domains.provision_domain(domain, by=None, submission=uuid.uuid4()))
    domain.refresh_from_db()
    assert domain.state == "active"
    assert list(domain.packages.all()) == [package]

    details = {"email_local": "zoe", "last_name": "Khumalo"}
    made = finished(
        mailboxes.create_mailbox(
            domain,
            by=None,
            details=details,
            password="Sample-123$-word",
            at_once=True,
            submission=uuid.uuid4(),
        )
    )
    mailbox = Mailbox.objects.get(guid=made.result_guid)
    assert (mailbox.email, mailbox.state) == ("zoe@elsewhere.example", "active")
    assert made.remote_id
    for call in (r"POST ous/\S+/companies", r"POST ous/\S+/packages", r"POST \S+/mailboxes", r"LINK \S+"):
        assert count(books, call) == 1, books.calls
    assert len(books.salts) == len(books.calls)


@pytest.mark.parametrize(
    ("refusal", "field", "words"),
    [
        (
            (
                400,
                "application/json",
                b'{"code":400,"errors":{"children":{"title":{"errors":["Taken."]}}}}',
            ),
            "title",
            "Taken.",
        ),
        ((422, "application/json", b'{"errors":["title: Too long."]}'), "title", "Too long."),
        ((409, "application/json", b'{"code":409,"message":"Not now","errors":null}'), None, "Not now"),
        (
            (400, "text/html", b"<html><title>Bad gateway rule</title><body>No.</body></html>"),
            None,
            "Bad gateway rule",
        ),
    ],
)
def test_refusals_of_every_form_are_told_in_its_words(
    api: tuple[OU, Books], refusal: tuple[int, str, bytes], field: str | None, words: str
) -> None:
    root, books = api
    books.refuse = refusal
    details = {"title": "Refused Ltd", "physical_address": ADDRESS}
    action = ended(ous.create_company(root, by=None, details=details, submission=uuid.uuid4()))
    assert action.state == "failed"
    if field:
        assert {"field": field, "message": words} in action.errors
    else:
        assert words in action.words
    assert count(books, r"POST \S+") == 1
