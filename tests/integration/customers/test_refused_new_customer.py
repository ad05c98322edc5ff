"""Taking on a customer: what cannot be is not asked for, what SYNAQ refuses is mended in place."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning import ledger
from provisioning.models import OU, Action, Batch
from tests.integration.customers.conftest import PASSWORD, Journey, chosen, filled, mailbox
from tests.integration.endings import end
from tests.integration.factories import make_ou

pytestmark = pytest.mark.django_db


def refuse(words: str = "No.", errors: list[dict[str, str]] | None = None) -> None:
    ledger.fail(Action.objects.latest("id"), "refused", words, errors or [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "Type the company"),
        ({"title": "x" * 10_000}, "Use at most 255 characters."),
        ({"title": "a\x07b"}, "cannot be typed"),
        ({"country": "XX"}, "Choose one of the countries"),
        ({"parent": "elsewhere"}, "Choose"),
    ],
)
def test_a_company_that_cannot_be_is_not_asked_for_and_what_was_typed_is_kept(
    journey: Journey, fields: dict[str, str], words: str
) -> None:
    make_ou(parent=None, connection=journey.root.connection)
    answer = journey.start(client_ref="KEEP-ME", **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "KEEP-ME" in answer.content.decode()
    assert Batch.objects.count() == Action.objects.count() == 0


def test_markup_in_a_name_is_text(journey: Journey) -> None:
    journey.start(title="<script>alert(1)</script> \u202eAcme\u200b")
    body = journey.page()
    assert "<script>alert(1)" not in body
    assert "&lt;script&gt;alert(1)" in body
    assert "\u202e" not in body


def test_a_refused_company_shows_synaqs_words_and_the_form_as_it_was(journey: Journey) -> None:
    journey.start(client_ref="KEEP-ME")
    refuse("Validation failed", [{"field": "title", "message": "<b>Taken</b> already."}])
    body = journey.page()
    assert "&lt;b&gt;Taken&lt;/b&gt; already." in body
    assert "KEEP-ME" in body
    journey.send("company", filled(journey.root, title="Acme Two"))
    assert journey.batch.title == "Acme Two"
    assert Action.objects.filter(batch=journey.batch, operation="ou.create_company").count() == 2


def test_a_refused_package_comes_back_with_its_choice(journey: Journey) -> None:
    journey.to_package()
    journey.send("package", chosen())
    refuse("This company is on hold.")
    body = journey.page()
    assert "This company is on hold." in body
    assert journey.send("package", chosen("SYN-PIN-SEC")).status_code == 303
    assert journey.latest.payload["code"] == "SYN-PIN-SEC"


@pytest.mark.parametrize(
    "name", ["", "http://acme.example", "a b", "a@b.example", "-x.example", "x" * 10_000]
)
def test_a_domain_that_cannot_be_is_not_asked_for(journey: Journey, name: str) -> None:
    journey.to_domain()
    answer = journey.send("domain", {"domain_name": name, "way": f"under:{journey.package.guid}"})
    assert answer.status_code == 422
    assert journey.latest.operation == "package.create"


def test_a_refused_domain_is_mended_in_place(journey: Journey) -> None:
    journey.to_domain()
    journey.send("domain", {"domain_name": "acme.example", "way": f"under:{journey.package.guid}"})
    refuse("It belongs to somebody else.")
    body = journey.page()
    assert "It belongs to somebody else." in body
    assert 'value="acme.example"' in body
    journey.send("domain", {"domain_name": "acme2.example", "way": f"under:{journey.package.guid}"})
    assert journey.latest.title == "acme2.example"


def test_a_provision_that_failed_says_why_and_is_sent_again(journey: Journey) -> None:
    journey.to_service()
    journey.send("provision", {})
    end(journey.latest, "The MX record points <elsewhere>.")
    body = journey.page()
    assert "The MX record points &lt;elsewhere&gt;." in body
    assert journey.send("provision", {}).status_code == 303
    assert Action.objects.filter(operation="domain.provision", batch=journey.batch).count() == 2


def test_a_refused_mailbox_is_mended_in_the_flow(journey: Journey) -> None:
    journey.to_service(state="active")
    journey.send("mailboxes", mailbox("ann"))
    refuse("Bad", [{"field": "email_local", "message": "Reserved."}])
    failed = journey.latest
    detail = journey.client.get(reverse("activity:detail", args=[failed.pk])).content.decode()
    assert f"{journey.url}?again={failed.pk}" in detail
    body = journey.client.get(journey.url, {"again": str(failed.pk)}).content.decode()
    assert "Reserved." in body
    assert 'value="ann"' in body


@pytest.mark.parametrize("local", ["", "a b", "a@b", ".a", "x" * 65, "a(b)"])
def test_a_mailbox_that_cannot_be_is_not_asked_for_and_the_password_is_not_sent_back(
    journey: Journey, local: str
) -> None:
    journey.to_service(state="active")
    answer = journey.send("mailboxes", mailbox(local, first_name="KEEP-ME"))
    assert answer.status_code == 422
    assert "KEEP-ME" in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert not Action.objects.filter(operation="mailbox.create").exists()


def test_a_lost_answer_is_settled_before_anything_goes_on(journey: Journey) -> None:
    journey.start()
    (action,) = ledger.claim_submits(journey.latest.connection_id, 10)
    ledger.unconfirmed(action, "cut_off", "Cut off.")
    body = journey.page()
    assert "The answer was lost on the way." in body
    assert reverse("activity:detail", args=[action.pk]) in body


def test_a_company_that_vanished_meanwhile_is_not_sold_to(journey: Journey) -> None:
    journey.to_package()
    OU.objects.filter(pk=journey.company.pk).update(gone_at=journey.company.as_at)
    assert journey.send("package", chosen()).status_code == 303
    assert not Action.objects.filter(operation="package.create").exists()
    assert journey.client.get(journey.url).status_code == 200
