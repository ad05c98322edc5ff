"""A step of a new customer that failed, seen from its action: the way on stays within the flow."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from provisioning import ledger
from provisioning.models import Action
from provisioning.services import customers
from tests.integration.customers.conftest import Journey
from tests.integration.endings import end
from tests.integration.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(journey: Journey) -> Action:
    """Provision, that ended in error."""
    journey.to_service()
    journey.send("provision", {})
    end(journey.latest, "The MX record points elsewhere.")
    return journey.latest


def next_of(client: Client, action: Action) -> Any:
    return client.get(reverse("activity:detail", args=[action.pk])).context["next"]


def test_what_needs_no_form_is_asked_for_again_in_the_flow(journey: Journey, failed: Action) -> None:
    step = next_of(journey.client, failed)
    assert (step.url, step.post) == (journey.url, False)
    assert "Provision" in journey.client.get(step.url).content.decode()


def test_an_old_page_that_asks_again_by_itself_stays_in_the_flow(journey: Journey, failed: Action) -> None:
    again = reverse("activity:again", args=[failed.pk])
    journey.client.post(again, {"submission": str(uuid.uuid4())})
    assert Action.objects.filter(operation="domain.provision", batch=journey.batch).count() == 2


def test_a_flow_that_is_closed_keeps_nobody_from_asking_again(journey: Journey, failed: Action) -> None:
    customers.close_flow(journey.batch, done=True)
    step = next_of(journey.client, failed)
    assert (step.url, step.post) == (reverse("activity:again", args=[failed.pk]), True)
    journey.client.post(step.url, {"submission": str(uuid.uuid4())})
    assert Action.objects.get(pk__gt=failed.pk).batch is None


def test_a_refused_mailbox_of_a_closed_flow_is_mended_on_its_own_page(journey: Journey) -> None:
    journey.to_service(state="active")
    journey.send("mailboxes", {"email_local": "ann", "last_name": "Nkosi", "password": "Sample-123$"})
    ledger.fail(journey.latest, "refused", "No.", [])
    failed, form = journey.latest, reverse("mailboxes:new", args=[journey.domain.guid])
    assert next_of(journey.client, failed).url == f"{journey.url}?again={failed.pk}"
    admin = Client()
    admin.force_login(make_person("company_admin", journey.company))
    assert next_of(admin, failed).url == f"{form}?again={failed.pk}"  # who does not see the flow
    customers.close_flow(journey.batch, done=True)
    assert next_of(journey.client, failed).url == f"{form}?again={failed.pk}"
