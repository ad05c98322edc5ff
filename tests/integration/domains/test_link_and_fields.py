"""Linking a package, and the service fields that its services ask for."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import ledger, secrets
from provisioning.models import OU, Action, Domain, Reading
from provisioning.synaq.wire import MASK
from tests.integration.factories import make_connection, make_domain, make_ou, make_package, make_person

pytestmark = pytest.mark.django_db

SECUREMAIL = {
    "mail_delivery_location": None,
    "mail_delivery_alternative": "b.example",
    "auth_method": "smtp",
    "username": None,
    "password": MASK,
}
PAIRS = {"smtp_username": None, "username": "old", "smtp_password": None, "password": None}


@pytest.fixture
def domain(acme: OU) -> Domain:
    package = make_package(acme, "SYN-PIN-SEC", ("SYN-PIN-SEC-BOTH",), name="Securemail")
    return make_domain(acme, "acme.example", package, state="inactive", fields=SECUREMAIL)


def url(domain: Domain, route: str = "fields") -> str:
    return reverse(f"domains:{route}", args=[domain.guid])


def initials(fields: dict[str, Any]) -> dict[str, str]:
    """What a browser sends of the form as it was opened, nothing typed."""
    data: dict[str, str] = {}
    for name, value in fields.items():
        if "password" not in name:
            data |= {name: value or "", f"initial-{name}": value or ""}
    return data


def fill(client: Client, domain: Domain, **typed: str) -> Any:
    data = {**initials(domain.fields), "submission": str(uuid.uuid4()), **typed}
    return client.post(url(domain), data)


def test_a_package_of_the_company_is_linked(client: Client, acme: OU, domain: Domain, support: Any) -> None:
    package = make_package(acme, name="CloudMail")
    body = client.get(url(domain, "link")).content.decode()
    assert package.guid in body
    assert "Linked already: Securemail." in body
    data = {"package": package.guid, "submission": str(uuid.uuid4())}
    answer = client.post(url(domain, "link"), data)
    action = Action.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, url(domain, "detail"))
    assert (action.operation, action.guid, action.payload) == (
        "domain.link",
        domain.guid,
        {"package": package.guid},
    )
    client.post(url(domain, "link"), data)
    assert Action.objects.count() == 1


def test_only_packages_of_the_company_that_are_not_linked_can_be(
    client: Client, root: OU, domain: Domain, support: Any
) -> None:
    others = make_package(make_ou(parent=root))
    linked = domain.packages.get()
    for guid in (others.guid, linked.guid, "nonsense", ""):
        assert client.post(url(domain, "link"), {"package": guid}).status_code == 422
    assert not Action.objects.exists()


def test_a_company_without_another_package_is_told_the_way(
    client: Client, acme: OU, domain: Domain, support: Any
) -> None:
    body = client.get(url(domain, "link")).content.decode()
    assert "There is no package to link" in body
    assert reverse("packages:new", args=[acme.guid]) in body


def test_only_what_was_typed_is_sent_and_secrets_are_sealed(
    client: Client, domain: Domain, support: Any
) -> None:
    answer = fill(client, domain, mail_delivery_location=" mail.acme.example ", password="s3cret word ")
    assert (answer.status_code, answer["Location"]) == (303, url(domain, "detail"))
    action = Action.objects.get()
    assert (action.operation, action.payload["fields"]) == (
        "domain.fields",
        {"mail_delivery_location": "mail.acme.example"},
    )
    assert "s3cret" not in action.sealed
    assert secrets.unseal(action.sealed) == {"password": "s3cret word "}


def test_an_emptied_field_is_sent_empty(client: Client, domain: Domain, support: Any) -> None:
    fill(client, domain, mail_delivery_alternative="")
    assert Action.objects.get().payload["fields"] == {"mail_delivery_alternative": ""}


def test_a_value_that_changed_at_synaq_meanwhile_is_not_overwritten_untouched(
    client: Client, domain: Domain, support: Any
) -> None:
    data = {**initials(SECUREMAIL), "username": "relay", "submission": str(uuid.uuid4())}
    Domain.objects.update(fields={**SECUREMAIL, "mail_delivery_alternative": "newer.example"})
    client.post(url(domain), data)
    assert Action.objects.get().payload["fields"] == {"username": "relay"}


def test_nothing_changed_is_told(client: Client, domain: Domain, support: Any) -> None:
    answer = fill(client, domain)
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.content.decode()
    assert not Action.objects.exists()


def test_a_pair_is_typed_once_and_sent_alike(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(fields=PAIRS)
    body = client.get(url(domain)).content.decode()
    assert 'name="smtp_username" value="old"' in body
    assert 'name="username"' not in body
    assert "SYNAQ receives it as smtp_username and username alike." in body
    data = {"smtp_username": "new", "initial-smtp_username": "old", "smtp_password": "Sample123$"}
    client.post(url(domain), data)
    action = Action.objects.get()
    assert action.payload["fields"] == {"smtp_username": "new", "username": "new"}
    assert secrets.unseal(action.sealed) == {"smtp_password": "Sample123$", "password": "Sample123$"}


def test_a_set_password_is_called_set_and_never_shown(client: Client, domain: Domain, support: Any) -> None:
    body = client.get(url(domain)).content.decode()
    assert "One is set. Leave this empty to keep it." in body
    assert MASK not in body
    assert 'type="password"' in body


def test_unknown_fields_of_any_kind_can_be_filled_in(client: Client, domain: Domain, support: Any) -> None:
    odd = {
        "quota": 5,
        "greylist": True,
        "hosts": ["a.example"],
        "submission": "x",
        "odd name!": None,
        "tree": {"a": [1]},
    }
    Domain.objects.update(fields=odd)
    form = client.get(url(domain)).context["form"]
    names = {entry.name: entry.input for entry in form.entries}
    assert "tree" not in names
    assert names["submission"] != "submission"
    data = {
        "quota": "7",
        "initial-quota": "5",
        "initial-greylist": "True",
        "hosts": "a.example\r\n\r\n b.example ",
        "initial-hosts": "a.example",
        names["submission"]: "y",
        f"initial-{names['submission']}": "x",
        names["odd name!"]: "z",
    }
    client.post(url(domain), data)
    assert Action.objects.get().payload["fields"] == {
        "quota": 7,
        "greylist": False,
        "hosts": ["a.example", "b.example"],
        "submission": "y",
        "odd name!": "z",
    }


def test_wrong_values_are_refused_and_what_was_typed_stays(
    client: Client, domain: Domain, support: Any
) -> None:
    answer = fill(client, domain, mail_delivery_location="https://x.example/", username="<b>relay")
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Type only the name or address of the server" in body
    assert 'value="https://x.example/"' in body
    assert "&lt;b&gt;relay" in body
    assert not Action.objects.exists()


def test_what_synaq_refused_stands_beside_its_field_and_can_be_mended(
    client: Client, domain: Domain, support: Any
) -> None:
    fill(client, domain, username="relay", password="Sample123$")
    action = Action.objects.get()
    lines = [
        {"field": "fields.username", "message": "Too short."},
        {"field": "password", "message": "Too weak."},
    ]
    ledger.fail(action, "invalid", "Validation Failed", lines, status=400)
    answer = client.get(url(domain), {"again": action.pk})
    form, body = answer.context["form"], answer.content.decode()
    assert form.errors == {"username": ["Too short."], "password": ["Too weak."]}
    assert "Sample123$" not in body
    data = {name: form[name].value() or "" for name in form.fields if name != "submission"}
    data |= {f"initial-{name}": value for name, value in initials(domain.fields).items() if "-" not in name}
    client.post(url(domain), {**data, "password": "Better123$", "submission": str(uuid.uuid4())})
    again = Action.objects.latest("pk")
    assert again.payload["fields"] == {"username": "relay"}


def test_fields_that_cannot_be_changed_now_say_why(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(state="active")
    assert "These cannot be changed now." in client.get(url(domain)).content.decode()
    domain.refresh_from_db()
    assert fill(client, domain, username="x").status_code == 422
    assert not Action.objects.exists()


def test_a_newer_answer_is_told_beside_the_form_and_never_swapped_into_it(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(as_at=timezone.now() - timedelta(minutes=5))
    first = client.get(url(domain))
    body = first.content.decode()
    assert Reading.objects.get().due_at
    assert 'hx-trigger="every 1s"' in body
    assert body.index('<form class="card"') > body.index('id="live"')
    vals = json.loads(body.partition('hx-vals="')[2].partition('"')[0].replace("&quot;", '"'))
    vals["form_mark"] = first.context["form_mark"]
    assert client.get(url(domain), vals, HTTP_HX_REQUEST="true").status_code == 204
    Domain.objects.update(fields={**SECUREMAIL, "service_provider": None}, as_at=timezone.now())
    Reading.objects.update(due_at=None)
    news = client.get(url(domain), vals, HTTP_HX_REQUEST="true")
    assert "SYNAQ has a newer answer." in news.content.decode()
    assert "hx-trigger" not in news.content.decode()
    assert "HX-Refresh" not in news


def test_a_form_that_was_empty_opens_itself_when_the_fields_have_come(
    client: Client, domain: Domain, support: Any
) -> None:
    Domain.objects.update(fields={}, as_at=timezone.now() - timedelta(minutes=5))
    mark = client.get(url(domain)).context["form_mark"]
    Domain.objects.update(fields=SECUREMAIL)
    assert client.get(url(domain), {"form_mark": mark}, HTTP_HX_REQUEST="true")["HX-Refresh"] == "true"


def test_packages_without_service_fields_need_nothing(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(fields={})
    assert "Nothing to fill in" in client.get(url(domain)).content.decode()


def test_on_the_current_api_the_fields_can_be_changed_in_service_with_a_word_about_applying_it(
    client: Client, root: OU
) -> None:
    reseller = make_ou(make_connection("current"))
    company = make_ou(parent=reseller)
    package = make_package(company, "SM-STD", ("SM-STD",))
    row = make_domain(company, "now.example", package, state="active", fields=SECUREMAIL)
    client.force_login(make_person("support", reseller))
    body = client.get(url(row)).content.decode()
    assert "takes effect only once you press Apply changes" in body
    assert fill(client, row, mail_delivery_location="mx.now.example").status_code == 303
    assert Action.objects.get().payload["fields"] == {"mail_delivery_location": "mx.now.example"}


def test_on_the_legacy_api_they_cannot(client: Client, domain: Domain, support: Any) -> None:
    Domain.objects.update(state="active")
    assert "These cannot be changed now." in client.get(url(domain)).content.decode()
    assert fill(client, domain, mail_delivery_location="mx.acme.example").status_code == 422
    assert not Action.objects.exists()
