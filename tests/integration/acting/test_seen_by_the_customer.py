"""Both names: in the audit trail, and on the customer's own page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Person
from provisioning.models import OU, AuditEntry
from tests.integration.acting.conftest import REASON, begin
from tests.integration.factories import make_domain, make_mailbox, make_ou, make_person

pytestmark = pytest.mark.django_db


def test_the_customer_reads_who_looked_why_and_when(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla, "Ticket <b>4711</b>")
    customer = Client()
    customer.force_login(carla)
    assert reverse("acting:list") in customer.get(reverse("activity:list")).content.decode()
    shown = customer.get(reverse("acting:list")).content.decode()
    assert str(support) in shown
    assert "Ticket &lt;b&gt;4711&lt;/b&gt;" in shown
    assert "Looking now" in shown
    client.post(reverse("acting:stop"))
    assert "Looking now" not in customer.get(reverse("acting:list")).content.decode()


def test_another_company_and_whoever_sees_no_activity_read_nothing(
    client: Client, acme: OU, root: OU, carla: Person, support: Person
) -> None:
    begin(client, acme, carla)
    for person in (
        make_person("company_admin", make_ou(parent=root)),
        make_person("owner", make_ou()),
    ):
        other = Client()
        other.force_login(person)
        answer = other.get(reverse("acting:list"), {"company": acme.guid})
        assert REASON not in answer.content.decode()
        assert acme.title not in answer.content.decode()
    client.post(reverse("acting:stop"))
    client.force_login(make_person("finance", root))
    assert client.get(reverse("acting:list")).status_code == 404


def test_both_names_are_in_the_trail_with_the_reason_and_the_end(
    client: Client, acme: OU, carla: Person, support: Person
) -> None:
    make_mailbox(make_domain(acme))
    begin(client, acme, carla)
    client.get(reverse("mailboxes:list"), {"export": "csv"})
    client.post(reverse("acting:stop"))
    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.kind for entry in entries] == ["acting_began", "exported", "acting_ended"]
    for entry in entries:
        assert (entry.by, entry.acting_as, entry.ou) == (support, carla, acme)
        assert entry.request_id
    assert entries[0].reason == REASON
    assert "until" in entries[0].new
    assert entries[2].text == "By the button."
