"""Editing a mailbox: only what was changed is asked for, and nobody's change is undone unawares."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning import secrets
from provisioning.models import OU, Action, Mailbox
from tests.integration.endings import end
from tests.integration.factories import (
    make_connection,
    make_domain,
    make_mailbox,
    make_ou,
    make_package,
    make_person,
)

pytestmark = pytest.mark.django_db

PASSWORD = "N3w-Sample$"
SHOWN = {
    "forwarding_address": "old@elsewhere.example",
    "vacation": True,
    "quota_bytes": "5",
    "lock_note": "x",
}


@pytest.fixture
def ann(acme: OU) -> Mailbox:
    domain = make_domain(acme, "acme.example", make_package(acme))
    return make_mailbox(domain, "ann", first_name="Ann", last_name="Smith", display_name="Ann S", raw=SHOWN)


def url(mailbox: Mailbox, route: str = "edit") -> str:
    return reverse(f"mailboxes:{route}", args=[mailbox.guid])


def opened(client: Client, mailbox: Mailbox) -> dict[str, str]:
    """What a browser sends of the form as it is opened, nothing typed."""
    form = client.get(url(mailbox)).context["form"]
    data = {"submission": str(uuid.uuid4()), "password": ""}
    for shown in form.shown:
        value = str(shown.value)
        data[f"initial-{shown.name}"] = value
        if not shown.flag:
            data[shown.name] = value
        elif value == "True":
            data[shown.name] = "on"
    return data


def asked() -> dict[str, Any]:
    """The changes of the one action."""
    changes: dict[str, Any] = Action.objects.get().payload["changes"]
    return changes


def test_only_what_was_changed_is_asked_for(client: Client, ann: Mailbox, support: Any) -> None:
    answer = client.post(url(ann), {**opened(client, ann), "display_name": "  Ann   Smith "})
    assert (answer.status_code, answer["Location"]) == (303, url(ann, "detail"))
    action = Action.objects.get()
    assert (action.operation, action.guid, action.by) == ("mailbox.update", ann.guid, support)
    assert asked() == {"display_name": "Ann Smith"}
    assert "The change is asked for." in client.get(url(ann, "detail")).content.decode()


def test_a_name_can_be_emptied_but_not_the_last_one(client: Client, ann: Mailbox, support: Any) -> None:
    data = opened(client, ann)
    refused = client.post(url(ann), {**data, "last_name": ""})
    assert refused.status_code == 422
    assert "Type the last name; SYNAQ wants one." in refused.content.decode()
    client.post(url(ann), {**data, "display_name": ""})
    assert asked() == {"display_name": ""}


def test_what_the_answer_shows_besides_can_be_edited_and_nothing_else(
    client: Client, ann: Mailbox, support: Any
) -> None:
    data = opened(client, ann)
    assert {"forwarding_address", "vacation"} <= data.keys()
    assert not {"quota_bytes", "lock_note"} & data.keys()
    del data["vacation"]
    client.post(url(ann), {**data, "forwarding_address": "new@elsewhere.example", "lock_note": "y"})
    assert asked() == {"forwarding_address": "new@elsewhere.example", "vacation": False}


def test_the_current_api_names_further_fields(client: Client, root: OU) -> None:
    reseller = make_ou(make_connection("current"))
    domain = make_domain(make_ou(parent=reseller), "now.example")
    zoe = make_mailbox(domain, "zoe", last_name="Z", raw={"admin": False})
    client.force_login(make_person("support", reseller))
    data = opened(client, zoe)
    assert {"description", "initial-admin", "initial-hide_in_gal"} <= data.keys()
    client.post(url(zoe), {**data, "admin": "on", "description": "Desk", "password": PASSWORD})
    assert asked() == {"admin": True, "description": "Desk"}
    assert list(secrets.unseal(Action.objects.get().sealed)) == ["ssha_password"]


def test_a_password_is_sealed_until_it_is_sent(client: Client, ann: Mailbox, support: Any) -> None:
    client.post(url(ann), {**opened(client, ann), "password": PASSWORD})
    action = Action.objects.get()
    assert PASSWORD not in str(action.payload)
    assert secrets.unseal(action.sealed) == {"password": PASSWORD}


def test_a_password_alone_is_enough_and_nothing_at_all_is_told(
    client: Client, ann: Mailbox, support: Any
) -> None:
    data = opened(client, ann)
    nothing = client.post(url(ann), data)
    assert nothing.status_code == 422
    assert "Nothing was changed." in nothing.content.decode()
    assert client.post(url(ann), {**data, "password": PASSWORD}).status_code == 303
    assert asked() == {}


def test_a_form_sent_twice_asks_once(client: Client, ann: Mailbox, support: Any) -> None:
    data = {**opened(client, ann), "first_name": "Anna"}
    for _ in range(2):
        assert client.post(url(ann), data).status_code == 303
    assert Action.objects.count() == 1


def test_what_another_person_changed_meanwhile_is_not_undone(
    client: Client, ann: Mailbox, support: Any
) -> None:
    data = opened(client, ann)
    Mailbox.objects.update(display_name="Ann from Sales")
    client.post(url(ann), {**data, "first_name": "Anna"})
    assert asked() == {"first_name": "Anna"}


def test_the_same_field_changed_by_two_is_told_before_it_is_overwritten(
    client: Client, ann: Mailbox, support: Any
) -> None:
    data = {**opened(client, ann), "display_name": "Ann from Support"}
    Mailbox.objects.update(display_name="Ann from Sales")
    first = client.post(url(ann), data)
    assert first.status_code == 422
    body = first.content.decode()
    assert "it is “Ann from Sales” now" in body
    assert 'value="Ann from Support"' in body
    assert 'name="initial-display_name" value="Ann from Sales"' in body
    client.post(url(ann), {**data, "initial-display_name": "Ann from Sales"})
    assert asked() == {"display_name": "Ann from Support"}


def test_a_second_change_waits_in_line_and_says_so(client: Client, ann: Mailbox, support: Any) -> None:
    client.post(url(ann), {**opened(client, ann), "first_name": "Anna"})
    answer = client.post(url(ann), {**opened(client, ann), "last_name": "Jones"}, follow=True)
    assert "It waits for Edit, which Support asked for." in answer.content.decode()
    assert Action.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("display_name", "x" * 10_000, "Use at most 300 characters."),
        ("first_name", "x" * 201, "Use at most 200 characters."),
        ("first_name", "a\x00b", "cannot be typed"),
        ("password", "short", "Use at least 8 characters."),
        ("password", "x" * 10_000, "Use at most 255 characters."),
        ("password", "pass\x07word1", "no keyboard has"),
    ],
)
def test_hostile_values_are_refused_in_a_sentence_and_kept(
    client: Client, ann: Mailbox, support: Any, field: str, typed: str, words: str
) -> None:
    answer = client.post(url(ann), {**opened(client, ann), "last_name": "Jones", field: typed})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert words in body
    assert 'value="Jones"' in body
    assert field != "password" or typed not in body
    assert not Action.objects.exists()


def test_markup_and_invisible_characters_are_only_text(client: Client, ann: Mailbox, support: Any) -> None:
    data = opened(client, ann)
    client.post(url(ann), {**data, "display_name": "<b>A\u202en\u200bn</b>", "last_name": "مها"})
    assert asked() == {"display_name": "<b>Ann</b>", "last_name": "مها"}
    Mailbox.objects.update(display_name="<b>x", raw={"forwarding_address": "<i>@x"})
    for route in ("edit", "detail"):
        body = client.get(url(ann, route)).content.decode()
        assert "<b>x" not in body
        assert "<i>@x" not in body


def test_what_synaq_refuses_comes_back_into_the_form(client: Client, ann: Mailbox, support: Any) -> None:
    client.post(url(ann), {**opened(client, ann), "first_name": "Bad", "password": PASSWORD})
    action = Action.objects.get()
    Action.objects.filter(pk=action.pk).update(
        state="failed",
        ended_at=timezone.now(),
        sealed="",
        errors=[{"field": "password", "message": "Too <weak>."}, {"field": "odd", "message": "Odd."}],
    )
    home = client.get(url(ann, "detail")).content.decode()
    assert f"{url(ann)}?again={action.pk}" in home
    answer = client.get(url(ann), {"again": action.pk})
    body = answer.content.decode()
    assert 'value="Bad"' in body
    assert "Too &lt;weak&gt;." in body
    assert "Odd." in body
    assert PASSWORD not in body
    assert answer.context["form"].errors["password"] == ["Too <weak>."]
    again = {**opened(client, ann), "first_name": "Good", "password": PASSWORD}
    assert client.post(f"{url(ann)}?again={action.pk}", again).status_code == 303


def test_a_mailbox_that_vanished_meanwhile_says_so_and_keeps_what_was_typed(
    client: Client, ann: Mailbox, support: Any
) -> None:
    data = {**opened(client, ann), "first_name": "Anna"}
    Mailbox.objects.update(gone_at=timezone.now())
    answer = client.post(url(ann), data)
    assert answer.status_code == 422
    assert "SYNAQ no longer knows it." in answer.content.decode()
    assert 'value="Anna"' in answer.content.decode()
    assert "SYNAQ no longer knows it." in client.get(url(ann)).content.decode()
    assert not Action.objects.exists()


def test_the_helpdesk_sets_passwords_and_nothing_else(client: Client, acme: OU, ann: Mailbox) -> None:
    client.force_login(make_person("company_helpdesk", acme))
    body = client.get(url(ann)).content.decode()
    assert 'name="password"' in body
    assert 'name="display_name"' not in body
    client.post(url(ann), {"password": PASSWORD, "display_name": "Sneaked in"})
    assert asked() == {}
    assert client.post(url(ann), {"password": ""}).status_code == 422


def test_auditors_and_strangers_get_nothing(client: Client, root: OU, ann: Mailbox) -> None:
    for person in (make_person("auditor", root), make_person("owner", make_ou())):
        client.force_login(person)
        assert client.get(url(ann)).status_code == 404
        assert client.post(url(ann), {"first_name": "X"}).status_code == 404


def test_a_finished_change_is_shown_without_a_way_to_repeat_it(
    client: Client, ann: Mailbox, support: Any
) -> None:
    client.post(url(ann), {**opened(client, ann), "first_name": "Anna"})
    end(Action.objects.get())
    assert 'id="submit-again"' not in client.get(url(ann, "detail")).content.decode()
